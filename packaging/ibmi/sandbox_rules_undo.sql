-- Towline on IBM i: takes back what the install script added, in the order that can't hurt.
-- Written by: towline-agent ibmi plan --undo.
--
-- authority: as for the install script. Stop the agent first (its jobs are QZDASOINIT under TWAGENT).
-- when:      a quiet window: step Triggers locks each fed file for a moment.
-- again:     a second run does no harm; what is gone answers SQL0204, CPF2105 or CPF2204.


-- ---------------------------------------------------------------------------------------------------------------------
-- 0  What would be lost?
--    Web orders that order entry has not taken, and changes not yet sent. 0 and 0 is best.
-- ---------------------------------------------------------------------------------------------------------------------
SELECT (SELECT COUNT(*) FROM TOWLINE.WEBORDH WHERE STATUS = 'N') AS UNDECIDED_ORDERS,
       (SELECT COUNT(*) FROM TOWLINE.OUTBOX) AS CHANGES_NOT_SENT
  FROM SYSIBM.SYSDUMMY1;


-- ---------------------------------------------------------------------------------------------------------------------
-- 1  Triggers
--    From here on your files are as they were. The triggers go before the outbox: a trigger whose table is gone is
--    inoperative, and writes to your file would fail [K]. Dropping one locks its file exclusively for a moment, as
--    adding it did.
-- ---------------------------------------------------------------------------------------------------------------------
DROP TRIGGER TOWLINE.ITMMST_OUTBOX;
DROP TRIGGER TOWLINE.ITMPRC_OUTBOX;
DROP TRIGGER TOWLINE.ITMBAL_OUTBOX;
DROP TRIGGER TOWLINE.WEBORDH_OUTBOX;
DROP TRIGGER TOWLINE.WEBCHG_OUTBOX;
DROP TRIGGER TOWLINE.SHPHDR_OUTBOX;
DROP TRIGGER TOWLINE.CUSMST_OUTBOX;
DROP TRIGGER TOWLINE.BUSMST_OUTBOX;
DROP TRIGGER TOWLINE.BUSPLC_OUTBOX;
DROP TRIGGER TOWLINE.WEBCOMP_OUTBOX;


-- ---------------------------------------------------------------------------------------------------------------------
-- 2  Grants on what is yours
--    What was granted outside the library.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/RVKOBJAUT OBJ(QSYS/DISTLIB) OBJTYPE(*LIB) USER(TWAGENT) AUT(*ALL)');
REVOKE SELECT ON DISTLIB.ITMMST FROM TWAGENT;
REVOKE SELECT ON DISTLIB.ITMPRC FROM TWAGENT;
REVOKE SELECT ON DISTLIB.ITMBAL FROM TWAGENT;
REVOKE SELECT ON DISTLIB.SHPHDR FROM TWAGENT;
REVOKE SELECT ON DISTLIB.SHPLIN FROM TWAGENT;
REVOKE SELECT ON DISTLIB.CUSMST FROM TWAGENT;
REVOKE SELECT ON DISTLIB.BUSMST FROM TWAGENT;
REVOKE SELECT ON DISTLIB.BUSPLC FROM TWAGENT;
CALL QSYS2.QCMDEXC('QSYS/RVKOBJAUT OBJ(QSYS/QSYSOPR) OBJTYPE(*MSGQ) USER(TWAGENT) AUT(*ALL)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 3  Data queues, tables, library
--    RESTRICT: the library goes only when nothing but its own journal and catalogue views is left in it, so nothing
--    that others put there is lost [K]. Should a receiver ask to be saved first (CPA7025), answer I [K].
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/DLTDTAQ DTAQ(TOWLINE/DOORBELL)');
CALL QSYS2.QCMDEXC('QSYS/DLTDTAQ DTAQ(TOWLINE/WEBPRICE)');
DROP TABLE TOWLINE.OUTBOX;
DROP TABLE TOWLINE.MISSED;
DROP TABLE TOWLINE.WEBORDH;
DROP TABLE TOWLINE.WEBORDL;
DROP TABLE TOWLINE.WEBORDS;
DROP TABLE TOWLINE.WEBORDD;
DROP TABLE TOWLINE.WEBORDF;
DROP TABLE TOWLINE.WEBORDA;
DROP TABLE TOWLINE.WEBORDT;
DROP TABLE TOWLINE.WEBORDP;
DROP TABLE TOWLINE.WEBORDN;
DROP TABLE TOWLINE.WEBCHG;
DROP TABLE TOWLINE.WEBCHGL;
DROP TABLE TOWLINE.WEBCHGR;
DROP TABLE TOWLINE.WEBCUST;
DROP TABLE TOWLINE.WEBCOMP;
DROP TABLE TOWLINE.WEBCOMPL;
DROP TABLE TOWLINE.WEBCOMPC;
DROP TABLE TOWLINE.APPLIED;
DROP SCHEMA TOWLINE RESTRICT;


-- ---------------------------------------------------------------------------------------------------------------------
-- 4  Profiles
--    Only those the install made: their text begins with Towline. OWNOBJOPT(*NODLT) refuses when one still owns
--    something: look with WRKOBJOWN before you insist.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/DLTUSRPRF USRPRF(TWAGENT) OWNOBJOPT(*NODLT)');
CALL QSYS2.QCMDEXC('QSYS/DLTUSRPRF USRPRF(TWOWNER) OWNOBJOPT(*NODLT)');
