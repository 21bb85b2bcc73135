-- Towline on IBM i: what the rules of the sandbox need, for an administrator to read, change and sign.
--
-- authority: run as a profile with *SECADM and ALTER on the five fed files (or database administrator); the agent itself
--            needs none of that. Undo: sandbox_rules_undo.sql.
-- where:     ACS Run SQL Scripts, or RUNSQLSTM SRCSTMF('...') COMMIT(*NONE) NAMING(*SQL). IBM i 7.3 or later with the
--            technology refresh that brought the data queue services: https://www.ibm.com/support/pages/node/1136818
-- when:      in a quiet window. CREATE TRIGGER takes an exclusive lock on the file and all its logical files for a moment:
--            https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_71/cl/addpftrg.htm . Step 0 shows who is in the way.
-- change:    DISTLIB and the five files to yours; TWAGENT and TWOWNER if your naming wants others. Keep the profile's name
--            different from the library's: SQL treats a library that bears a profile's name as that profile's own:
--            https://www.ibm.com/docs/en/i/7.3?topic=statements-create-trigger
-- unverified: this script has not run on an IBM i. Lines marked [K] rest on general knowledge; docs/unverified.md lists
--            them with what would show them. Try it in a copy of the library first.
--
-- What it adds to your system: one library, two profiles, two data queues, ten
-- tables, five triggers. What it changes of yours: five AFTER triggers on five files. No record format changes, so there is
-- no level check [K]. What PRTTRGPGM will show: TWITMMST, TWITMPRC, TWITMBAL, TWWEBORDH, TWSHPHDR.


-- ---------------------------------------------------------------------------------------------------------------------
-- 0  Look first: who holds the files? Rows here mean: not now.
--    https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewobjlockinfo.htm
-- ---------------------------------------------------------------------------------------------------------------------
SELECT SYSTEM_OBJECT_NAME, JOB_NAME, LOCK_STATE
  FROM QSYS2.OBJECT_LOCK_INFO
 WHERE SYSTEM_OBJECT_SCHEMA = 'DISTLIB' AND OBJECT_TYPE = '*FILE'
   AND SYSTEM_OBJECT_NAME IN ('ITMMST', 'ITMPRC', 'ITMBAL', 'SHPHDR');


-- ---------------------------------------------------------------------------------------------------------------------
-- 1  Profiles.
--    TWOWNER owns the objects and can't sign on. The triggers run under its authority, as SQL triggers do under their
--    owner's [K], so nobody at a screen needs a right to the outbox; TWOWNER has rights to nothing outside TOWLINE.
--    TWAGENT is what the agent signs on with: no special authority, no menu, no command line.
--    It needs a password even for *LOCAL in PASE: https://github.com/IBM/ibmi-oss-issues/issues/77
--    Set the password yourself (CHGUSRPRF); it must not stand in a script.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF USRPRF(TWOWNER) PASSWORD(*NONE) SPCAUT(*NONE) INLMNU(*SIGNOFF) LMTCPB(*YES) AUT(*EXCLUDE) TEXT(''Towline: owner of library TOWLINE'')');
CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF USRPRF(TWAGENT) PASSWORD(*NONE) SPCAUT(*NONE) INLMNU(*SIGNOFF) LMTCPB(*YES) AUT(*EXCLUDE) TEXT(''Towline: the agent'')');


-- ---------------------------------------------------------------------------------------------------------------------
-- 2  Library. CREATE SCHEMA makes a journal (QSQJRN) in it and journals every table made there. That matters: an application
--    under commitment control would get SQL7008 from a trigger that writes to a table without a journal.
--    https://git.cyber.gent/friedkiwi/ibm-information-center (rzakiautostrjrnl)
-- ---------------------------------------------------------------------------------------------------------------------
CREATE SCHEMA TOWLINE;
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) USER(*PUBLIC) AUT(*EXCLUDE) REPLACE(*YES)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 3  Outbox: which record changed, never what is in it. No personal data, no price, no quantity.
--    Keys are text so that no number in the ERP can fail to fit.
-- ---------------------------------------------------------------------------------------------------------------------
CREATE TABLE TOWLINE.OUTBOX (
  ID      BIGINT       GENERATED ALWAYS AS IDENTITY (START WITH 1 INCREMENT BY 1 NO CYCLE),
  LIB     VARCHAR(10)  NOT NULL,
  FILE    VARCHAR(10)  NOT NULL,
  KEY1    VARCHAR(64)  NOT NULL DEFAULT '',
  KEY2    VARCHAR(64)  NOT NULL DEFAULT '',
  KEY3    VARCHAR(64)  NOT NULL DEFAULT '',
  KEY4    VARCHAR(64)  NOT NULL DEFAULT '',
  OPER    VARCHAR(1)   NOT NULL,                      -- I, U or D
  CHGTS   TIMESTAMP    NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CHGJOB  VARCHAR(28)  NOT NULL DEFAULT '',
  CHGUSR  VARCHAR(10)  NOT NULL DEFAULT '',
  PRIMARY KEY (ID)
);

-- A change whose outbox row could not be written. Rows here are rare and worth a look; the agent's periodic comparison of
-- the files with the shop finds the change itself.
CREATE TABLE TOWLINE.MISSED (
  FILE    VARCHAR(10)  NOT NULL,
  CHGTS   TIMESTAMP    NOT NULL DEFAULT CURRENT_TIMESTAMP
);


-- ---------------------------------------------------------------------------------------------------------------------
-- 4  Staging files: an order of the shop, cent-exact, for your own order entry to take. One order is written in one
--    transaction; EVENTID makes a second attempt harmless. The agent only inserts; STATUS, ERPORD and REASON are yours.
-- ---------------------------------------------------------------------------------------------------------------------
CREATE TABLE TOWLINE.APPLIED (
  EVENTID  VARCHAR(64)  NOT NULL PRIMARY KEY,
  ORDGID   VARCHAR(64)  NOT NULL,
  APPLYTS  TIMESTAMP    NOT NULL
);

CREATE TABLE TOWLINE.WEBORDH (                        -- header
  EVENTID  VARCHAR(64)  NOT NULL PRIMARY KEY,
  ORDGID   VARCHAR(64)  NOT NULL UNIQUE,              -- one order is one row, whatever happens
  ORDNAME  VARCHAR(20)  NOT NULL,                     -- #1001
  PLACEDAT VARCHAR(35)  NOT NULL,
  CURRENCY VARCHAR(3)   NOT NULL,
  TAXINCL  VARCHAR(1)   NOT NULL,                     -- Y: prices and totals contain the tax
  TEST     VARCHAR(1)   NOT NULL,
  FINSTS   VARCHAR(20)  NOT NULL DEFAULT '',
  LINESTOT DECIMAL(15, 2) NOT NULL,
  SHIPTOT  DECIMAL(15, 2) NOT NULL,
  TAXTOT   DECIMAL(15, 2) NOT NULL,
  ADJUST   DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  CUSTGID  VARCHAR(64)  NOT NULL DEFAULT '',
  CUSTNAME VARCHAR(60)  NOT NULL DEFAULT '',
  EMAIL    VARCHAR(80)  NOT NULL DEFAULT '',
  PHONE    VARCHAR(25)  NOT NULL DEFAULT '',
  CUSTPO   VARCHAR(30)  NOT NULL DEFAULT '',
  STATUS   VARCHAR(1)   NOT NULL DEFAULT 'N',         -- N new, A accepted, R refused
  ERPORD   NUMERIC(7, 0) NOT NULL DEFAULT 0,
  REASON   VARCHAR(100) NOT NULL DEFAULT '',
  CRTTS    TIMESTAMP    NOT NULL
);

CREATE TABLE TOWLINE.WEBORDL (                        -- lines
  EVENTID  VARCHAR(64)  NOT NULL,
  LINENO   NUMERIC(5, 0) NOT NULL,
  LINEGID  VARCHAR(64)  NOT NULL,
  SKU      VARCHAR(40)  NOT NULL,
  TITLE    VARCHAR(60)  NOT NULL DEFAULT '',
  QTY      NUMERIC(9, 0) NOT NULL,
  UNITPRC  DECIMAL(15, 2) NOT NULL,
  DISCOUNT DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  ERPLIN   NUMERIC(3, 0) NOT NULL DEFAULT 0,          -- your line number; the shipment finds its way back by it
  PRIMARY KEY (EVENTID, LINENO),
  UNIQUE (EVENTID, LINEGID)
);

CREATE TABLE TOWLINE.WEBORDS (                        -- shipping charges
  EVENTID  VARCHAR(64)  NOT NULL,
  SEQ      NUMERIC(3, 0) NOT NULL,
  CODE     VARCHAR(60)  NOT NULL DEFAULT '',
  TITLE    VARCHAR(60)  NOT NULL DEFAULT '',
  PRICE    DECIMAL(15, 2) NOT NULL,
  DISCOUNT DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  PRIMARY KEY (EVENTID, SEQ)
);

CREATE TABLE TOWLINE.WEBORDA (                        -- addresses
  EVENTID  VARCHAR(64)  NOT NULL,
  KIND     VARCHAR(1)   NOT NULL,                     -- S ship to, B bill to
  NAME     VARCHAR(60)  NOT NULL DEFAULT '',
  COMPANY  VARCHAR(60)  NOT NULL DEFAULT '',
  ADDRESS1 VARCHAR(60)  NOT NULL DEFAULT '',
  ADDRESS2 VARCHAR(60)  NOT NULL DEFAULT '',
  CITY     VARCHAR(40)  NOT NULL DEFAULT '',
  PROVINCE VARCHAR(40)  NOT NULL DEFAULT '',
  ZIP      VARCHAR(15)  NOT NULL DEFAULT '',
  COUNTRY  VARCHAR(2)   NOT NULL DEFAULT '',
  PHONE    VARCHAR(25)  NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, KIND)
);

CREATE TABLE TOWLINE.WEBORDT (                        -- taxes
  EVENTID  VARCHAR(64)  NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  LINENO   NUMERIC(5, 0) NOT NULL,                    -- 0: of a shipping charge
  TITLE    VARCHAR(30)  NOT NULL DEFAULT '',
  RATE     DECIMAL(9, 6) NOT NULL,
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  PRIMARY KEY (EVENTID, SEQ)
);

CREATE TABLE TOWLINE.WEBORDP (                        -- payments
  EVENTID  VARCHAR(64)  NOT NULL,
  SEQ      NUMERIC(3, 0) NOT NULL,
  GATEWAY  VARCHAR(40)  NOT NULL DEFAULT '',
  KIND     VARCHAR(20)  NOT NULL DEFAULT '',
  STATUS   VARCHAR(20)  NOT NULL DEFAULT '',
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  PRIMARY KEY (EVENTID, SEQ)
);

-- Notes, and the originals of texts that had to be cut or whose characters CCSID 37 lacks: nothing the buyer wrote is lost.
-- Keys and amounts are never fitted: an order with one that does not fit is refused and parked at the relay.
CREATE TABLE TOWLINE.WEBORDN (
  EVENTID  VARCHAR(64)  NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  KIND     VARCHAR(10)  NOT NULL,                     -- NOTE, ATTRIBUTE, ORIGINAL
  NAME     VARCHAR(80)  CCSID 1208 NOT NULL DEFAULT '',
  VALUE    VARCHAR(4000) CCSID 1208 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
);


-- ---------------------------------------------------------------------------------------------------------------------
-- 5  Data queues. http://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/crtdtaq.htm
--    DOORBELL carries no data: its entries only say "look", and losing one costs nothing. Each entry takes MAXLEN in storage
--    (https://ibm.com/docs/ssw_ibm_i_74/apis/qsnddtaq.htm), so it is short and limited.
--    WEBPRICE is for programs of yours that send prices as records; leave it out if there are none. FORCE(*YES): its entries
--    are data.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/CRTDTAQ DTAQ(TOWLINE/DOORBELL) MAXLEN(64) SIZE(5000 16) AUTORCL(*YES) AUT(*EXCLUDE) TEXT(''Towline: look at the outbox'')');
CALL QSYS2.QCMDEXC('QSYS/CRTDTAQ DTAQ(TOWLINE/WEBPRICE) MAXLEN(256) FORCE(*YES) SIZE(5000 16) AUT(*EXCLUDE) TEXT(''Towline: prices from programs'')');


-- ---------------------------------------------------------------------------------------------------------------------
-- 6  Triggers. Pattern, the same five times:
--    * AFTER, FOR EACH ROW, MODE DB2ROW, one for all events (7.1 TR6 and later):
--      https://ibm.com/support/pages/system/files/inline-files/i-event_triggers_support-pdf.pdf
--    * PROGRAM NAME gives the program a name you can find again: https://ibm.com/support/pages/node/1167730
--    * The guard: a trigger that fails fails your program's write (CPF502B), so nothing in here may fail:
--      https://www.ibm.com/docs/ssw_ibm_i_74/dbp/rbafodtrmsgmon.htm . Every statement stands in the body, behind a CONTINUE
--      handler (https://www.ibm.com/docs/zh/ssw_ibm_i_72/sqlp/rbafyhandlersql.htm shows handlers in a trigger); there is no
--      WHEN clause, because a handler does not cover it [K].
--    * RPG rewrites whole records, so an update counts only when a mapped column differs (write IS DISTINCT FROM where a column
--      can be null; fields of DDS files usually can't). Numbers are compared as HEX: a
--      blank packed field would raise SQL0802 in the comparison, and the change would be missed [K].
--    * QSYS2.JOB_NAME is the qualified job name, VARCHAR(28), in 7.3 base:
--      https://docslib.org/doc/13112134/effective-use-of-sql-built-in-global-variables-jing-li-december-20-2016-scott-hanson
--    * The INSERT is part of the application's unit of work when it has one: it commits and rolls back with it [K].
--    * The doorbell is rung last and outside that unit: the agent may look too early and looks again. IBM's own example of
--      sending from a trigger: IBM/ibmi-oss-examples, camel/dtaq_to_kafka/banking_kafka_example.sql.
--    * Off switch, without dropping anything: CHGPFTRG FILE(DISTLIB/ITMPRC) TRG(*ALL) STATE(*DISABLED):
--      https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/chgpftrg.htm
--    Not seen by any trigger: CLRPFM, INZPFM, members moved, journal changes applied (same page as ADDPFTRG above), deletes
--    by a referential cascade. The agent's comparison heals those.
-- ---------------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE TRIGGER TOWLINE.ITMMST_OUTBOX
  AFTER INSERT OR UPDATE OR DELETE ON DISTLIB.ITMMST
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWITMMST
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMMST', RTRIM(N.ITNBR), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF DELETING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMMST', RTRIM(O.ITNBR), 'D', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF N.ITDSC <> O.ITDSC OR N.ITDS2 <> O.ITDS2 OR N.ITCLS <> O.ITCLS OR N.ITUOM <> O.ITUOM
      OR HEX(N.ITWGT) <> HEX(O.ITWGT) OR N.ITEAN <> O.ITEAN OR N.ITSTS <> O.ITSTS OR N.ITWEB <> O.ITWEB THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMMST', RTRIM(N.ITNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('ITMMST');
  END IF;
END;

CREATE OR REPLACE TRIGGER TOWLINE.ITMPRC_OUTBOX
  AFTER INSERT OR UPDATE OR DELETE ON DISTLIB.ITMPRC
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWITMPRC
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMPRC', RTRIM(N.IPITNB), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF DELETING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMPRC', RTRIM(O.IPITNB), 'D', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF HEX(N.IPPRC) <> HEX(O.IPPRC) OR HEX(N.IPCMP) <> HEX(O.IPCMP) OR N.IPCUR <> O.IPCUR
      OR HEX(N.IPEFFD) <> HEX(O.IPEFFD) THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMPRC', RTRIM(N.IPITNB), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('ITMPRC');
  END IF;
END;

CREATE OR REPLACE TRIGGER TOWLINE.ITMBAL_OUTBOX
  AFTER INSERT OR UPDATE OR DELETE ON DISTLIB.ITMBAL
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWITMBAL
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, KEY2, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMBAL', RTRIM(N.IBITNB), RTRIM(N.IBWHS), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF DELETING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, KEY2, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMBAL', RTRIM(O.IBITNB), RTRIM(O.IBWHS), 'D', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF HEX(N.IBQOH) <> HEX(O.IBQOH) OR HEX(N.IBQAL) <> HEX(O.IBQAL) THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, KEY2, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMBAL', RTRIM(N.IBITNB), RTRIM(N.IBWHS), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('ITMBAL');
  END IF;
END;

-- Your order entry decides over a web order by changing STATUS, ERPORD and REASON; nothing else of the header is news.
CREATE OR REPLACE TRIGGER TOWLINE.WEBORDH_OUTBOX
  AFTER UPDATE ON TOWLINE.WEBORDH
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWWEBORDH
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF N.STATUS <> O.STATUS OR HEX(N.ERPORD) <> HEX(O.ERPORD) OR N.REASON <> O.REASON THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('TOWLINE', 'WEBORDH', N.ORDGID, 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('WEBORDH');
  END IF;
END;

-- The header must be written after its lines, or both in one unit of work: the agent reads the lines when it sees the header.
CREATE OR REPLACE TRIGGER TOWLINE.SHPHDR_OUTBOX
  AFTER INSERT OR UPDATE ON DISTLIB.SHPHDR
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWSHPHDR
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'SHPHDR', RTRIM(N.SHNBR), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF HEX(N.SHORD) <> HEX(O.SHORD) OR N.SHWHS <> O.SHWHS OR N.SHCAR <> O.SHCAR OR N.SHTRK <> O.SHTRK
      OR HEX(N.SHDAT) <> HEX(O.SHDAT) THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'SHPHDR', RTRIM(N.SHNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('SHPHDR');
  END IF;
END;


-- ---------------------------------------------------------------------------------------------------------------------
-- 7  Ownership: what the triggers touch, and the trigger programs themselves, belong to TWOWNER. From here on the profile that
--    ran this script is no longer needed by anything.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/OUTBOX) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/MISSED) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/DOORBELL) OBJTYPE(*DTAQ) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWITMMST) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWITMPRC) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWITMBAL) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWWEBORDH) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWSHPHDR) OBJTYPE(*PGM) NEWOWN(TWOWNER)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 8  What the agent may do: all of it, and nothing else.
--    Reading the ERP: the columns of its files, no change ever.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/DISTLIB) OBJTYPE(*LIB) USER(TWAGENT) AUT(*OBJOPR *EXECUTE)');
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) USER(TWAGENT) AUT(*OBJOPR *EXECUTE)');
GRANT SELECT ON DISTLIB.ITMMST TO TWAGENT;
GRANT SELECT ON DISTLIB.ITMPRC TO TWAGENT;
GRANT SELECT ON DISTLIB.ITMBAL TO TWAGENT;
GRANT SELECT ON DISTLIB.SHPHDR TO TWAGENT;
GRANT SELECT ON DISTLIB.SHPLIN TO TWAGENT;

--    The outbox: read, and delete what the relay has acknowledged.
GRANT SELECT, DELETE ON TOWLINE.OUTBOX TO TWAGENT;
GRANT SELECT ON TOWLINE.MISSED TO TWAGENT;

--    The staging files: insert, and read back. No UPDATE: what order entry decided stays as it decided.
GRANT SELECT, INSERT ON TOWLINE.APPLIED TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDH TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDL TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDS TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDA TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDT TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDP TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDN TO TWAGENT;

--    The data queues: *OBJOPR and *READ, as RECEIVE_DATA_QUEUE wants:
--    https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqudfreceivedtaq.htm
--    The receiving API keeps its decision for the life of a job: after a REVOKE end the agent's server jobs.
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(TOWLINE/DOORBELL) OBJTYPE(*DTAQ) USER(TWAGENT) AUT(*OBJOPR *READ)');
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(TOWLINE/WEBPRICE) OBJTYPE(*DTAQ) USER(TWAGENT) AUT(*OBJOPR *READ)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 9  What your order entry needs: here for a profile ERPBATCH; change it to the one your jobs run under.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) USER(ERPBATCH) AUT(*OBJOPR *EXECUTE)');
GRANT SELECT, UPDATE (STATUS, ERPORD, REASON) ON TOWLINE.WEBORDH TO ERPBATCH;
GRANT SELECT, UPDATE (ERPLIN) ON TOWLINE.WEBORDL TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDS TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDA TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDT TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDP TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDN TO ERPBATCH;
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(TOWLINE/WEBPRICE) OBJTYPE(*DTAQ) USER(ERPBATCH) AUT(*OBJOPR *ADD)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 10 Look again: five rows, all ENABLED and OPERATIVE [K: names of the last two columns].
-- ---------------------------------------------------------------------------------------------------------------------
SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, ENABLED, OPERATIVE
  FROM QSYS2.SYSTRIGGERS
 WHERE TRIGGER_SCHEMA = 'TOWLINE';
