-- Towline on IBM i: takes back what sandbox_rules.sql added, in the order that can't hurt.
--
-- authority: as for sandbox_rules.sql. Stop the agent first (its jobs are QZDASOINIT under TWAGENT).
-- order:     the triggers go before the outbox. A trigger whose table is gone is inoperative, and writes to your file
--            would fail [K].
-- when:      a quiet window: dropping a trigger locks its file exclusively for a moment, as adding it did.
-- careful:   step 3 deletes web orders that order entry has not taken yet. Step 0 counts them; 0 is what you want.

-- 0  What would be lost?
SELECT (SELECT COUNT(*) FROM TOWLINE.WEBORDH WHERE STATUS = 'N') AS UNDECIDED_ORDERS,
       (SELECT COUNT(*) FROM TOWLINE.OUTBOX) AS CHANGES_NOT_SENT
  FROM SYSIBM.SYSDUMMY1;

-- 1  Triggers: from here on your files are as they were.
DROP TRIGGER TOWLINE.ITMMST_OUTBOX;
DROP TRIGGER TOWLINE.ITMPRC_OUTBOX;
DROP TRIGGER TOWLINE.ITMBAL_OUTBOX;
DROP TRIGGER TOWLINE.SHPHDR_OUTBOX;
DROP TRIGGER TOWLINE.WEBORDH_OUTBOX;

-- 2  Grants on your own library.
REVOKE SELECT ON DISTLIB.ITMMST FROM TWAGENT;
REVOKE SELECT ON DISTLIB.ITMPRC FROM TWAGENT;
REVOKE SELECT ON DISTLIB.ITMBAL FROM TWAGENT;
REVOKE SELECT ON DISTLIB.SHPHDR FROM TWAGENT;
REVOKE SELECT ON DISTLIB.SHPLIN FROM TWAGENT;
CALL QSYS2.QCMDEXC('QSYS/RVKOBJAUT OBJ(QSYS/DISTLIB) OBJTYPE(*LIB) USER(TWAGENT) AUT(*ALL)');

-- 3  Everything in the library, its journal among it, and the library.
CALL QSYS2.QCMDEXC('QSYS/DLTDTAQ DTAQ(TOWLINE/DOORBELL)');
CALL QSYS2.QCMDEXC('QSYS/DLTDTAQ DTAQ(TOWLINE/WEBPRICE)');
DROP TABLE TOWLINE.OUTBOX;
DROP TABLE TOWLINE.MISSED;
DROP TABLE TOWLINE.APPLIED;
DROP TABLE TOWLINE.WEBORDH;
DROP TABLE TOWLINE.WEBORDL;
DROP TABLE TOWLINE.WEBORDS;
DROP TABLE TOWLINE.WEBORDA;
DROP TABLE TOWLINE.WEBORDT;
DROP TABLE TOWLINE.WEBORDP;
DROP TABLE TOWLINE.WEBORDN;
DROP SCHEMA TOWLINE CASCADE;

-- 4  Profiles. OWNOBJOPT(*NODLT) refuses when one still owns something: look with WRKOBJOWN before you insist.
CALL QSYS2.QCMDEXC('QSYS/DLTUSRPRF USRPRF(TWAGENT) OWNOBJOPT(*NODLT)');
CALL QSYS2.QCMDEXC('QSYS/DLTUSRPRF USRPRF(TWOWNER) OWNOBJOPT(*NODLT)');
