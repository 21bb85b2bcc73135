-- Towline on IBM i: what agent.toml needs here, for an administrator to read and sign.
-- Written by: towline-agent ibmi plan --script. Undo: towline-agent ibmi plan --undo.
--
-- authority: run as a profile with *SECADM, ALTER and SELECT on the fed files, and *USE
--            on ADDPFTRG and CRTPGM (or as database administrator):
--            https://www.ibm.com/docs/en/i/7.3?topic=statements-create-trigger
--            Later changes need all rights to what the owner then owns. The agent itself
--            needs none of that. Nothing here has or gives *ALLOBJ.
-- where:     ACS Run SQL Scripts. RUNSQLSTM takes no SELECT and cuts lines at 80, so for it
--            take the source form: plan --sources; packaging/ibmi/README.md tells how.
--            IBM i 7.3 or later with the technology refresh that brought the data queue
--            services: https://www.ibm.com/support/pages/node/1136818
-- when:      in a quiet window: step 0 shows who is in the way, step Triggers locks.
-- again:     with a connection, plan --script writes only what is missing. This whole
--            script, run twice, does no harm: what exists answers SQL0601, CPF2214
--            or CPF9870 and stays as it is.
-- unverified: this script has not run on an IBM i. Marks [K] rest on general knowledge;
--            docs/unverified.md lists them. Try it in a copy of the libraries first.
--
-- What it adds to your system: one library, two profiles, 2 data queues, 19 tables, 10 triggers.
-- What it changes of yours: a trigger on
--   DISTLIB/ITMMST
--   DISTLIB/ITMPRC
--   DISTLIB/ITMBAL
--   DISTLIB/SHPHDR
--   DISTLIB/CUSMST
--   DISTLIB/BUSMST
--   DISTLIB/BUSPLC
-- and nothing else. No record format changes, so there is no level check [K].
-- What PRTTRGPGM will show: TWITMMST, TWITMPRC, TWITMBAL, TWWEBORDH, TWWEBCHG, TWSHPHDR, TWCUSMST, TWBUSMST, TWBUSPLC, TWWEBCOMP.


-- ---------------------------------------------------------------------------------------------------------------------
-- 0  Look first
--    CREATE TRIGGER takes an exclusive lock on the file and all its logical files for a moment, and waits for it no
--    longer than the file's WAITFILE. Lock views:
--    https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewobjlockinfo.htm
-- ---------------------------------------------------------------------------------------------------------------------

-- Who holds the files of DISTLIB? A row means: not now.
SELECT SYSTEM_OBJECT_NAME, JOB_NAME, LOCK_STATE
  FROM QSYS2.OBJECT_LOCK_INFO
 WHERE SYSTEM_OBJECT_SCHEMA = 'DISTLIB' AND OBJECT_TYPE = '*FILE'
   AND SYSTEM_OBJECT_NAME IN ('ITMMST', 'ITMPRC', 'ITMBAL', 'SHPHDR', 'CUSMST', 'BUSMST', 'BUSPLC');

-- Has one more than one member? A row means: stop. A trigger fires for every member, a SELECT reads the first one only
-- [K].
SELECT SYSTEM_TABLE_NAME, COUNT(*) AS MEMBERS
  FROM QSYS2.SYSPARTITIONSTAT
 WHERE SYSTEM_TABLE_SCHEMA = 'DISTLIB'
   AND SYSTEM_TABLE_NAME IN ('ITMMST', 'ITMPRC', 'ITMBAL', 'SHPHDR', 'CUSMST', 'BUSMST', 'BUSPLC')
 GROUP BY SYSTEM_TABLE_NAME
HAVING COUNT(*) > 1;

-- Which triggers are on them already? Ours fire after those [K].
SELECT EVENT_OBJECT_TABLE, TRIGGER_SCHEMA, TRIGGER_NAME
  FROM QSYS2.SYSTRIGGERS
 WHERE EVENT_OBJECT_SCHEMA = 'DISTLIB'
   AND EVENT_OBJECT_TABLE IN ('ITMMST', 'ITMPRC', 'ITMBAL', 'SHPHDR', 'CUSMST', 'BUSMST', 'BUSPLC');


-- ---------------------------------------------------------------------------------------------------------------------
-- 1  Profiles
--    TWOWNER owns the objects and can't sign on. The triggers run under its authority, as SQL triggers do under their
--    owner's [K], so nobody at a screen needs a right to the outbox; TWOWNER has rights to nothing outside TOWLINE.
--    TWAGENT is what the agent signs on with: no special authority, no menu, no command line. LMTCPB does not stop
--    commands that come through SQL, so the grants below are the fence.
--    It needs a password even for *LOCAL in PASE: https://github.com/IBM/ibmi-oss-issues/issues/77 . Set it yourself
--    (CHGUSRPRF); it must not stand in a script, and it must not expire, or the agent stops that day. The library must
--    not bear the name of any profile: SQL would take it for that profile's own.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF USRPRF(TWOWNER) PASSWORD(*NONE) SPCAUT(*NONE) INLMNU(*SIGNOFF) LMTCPB(*YES) AUT(*EXCLUDE) TEXT(''Towline: owner of library TOWLINE'')');
CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF USRPRF(TWAGENT) PASSWORD(*NONE) PWDEXPITV(*NOMAX) SPCAUT(*NONE) INLMNU(*SIGNOFF) LMTCPB(*YES) AUT(*EXCLUDE) TEXT(''Towline: the agent'')');


-- ---------------------------------------------------------------------------------------------------------------------
-- 2  Library
--    CREATE SCHEMA makes a journal (QSQJRN) in it and journals every table made there. That matters: an application
--    under commitment control would get SQL7008 from a trigger that writes to a table without a journal. In a library
--    made by CRTLIB nothing is journaled unless a data area QDFTJRN says so; step 'Look again' shows it.
--    https://git.cyber.gent/friedkiwi/ibm-information-center (rzakiautostrjrnl)
--    Receivers of QSQJRN pile up. Where no save or replication reads them: CHGJRN JRN(library/QSQJRN) DLTRCV(*YES) [K].
-- ---------------------------------------------------------------------------------------------------------------------
CREATE SCHEMA TOWLINE;
LABEL ON SCHEMA TOWLINE IS 'Towline: outbox and web orders';
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) USER(*PUBLIC) AUT(*EXCLUDE) REPLACE(*YES)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 3  Outbox
--    Which record changed, never what is in it: no personal data, no price, no quantity. Keys are text so that no
--    number in the ERP can fail to fit. The agent deletes a row once the relay holds the change; deleted records are
--    reused, because SQL tables have REUSEDLT(*YES) [K].
-- ---------------------------------------------------------------------------------------------------------------------
CREATE TABLE TOWLINE.OUTBOX (
  ID       BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 1 INCREMENT BY 1 NO CYCLE),
  LIB      VARCHAR(10) CCSID 37 NOT NULL,
  FILE     VARCHAR(10) CCSID 37 NOT NULL,
  KEY1     VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  KEY2     VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  KEY3     VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  KEY4     VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  OPER     VARCHAR(1) CCSID 37 NOT NULL,
  CHGTS    TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CHGJOB   VARCHAR(28) CCSID 37 NOT NULL DEFAULT '',
  CHGUSR   VARCHAR(10) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (ID)
) RCDFMT OUTBOXR;
LABEL ON TABLE TOWLINE.OUTBOX IS 'Towline: outbox';
LABEL ON COLUMN TOWLINE.OUTBOX (
  ID     TEXT IS 'Identity, given before commit',
  LIB    TEXT IS 'Library of the changed file',
  FILE   TEXT IS 'Changed file',
  KEY1   TEXT IS 'Key, first column, as text',
  KEY2   TEXT IS 'Key, second column',
  KEY3   TEXT IS 'Key, third column',
  KEY4   TEXT IS 'Key, fourth column',
  OPER   TEXT IS 'I insert, U update, D delete',
  CHGTS  TEXT IS 'Changed at, local time',
  CHGJOB TEXT IS 'Job that changed it',
  CHGUSR TEXT IS 'User that changed it'
);

-- A change whose outbox row could not be written. Rows here are rare and worth a look; the agent's comparison of the
-- files with the shop finds the change itself.
CREATE TABLE TOWLINE.MISSED (
  FILE     VARCHAR(10) CCSID 37 NOT NULL,
  CHGTS    TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) RCDFMT MISSEDR;
LABEL ON TABLE TOWLINE.MISSED IS 'Towline: changes that missed the outbox';
LABEL ON COLUMN TOWLINE.MISSED (
  FILE  TEXT IS 'Changed file',
  CHGTS TEXT IS 'Missed at, local time'
);


-- ---------------------------------------------------------------------------------------------------------------------
-- 4  Staging tables
--    An order of the shop, cent-exact, for your own order entry to take. One order is written in one transaction;
--    EVENTID makes a second attempt harmless. The agent only inserts; STATUS, ERPORD, ERPLIN, COMPID, LOCID and REASON
--    are yours. Each record format has a name of its own (WEBORDHR), so an RPG program needs no RENAME.
-- ---------------------------------------------------------------------------------------------------------------------
CREATE TABLE TOWLINE.WEBORDH (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  ORDGID   VARCHAR(64) CCSID 37 NOT NULL,
  ORDNAME  VARCHAR(20) CCSID 37 NOT NULL,
  PLACEDAT VARCHAR(35) CCSID 37 NOT NULL,
  CURRENCY VARCHAR(3) CCSID 37 NOT NULL,
  TAXINCL  VARCHAR(1) CCSID 37 NOT NULL,
  TEST     VARCHAR(1) CCSID 37 NOT NULL,
  FINSTS   VARCHAR(20) CCSID 37 NOT NULL DEFAULT '',
  LINESTOT DECIMAL(15, 2) NOT NULL,
  SHIPTOT  DECIMAL(15, 2) NOT NULL,
  TAXTOT   DECIMAL(15, 2) NOT NULL,
  ADJUST   DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  CUSTGID  VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  CUSTNAME VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  EMAIL    VARCHAR(80) CCSID 37 NOT NULL DEFAULT '',
  PHONE    VARCHAR(25) CCSID 37 NOT NULL DEFAULT '',
  CUSTPO   VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  SOURCE   VARCHAR(20) CCSID 37 NOT NULL DEFAULT '',
  RISK     VARCHAR(12) CCSID 37 NOT NULL DEFAULT '',
  PRESCUR  VARCHAR(3) CCSID 37 NOT NULL DEFAULT '',
  PRESTOT  DECIMAL(15, 2) NOT NULL DEFAULT 0,
  PRESTAX  DECIMAL(15, 2) NOT NULL DEFAULT 0,
  COMPGID  VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  COMPID   VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  COMPNAME VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  LOCGID   VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  LOCID    VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  CONTGID  VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  TERMS    VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  DUEAT    VARCHAR(35) CCSID 37 NOT NULL DEFAULT '',
  STATUS   VARCHAR(1) CCSID 37 NOT NULL DEFAULT 'N',
  ERPORD   NUMERIC(7, 0) NOT NULL DEFAULT 0,
  REASON   VARCHAR(100) CCSID 37 NOT NULL DEFAULT '',
  CRTTS    TIMESTAMP NOT NULL,
  PRIMARY KEY (EVENTID),
  UNIQUE (ORDGID)
) RCDFMT WEBORDHR;
LABEL ON TABLE TOWLINE.WEBORDH IS 'Towline: web orders, header';
LABEL ON COLUMN TOWLINE.WEBORDH (
  EVENTID  TEXT IS 'Event id of the document',
  ORDGID   TEXT IS 'Shopify order gid',
  ORDNAME  TEXT IS 'Order name in the shop, such as #1001',
  PLACEDAT TEXT IS 'Placed at, ISO 8601',
  CURRENCY TEXT IS 'Currency of all amounts',
  TAXINCL  TEXT IS 'Prices include tax Y N',
  TEST     TEXT IS 'Test order Y N',
  FINSTS   TEXT IS 'Financial status',
  LINESTOT TEXT IS 'Total of the lines',
  SHIPTOT  TEXT IS 'Total of the shipping charges',
  TAXTOT   TEXT IS 'Total of the taxes',
  ADJUST   TEXT IS 'What the shop rounded or adjusted',
  TOTAL    TEXT IS 'Total the buyer pays',
  CUSTGID  TEXT IS 'Shopify customer gid',
  CUSTNAME TEXT IS 'Customer name',
  EMAIL    TEXT IS 'Customer e-mail',
  PHONE    TEXT IS 'Customer phone',
  CUSTPO   TEXT IS 'Customer''s purchase order',
  SOURCE   TEXT IS 'Sales channel',
  RISK     TEXT IS 'Shopify''s advice: ACCEPT INVESTIGATE CANCEL NONE',
  PRESCUR  TEXT IS 'Currency the buyer saw',
  PRESTOT  TEXT IS 'Total in the buyer''s currency',
  PRESTAX  TEXT IS 'Taxes in the buyer''s currency',
  COMPGID  TEXT IS 'Shopify company gid',
  COMPID   TEXT IS 'Company, the ERP''s own number',
  COMPNAME TEXT IS 'Company name',
  LOCGID   TEXT IS 'Shopify company location gid',
  LOCID    TEXT IS 'Company location, the ERP''s own number',
  CONTGID  TEXT IS 'Shopify company contact gid',
  TERMS    TEXT IS 'Payment terms',
  DUEAT    TEXT IS 'First due date, ISO 8601',
  STATUS   TEXT IS 'N new, A accepted, R refused',
  ERPORD   TEXT IS 'ERP order number, 0 none',
  REASON   TEXT IS 'Why it was refused',
  CRTTS    TEXT IS 'Written at, local time'
);
CREATE TABLE TOWLINE.WEBORDL (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  LINENO   NUMERIC(5, 0) NOT NULL,
  LINEGID  VARCHAR(64) CCSID 37 NOT NULL,
  SKU      VARCHAR(40) CCSID 37 NOT NULL,
  TITLE    VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  QTY      NUMERIC(9, 0) NOT NULL,
  UNITPRC  DECIMAL(15, 2) NOT NULL,
  DISCOUNT DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  GIFTCARD VARCHAR(1) CCSID 37 NOT NULL DEFAULT 'N',
  SHIPPED  VARCHAR(1) CCSID 37 NOT NULL DEFAULT 'Y',
  DUTY     DECIMAL(15, 2) NOT NULL DEFAULT 0,
  PRESTOT  DECIMAL(15, 2) NOT NULL DEFAULT 0,
  GRPGID   VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  GRPTITLE VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  GRPSKU   VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  GRPQTY   NUMERIC(9, 0) NOT NULL DEFAULT 0,
  SELLPLAN VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  ERPLIN   NUMERIC(3, 0) NOT NULL DEFAULT 0,
  PRIMARY KEY (EVENTID, LINENO),
  UNIQUE (EVENTID, LINEGID)
) RCDFMT WEBORDLR;
LABEL ON TABLE TOWLINE.WEBORDL IS 'Towline: web orders, lines';
LABEL ON COLUMN TOWLINE.WEBORDL (
  EVENTID  TEXT IS 'Event id of the document',
  LINENO   TEXT IS 'Line of the document',
  LINEGID  TEXT IS 'Shopify line item gid',
  SKU      TEXT IS 'Item',
  TITLE    TEXT IS 'Title in the shop',
  QTY      TEXT IS 'Quantity',
  UNITPRC  TEXT IS 'Unit price',
  DISCOUNT TEXT IS 'Discount of the line',
  TOTAL    TEXT IS 'Total of the line',
  GIFTCARD TEXT IS 'Gift card Y N',
  SHIPPED  TEXT IS 'To be shipped Y N',
  DUTY     TEXT IS 'Duty for the line',
  PRESTOT  TEXT IS 'Total in the buyer''s currency',
  GRPGID   TEXT IS 'Bundle, Shopify gid of the group',
  GRPTITLE TEXT IS 'Bundle, title',
  GRPSKU   TEXT IS 'Bundle, item',
  GRPQTY   TEXT IS 'Bundle, quantity',
  SELLPLAN TEXT IS 'Selling plan',
  ERPLIN   TEXT IS 'Line of the ERP order, 0 none'
);
CREATE TABLE TOWLINE.WEBORDS (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(3, 0) NOT NULL,
  CODE     VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  TITLE    VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  PRICE    DECIMAL(15, 2) NOT NULL,
  DISCOUNT DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  ITEM     VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBORDSR;
LABEL ON TABLE TOWLINE.WEBORDS IS 'Towline: web orders, shipping charges';
LABEL ON COLUMN TOWLINE.WEBORDS (
  EVENTID  TEXT IS 'Event id of the document',
  SEQ      TEXT IS 'Number within the document',
  CODE     TEXT IS 'Code of the charge',
  TITLE    TEXT IS 'Title of the charge',
  PRICE    TEXT IS 'Price',
  DISCOUNT TEXT IS 'Discount',
  TOTAL    TEXT IS 'Total',
  ITEM     TEXT IS 'Item for such charges'
);
CREATE TABLE TOWLINE.WEBORDD (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  LINENO   NUMERIC(5, 0) NOT NULL,
  CODE     VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  TITLE    VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBORDDR;
LABEL ON TABLE TOWLINE.WEBORDD IS 'Towline: web orders, discounts';
LABEL ON COLUMN TOWLINE.WEBORDD (
  EVENTID TEXT IS 'Event id of the document',
  SEQ     TEXT IS 'Number within the document',
  LINENO  TEXT IS 'Line, 0 for a shipping charge',
  CODE    TEXT IS 'Discount code',
  TITLE   TEXT IS 'Title of the discount',
  AMOUNT  TEXT IS 'Amount taken off'
);
CREATE TABLE TOWLINE.WEBORDF (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(3, 0) NOT NULL,
  KIND     VARCHAR(10) CCSID 37 NOT NULL,
  TITLE    VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  ITEM     VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  TAX      DECIMAL(15, 2) NOT NULL,
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBORDFR;
LABEL ON TABLE TOWLINE.WEBORDF IS 'Towline: web orders and changes, charges';
LABEL ON COLUMN TOWLINE.WEBORDF (
  EVENTID TEXT IS 'Event id of the document',
  SEQ     TEXT IS 'Number within the document',
  KIND    TEXT IS 'TIP DUTY FEE ROUNDING SHIPPING ADJUSTMENT CREDIT',
  TITLE   TEXT IS 'Title of the charge',
  ITEM    TEXT IS 'Item for such charges',
  AMOUNT  TEXT IS 'Amount',
  TAX     TEXT IS 'Tax in it, or on top of it'
);
CREATE TABLE TOWLINE.WEBORDA (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  KIND     VARCHAR(1) CCSID 37 NOT NULL,
  NAME     VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  COMPANY  VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  ADDRESS1 VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  ADDRESS2 VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  CITY     VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  PROVINCE VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  ZIP      VARCHAR(15) CCSID 37 NOT NULL DEFAULT '',
  COUNTRY  VARCHAR(2) CCSID 37 NOT NULL DEFAULT '',
  PHONE    VARCHAR(25) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, KIND)
) RCDFMT WEBORDAR;
LABEL ON TABLE TOWLINE.WEBORDA IS 'Towline: web orders, addresses';
LABEL ON COLUMN TOWLINE.WEBORDA (
  EVENTID  TEXT IS 'Event id of the document',
  KIND     TEXT IS 'S ship to, B bill to',
  NAME     TEXT IS 'Name',
  COMPANY  TEXT IS 'Company',
  ADDRESS1 TEXT IS 'Street',
  ADDRESS2 TEXT IS 'Street, second line',
  CITY     TEXT IS 'City',
  PROVINCE TEXT IS 'Province or state',
  ZIP      TEXT IS 'Postal code',
  COUNTRY  TEXT IS 'Country, ISO 3166',
  PHONE    TEXT IS 'Phone'
);
CREATE TABLE TOWLINE.WEBORDT (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  LINENO   NUMERIC(5, 0) NOT NULL,
  TITLE    VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  RATE     DECIMAL(9, 6) NOT NULL,
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBORDTR;
LABEL ON TABLE TOWLINE.WEBORDT IS 'Towline: web orders, taxes';
LABEL ON COLUMN TOWLINE.WEBORDT (
  EVENTID TEXT IS 'Event id of the document',
  SEQ     TEXT IS 'Number within the document',
  LINENO  TEXT IS 'Line, 0 for a shipping charge',
  TITLE   TEXT IS 'Title of the tax',
  RATE    TEXT IS 'Rate, 0.190000 for 19 percent',
  AMOUNT  TEXT IS 'Amount'
);
CREATE TABLE TOWLINE.WEBORDP (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(3, 0) NOT NULL,
  GATEWAY  VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  KIND     VARCHAR(20) CCSID 37 NOT NULL DEFAULT '',
  STATUS   VARCHAR(20) CCSID 37 NOT NULL DEFAULT '',
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  PAYGID   VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  PARENT   VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  EXPIRES  VARCHAR(35) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBORDPR;
LABEL ON TABLE TOWLINE.WEBORDP IS 'Towline: web orders and changes, payments';
LABEL ON COLUMN TOWLINE.WEBORDP (
  EVENTID TEXT IS 'Event id of the document',
  SEQ     TEXT IS 'Number within the document',
  GATEWAY TEXT IS 'Payment gateway',
  KIND    TEXT IS 'Kind of transaction',
  STATUS  TEXT IS 'Status of the transaction',
  AMOUNT  TEXT IS 'Amount',
  PAYGID  TEXT IS 'Shopify transaction gid',
  PARENT  TEXT IS 'Transaction it captures, refunds or voids',
  EXPIRES TEXT IS 'Authorisation lapses, ISO 8601'
);

-- Notes, and the originals of texts that had to be cut or whose characters the CCSID lacks: nothing the buyer wrote is
-- lost. Keys and amounts are never fitted: an order with one that does not fit is refused and parked at the relay.
CREATE TABLE TOWLINE.WEBORDN (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  KIND     VARCHAR(10) CCSID 37 NOT NULL,
  NAME     VARCHAR(80) CCSID 1208 NOT NULL DEFAULT '',
  VALUE    VARCHAR(4000) CCSID 1208 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBORDNR;
LABEL ON TABLE TOWLINE.WEBORDN IS 'Towline: web orders, notes and originals';
LABEL ON COLUMN TOWLINE.WEBORDN (
  EVENTID TEXT IS 'Event id of the document',
  SEQ     TEXT IS 'Number within the document',
  KIND    TEXT IS 'NOTE ATTRIBUTE LINEATTR TAG LOCALFIELD DUE ...',
  NAME    TEXT IS 'Name of the note or the column',
  VALUE   TEXT IS 'Text'
);
CREATE TABLE TOWLINE.WEBCHG (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  ORDGID   VARCHAR(64) CCSID 37 NOT NULL,
  ORDNAME  VARCHAR(20) CCSID 37 NOT NULL,
  CHGGID   VARCHAR(255) CCSID 37 NOT NULL,
  KIND     VARCHAR(10) CCSID 37 NOT NULL,
  RETSTS   VARCHAR(10) CCSID 37 NOT NULL DEFAULT '',
  HAPPENED VARCHAR(35) CCSID 37 NOT NULL,
  CURRENCY VARCHAR(3) CCSID 37 NOT NULL,
  TAXINCL  VARCHAR(1) CCSID 37 NOT NULL,
  MOVED    DECIMAL(15, 2) NOT NULL,
  TAXMOVED DECIMAL(15, 2) NOT NULL,
  TOTAL    DECIMAL(15, 2) NOT NULL,
  TAXTOT   DECIMAL(15, 2) NOT NULL,
  REFUNDED DECIMAL(15, 2) NOT NULL,
  WHY      VARCHAR(100) CCSID 37 NOT NULL DEFAULT '',
  EMAIL    VARCHAR(80) CCSID 37 NOT NULL DEFAULT '',
  PHONE    VARCHAR(25) CCSID 37 NOT NULL DEFAULT '',
  CUSTPO   VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  STATUS   VARCHAR(1) CCSID 37 NOT NULL DEFAULT 'N',
  REASON   VARCHAR(100) CCSID 37 NOT NULL DEFAULT '',
  CRTTS    TIMESTAMP NOT NULL,
  PRIMARY KEY (EVENTID)
) RCDFMT WEBCHGR;
LABEL ON TABLE TOWLINE.WEBCHG IS 'Towline: changes of web orders, header';
LABEL ON COLUMN TOWLINE.WEBCHG (
  EVENTID  TEXT IS 'Event id of the document',
  ORDGID   TEXT IS 'Shopify order gid',
  ORDNAME  TEXT IS 'Order name in the shop, such as #1001',
  CHGGID   TEXT IS 'What happened, Shopify gid',
  KIND     TEXT IS 'edit refund restock return cancel hold details ...',
  RETSTS   TEXT IS 'Status of a return or hold',
  HAPPENED TEXT IS 'Happened at, ISO 8601',
  CURRENCY TEXT IS 'Currency of all amounts',
  TAXINCL  TEXT IS 'Amounts include tax Y N',
  MOVED    TEXT IS 'What the change adds to the order''s total',
  TAXMOVED TEXT IS 'What the change adds to the order''s tax',
  TOTAL    TEXT IS 'Total of the order after it',
  TAXTOT   TEXT IS 'Tax of the order after it',
  REFUNDED TEXT IS 'Paid back up to and with it',
  WHY      TEXT IS 'Reason the shop gave',
  EMAIL    TEXT IS 'Customer e-mail, of details',
  PHONE    TEXT IS 'Customer phone, of details',
  CUSTPO   TEXT IS 'Customer''s purchase order, of details',
  STATUS   TEXT IS 'N new, A accepted, R refused',
  REASON   TEXT IS 'Why it was refused',
  CRTTS    TEXT IS 'Written at, local time'
);
CREATE TABLE TOWLINE.WEBCHGL (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  LINENO   NUMERIC(5, 0) NOT NULL,
  LINEGID  VARCHAR(64) CCSID 37 NOT NULL,
  SKU      VARCHAR(40) CCSID 37 NOT NULL,
  TITLE    VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  QTY      NUMERIC(9, 0) NOT NULL,
  UNITPRC  DECIMAL(15, 2) NOT NULL,
  AMOUNT   DECIMAL(15, 2) NOT NULL,
  TAX      DECIMAL(15, 2) NOT NULL,
  ADDED    VARCHAR(1) CCSID 37 NOT NULL,
  PRIMARY KEY (EVENTID, LINENO)
) RCDFMT WEBCHGLR;
LABEL ON TABLE TOWLINE.WEBCHGL IS 'Towline: changes of web orders, lines';
LABEL ON COLUMN TOWLINE.WEBCHGL (
  EVENTID TEXT IS 'Event id of the document',
  LINENO  TEXT IS 'Line of the document',
  LINEGID TEXT IS 'Shopify line item gid',
  SKU     TEXT IS 'Item',
  TITLE   TEXT IS 'Title in the shop',
  QTY     TEXT IS 'Pieces added, negative when taken off',
  UNITPRC TEXT IS 'Unit price',
  AMOUNT  TEXT IS 'Money added, negative when taken off',
  TAX     TEXT IS 'Tax in it, or on top of it',
  ADDED   TEXT IS 'A line the order did not have Y N'
);
CREATE TABLE TOWLINE.WEBCHGR (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  LINEGID  VARCHAR(64) CCSID 37 NOT NULL,
  SKU      VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  QTY      NUMERIC(9, 0) NOT NULL,
  KIND     VARCHAR(10) CCSID 37 NOT NULL,
  LOCGID   VARCHAR(64) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBCHGRR;
LABEL ON TABLE TOWLINE.WEBCHGR IS 'Towline: changes of web orders, goods';
LABEL ON COLUMN TOWLINE.WEBCHGR (
  EVENTID TEXT IS 'Event id of the document',
  SEQ     TEXT IS 'Number within the document',
  LINEGID TEXT IS 'Shopify line item gid',
  SKU     TEXT IS 'Item',
  QTY     TEXT IS 'Pieces',
  KIND    TEXT IS 'What becomes of them, as docs/orders.md lists',
  LOCGID  TEXT IS 'Shopify location gid'
);
CREATE TABLE TOWLINE.WEBCUST (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  CUSTGID  VARCHAR(64) CCSID 37 NOT NULL,
  CUSTNO   VARCHAR(15) CCSID 37 NOT NULL DEFAULT '',
  NAME     VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  FIRSTNAME VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  LASTNAME VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  EMAIL    VARCHAR(80) CCSID 37 NOT NULL DEFAULT '',
  PHONE    VARCHAR(25) CCSID 37 NOT NULL DEFAULT '',
  TAXEXEMPT VARCHAR(1) CCSID 37 NOT NULL,
  STATUS   VARCHAR(1) CCSID 37 NOT NULL DEFAULT 'N',
  REASON   VARCHAR(100) CCSID 37 NOT NULL DEFAULT '',
  CRTTS    TIMESTAMP NOT NULL,
  PRIMARY KEY (EVENTID)
) RCDFMT WEBCUSTR;
LABEL ON TABLE TOWLINE.WEBCUST IS 'Towline: web customers';
LABEL ON COLUMN TOWLINE.WEBCUST (
  EVENTID   TEXT IS 'Event id of the document',
  CUSTGID   TEXT IS 'Shopify customer gid',
  CUSTNO    TEXT IS 'ERP customer number, blank when new',
  NAME      TEXT IS 'Name',
  FIRSTNAME TEXT IS 'First name',
  LASTNAME  TEXT IS 'Last name',
  EMAIL     TEXT IS 'E-mail',
  PHONE     TEXT IS 'Phone',
  TAXEXEMPT TEXT IS 'The shop charges no tax Y N',
  STATUS    TEXT IS 'N new, A accepted, R refused',
  REASON    TEXT IS 'Why it was refused',
  CRTTS     TEXT IS 'Written at, local time'
);
CREATE TABLE TOWLINE.WEBCOMP (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  COMPGID  VARCHAR(64) CCSID 37 NOT NULL,
  COMPID   VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  NAME     VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  STATUS   VARCHAR(1) CCSID 37 NOT NULL DEFAULT 'N',
  REASON   VARCHAR(100) CCSID 37 NOT NULL DEFAULT '',
  CRTTS    TIMESTAMP NOT NULL,
  PRIMARY KEY (EVENTID)
) RCDFMT WEBCOMPR;
LABEL ON TABLE TOWLINE.WEBCOMP IS 'Towline: web companies, header';
LABEL ON COLUMN TOWLINE.WEBCOMP (
  EVENTID TEXT IS 'Event id of the document',
  COMPGID TEXT IS 'Shopify company gid',
  COMPID  TEXT IS 'Company, the ERP''s own number, blank when new',
  NAME    TEXT IS 'Company name',
  STATUS  TEXT IS 'N new, A accepted, R refused',
  REASON  TEXT IS 'Why it was refused',
  CRTTS   TEXT IS 'Written at, local time'
);
CREATE TABLE TOWLINE.WEBCOMPL (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  LOCGID   VARCHAR(64) CCSID 37 NOT NULL,
  LOCID    VARCHAR(30) CCSID 37 NOT NULL DEFAULT '',
  NAME     VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  PHONE    VARCHAR(25) CCSID 37 NOT NULL DEFAULT '',
  TAXID    VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  TAXEXEMPT VARCHAR(1) CCSID 37 NOT NULL,
  TERMS    VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  RECIPIENT VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  ADDRESS1 VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  ADDRESS2 VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  CITY     VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  PROVINCE VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  ZIP      VARCHAR(15) CCSID 37 NOT NULL DEFAULT '',
  COUNTRY  VARCHAR(2) CCSID 37 NOT NULL DEFAULT '',
  BRECIPIENT VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  BADDRESS1 VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  BADDRESS2 VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  BCITY    VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  BPROVINCE VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  BZIP     VARCHAR(15) CCSID 37 NOT NULL DEFAULT '',
  BCOUNTRY VARCHAR(2) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBCOMPLR;
LABEL ON TABLE TOWLINE.WEBCOMPL IS 'Towline: web companies, places';
LABEL ON COLUMN TOWLINE.WEBCOMPL (
  EVENTID    TEXT IS 'Event id of the document',
  SEQ        TEXT IS 'Number within the document',
  LOCGID     TEXT IS 'Shopify company location gid',
  LOCID      TEXT IS 'Place, the ERP''s own number, blank when new',
  NAME       TEXT IS 'Name of the place',
  PHONE      TEXT IS 'Phone of the place',
  TAXID      TEXT IS 'Tax registration number',
  TAXEXEMPT  TEXT IS 'The shop charges no tax Y N',
  TERMS      TEXT IS 'Payment terms',
  RECIPIENT  TEXT IS 'Ship to, name',
  ADDRESS1   TEXT IS 'Ship to, street',
  ADDRESS2   TEXT IS 'Ship to, street, second line',
  CITY       TEXT IS 'Ship to, city',
  PROVINCE   TEXT IS 'Ship to, province or state',
  ZIP        TEXT IS 'Ship to, postal code',
  COUNTRY    TEXT IS 'Ship to, country, ISO 3166',
  BRECIPIENT TEXT IS 'Bill to, name; all blank where goods go too',
  BADDRESS1  TEXT IS 'Bill to, street',
  BADDRESS2  TEXT IS 'Bill to, street, second line',
  BCITY      TEXT IS 'Bill to, city',
  BPROVINCE  TEXT IS 'Bill to, province or state',
  BZIP       TEXT IS 'Bill to, postal code',
  BCOUNTRY   TEXT IS 'Bill to, country, ISO 3166'
);
CREATE TABLE TOWLINE.WEBCOMPC (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  SEQ      NUMERIC(5, 0) NOT NULL,
  CONTGID  VARCHAR(64) CCSID 37 NOT NULL,
  CUSTGID  VARCHAR(64) CCSID 37 NOT NULL,
  CUSTNO   VARCHAR(15) CCSID 37 NOT NULL DEFAULT '',
  MAIN     VARCHAR(1) CCSID 37 NOT NULL,
  TITLE    VARCHAR(60) CCSID 37 NOT NULL DEFAULT '',
  FIRSTNAME VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  LASTNAME VARCHAR(40) CCSID 37 NOT NULL DEFAULT '',
  EMAIL    VARCHAR(80) CCSID 37 NOT NULL DEFAULT '',
  PHONE    VARCHAR(25) CCSID 37 NOT NULL DEFAULT '',
  PRIMARY KEY (EVENTID, SEQ)
) RCDFMT WEBCOMPCR;
LABEL ON TABLE TOWLINE.WEBCOMPC IS 'Towline: web companies, contacts';
LABEL ON COLUMN TOWLINE.WEBCOMPC (
  EVENTID   TEXT IS 'Event id of the document',
  SEQ       TEXT IS 'Number within the document',
  CONTGID   TEXT IS 'Shopify company contact gid',
  CUSTGID   TEXT IS 'Shopify customer gid',
  CUSTNO    TEXT IS 'ERP customer number, blank when new',
  MAIN      TEXT IS 'The company''s main contact Y N',
  TITLE     TEXT IS 'Position',
  FIRSTNAME TEXT IS 'First name',
  LASTNAME  TEXT IS 'Last name',
  EMAIL     TEXT IS 'E-mail',
  PHONE     TEXT IS 'Phone'
);

-- The proof, in the same transaction, that a document has been written.
CREATE TABLE TOWLINE.APPLIED (
  EVENTID  VARCHAR(64) CCSID 37 NOT NULL,
  ORDGID   VARCHAR(64) CCSID 37 NOT NULL,
  APPLYTS  TIMESTAMP NOT NULL,
  PRIMARY KEY (EVENTID)
) RCDFMT APPLIEDR;
LABEL ON TABLE TOWLINE.APPLIED IS 'Towline: applied events';
LABEL ON COLUMN TOWLINE.APPLIED (
  EVENTID TEXT IS 'Event id of the document',
  ORDGID  TEXT IS 'Shopify order gid',
  APPLYTS TEXT IS 'Applied at, local time'
);


-- ---------------------------------------------------------------------------------------------------------------------
-- 5  Data queues
--    http://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/crtdtaq.htm . Each entry takes MAXLEN in storage
--    (https://ibm.com/docs/ssw_ibm_i_74/apis/qsnddtaq.htm); SIZE bounds what a reader that is down can cost, and past
--    it the sender fails with CPF950A [K]. AUTORCL gives the storage back.
--    * DOORBELL carries no data: its entries only say 'look', and losing one costs nothing. So it is short, and not
--      forced to disk.
--    * WEBPRICE: price from programs. FORCE(*YES), its entries are data. MAXLEN is the record with room to the next 256
--      bytes, for a queue can't be widened later.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/CRTDTAQ DTAQ(TOWLINE/DOORBELL) MAXLEN(64) SIZE(5000 16) AUTORCL(*YES) AUT(*EXCLUDE) TEXT(''Towline: look at the outbox'')');
CALL QSYS2.QCMDEXC('QSYS/CRTDTAQ DTAQ(TOWLINE/WEBPRICE) MAXLEN(256) FORCE(*YES) SIZE(5000 16) AUTORCL(*YES) AUT(*EXCLUDE) TEXT(''Towline: price from programs'')');


-- ---------------------------------------------------------------------------------------------------------------------
-- 6  Triggers
--    The same pattern each time:
--    * AFTER, FOR EACH ROW, MODE DB2ROW, one for all events (7.1 TR6 and later):
--      https://ibm.com/support/pages/system/files/inline-files/i-event_triggers_support-pdf.pdf
--    * PROGRAM NAME gives the program a name you can find again: https://ibm.com/support/pages/node/1167730
--    * The guard: a trigger that fails fails your program's write (CPF502B), so nothing in here may fail:
--      https://www.ibm.com/docs/ssw_ibm_i_74/dbp/rbafodtrmsgmon.htm . Every statement stands in the body, behind a
--      CONTINUE handler (https://www.ibm.com/docs/zh/ssw_ibm_i_72/sqlp/rbafyhandlersql.htm shows handlers in a
--      trigger); there is no WHEN clause, because a handler does not cover it [K].
--    * RPG rewrites whole records, so an update counts only when a watched column differs. Numbers are compared as HEX:
--      a blank packed field would raise SQL0802 in the comparison, and the change would be missed [K]. Columns that can
--      be null are compared with IS DISTINCT FROM.
--    * Texts compare in the sort sequence of the job that creates the trigger; keep it *HEX, or upper and lower case
--      are the same [K].
--    * QSYS2.JOB_NAME is the qualified job name, VARCHAR(28), in 7.3 base:
--      https://docslib.org/doc/13112134/effective-use-of-sql-built-in-global-variables-jing-li-december-20-2016-scott-hanson
--    * The INSERT is part of the application's unit of work when it has one: it commits and rolls back with it; an
--      application without commitment control writes it at once [K].
--    * The doorbell is rung last and outside that unit: the agent may look too early and looks again. A full or locked
--      doorbell is caught by the guard. IBM's own example of sending from a trigger: IBM/ibmi-oss-examples,
--      camel/dtaq_to_kafka/banking_kafka_example.sql.
--    * Off switch, without dropping anything: CHGPFTRG FILE(library/file) TRG(trigger) TRGLIB(library of the trigger)
--      STATE(*DISABLED): https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/chgpftrg.htm
--    Not seen by any trigger: CLRPFM, INZPFM, members moved, journal changes applied (ADDPFTRG page), deletes by a
--    referential cascade, the old key of a record whose key is changed in place. The agent's comparison heals those.
-- ---------------------------------------------------------------------------------------------------------------------

-- DISTLIB/ITMMST feeds item.
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
      OR HEX(N.ITWGT) <> HEX(O.ITWGT) OR N.ITEAN <> O.ITEAN OR N.ITSTS <> O.ITSTS
      OR N.ITWEB <> O.ITWEB THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'ITMMST', RTRIM(N.ITNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('ITMMST');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.ITMMST_OUTBOX IS 'Towline: notes changes for item; definition 4e3356b3';

-- DISTLIB/ITMPRC feeds price.
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
COMMENT ON TRIGGER TOWLINE.ITMPRC_OUTBOX IS 'Towline: notes changes for price; definition b454a5f2';

-- DISTLIB/ITMBAL feeds stock.
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
COMMENT ON TRIGGER TOWLINE.ITMBAL_OUTBOX IS 'Towline: notes changes for stock; definition 494defad';

-- TOWLINE/WEBORDH feeds order_result.
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
COMMENT ON TRIGGER TOWLINE.WEBORDH_OUTBOX IS 'Towline: notes changes for order_result; definition e39bb728';

-- TOWLINE/WEBCHG feeds change_result.
CREATE OR REPLACE TRIGGER TOWLINE.WEBCHG_OUTBOX
  AFTER UPDATE ON TOWLINE.WEBCHG
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWWEBCHG
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF N.STATUS <> O.STATUS OR N.REASON <> O.REASON THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('TOWLINE', 'WEBCHG', N.EVENTID, 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('WEBCHG');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.WEBCHG_OUTBOX IS 'Towline: notes changes for change_result; definition eae3fe20';

-- DISTLIB/SHPHDR feeds shipment.
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
  ELSEIF HEX(N.SHORD) <> HEX(O.SHORD) OR N.SHWHS <> O.SHWHS OR N.SHCAR <> O.SHCAR
      OR N.SHTRK <> O.SHTRK OR HEX(N.SHDAT) <> HEX(O.SHDAT) THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'SHPHDR', RTRIM(N.SHNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('SHPHDR');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.SHPHDR_OUTBOX IS 'Towline: notes changes for shipment; definition 80822fde';

-- DISTLIB/CUSMST feeds customer.
CREATE OR REPLACE TRIGGER TOWLINE.CUSMST_OUTBOX
  AFTER INSERT OR UPDATE OR DELETE ON DISTLIB.CUSMST
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWCUSMST
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'CUSMST', DIGITS(N.CUNBR), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF DELETING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'CUSMST', DIGITS(O.CUNBR), 'D', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF N.CUNAM <> O.CUNAM OR N.CUADR <> O.CUADR OR N.CUZIP <> O.CUZIP OR N.CUCTY <> O.CUCTY
      OR N.CUCTR <> O.CUCTR OR N.CUMAIL <> O.CUMAIL OR N.CUSTS <> O.CUSTS THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'CUSMST', DIGITS(N.CUNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('CUSMST');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.CUSMST_OUTBOX IS 'Towline: notes changes for customer; definition e3c7b5c4';

-- DISTLIB/BUSMST feeds company.
CREATE OR REPLACE TRIGGER TOWLINE.BUSMST_OUTBOX
  AFTER INSERT OR UPDATE OR DELETE ON DISTLIB.BUSMST
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWBUSMST
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'BUSMST', DIGITS(N.BSNBR), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF DELETING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'BUSMST', DIGITS(O.BSNBR), 'D', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF N.BSNAM <> O.BSNAM OR N.BSSTS <> O.BSSTS OR N.BSGID <> O.BSGID THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'BUSMST', DIGITS(N.BSNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('BUSMST');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.BUSMST_OUTBOX IS 'Towline: notes changes for company; definition 69a5f456';

-- DISTLIB/BUSPLC feeds company.
CREATE OR REPLACE TRIGGER TOWLINE.BUSPLC_OUTBOX
  AFTER INSERT OR UPDATE OR DELETE ON DISTLIB.BUSPLC
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWBUSPLC
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF INSERTING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'BUSPLC', DIGITS(N.BPNBR), 'I', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF DELETING THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'BUSPLC', DIGITS(O.BPNBR), 'D', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  ELSEIF N.BPNAM <> O.BPNAM OR N.BPADR <> O.BPADR OR N.BPZIP <> O.BPZIP OR N.BPCTY <> O.BPCTY
      OR N.BPCTR <> O.BPCTR OR N.BPTAX <> O.BPTAX OR N.BPTRM <> O.BPTRM
      OR N.BPGID <> O.BPGID THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('DISTLIB', 'BUSPLC', DIGITS(N.BPNBR), 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('BUSPLC');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.BUSPLC_OUTBOX IS 'Towline: notes changes for company; definition 8b3be3ce';

-- TOWLINE/WEBCOMP feeds company_result.
CREATE OR REPLACE TRIGGER TOWLINE.WEBCOMP_OUTBOX
  AFTER UPDATE ON TOWLINE.WEBCOMP
  REFERENCING NEW AS N OLD AS O
  FOR EACH ROW MODE DB2ROW
  PROGRAM NAME TWWEBCOMP
BEGIN
  DECLARE FAILED SMALLINT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;
  IF N.STATUS <> O.STATUS OR N.COMPID <> O.COMPID OR N.REASON <> O.REASON THEN
    INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER, CHGJOB, CHGUSR)
      VALUES ('TOWLINE', 'WEBCOMP', N.EVENTID, 'U', QSYS2.JOB_NAME, SESSION_USER);
    CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => 'DOORBELL', DATA_QUEUE_LIBRARY => 'TOWLINE');
  END IF;
  IF FAILED = 1 THEN
    INSERT INTO TOWLINE.MISSED (FILE) VALUES ('WEBCOMP');
  END IF;
END;
COMMENT ON TRIGGER TOWLINE.WEBCOMP_OUTBOX IS 'Towline: notes changes for company_result; definition 0ef6ca8b';


-- ---------------------------------------------------------------------------------------------------------------------
-- 7  What the agent may do
--    All of it, and nothing else. A revoked right may stay in effect for data queues until the agent's server jobs
--    (QZDASOINIT) end, for the receiving API keeps its decision for the life of a job.
-- ---------------------------------------------------------------------------------------------------------------------

-- Libraries: to look into them, not to add to them.
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/DISTLIB) OBJTYPE(*LIB) USER(TWAGENT) AUT(*OBJOPR *EXECUTE)');
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) USER(TWAGENT) AUT(*OBJOPR *EXECUTE)');

-- The ERP's files: read, never changed.
GRANT SELECT ON DISTLIB.ITMMST TO TWAGENT;
GRANT SELECT ON DISTLIB.ITMPRC TO TWAGENT;
GRANT SELECT ON DISTLIB.ITMBAL TO TWAGENT;
GRANT SELECT ON DISTLIB.SHPHDR TO TWAGENT;
GRANT SELECT ON DISTLIB.SHPLIN TO TWAGENT;
GRANT SELECT ON DISTLIB.CUSMST TO TWAGENT;
GRANT SELECT ON DISTLIB.BUSMST TO TWAGENT;
GRANT SELECT ON DISTLIB.BUSPLC TO TWAGENT;

-- The outbox: read, and delete what the relay has acknowledged.
GRANT SELECT, DELETE ON TOWLINE.OUTBOX TO TWAGENT;
GRANT SELECT ON TOWLINE.MISSED TO TWAGENT;

-- The staging tables: insert, and read back. No UPDATE: what order entry decided stays as it decided.
GRANT SELECT, INSERT ON TOWLINE.WEBORDH TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDL TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDS TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDD TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDF TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDA TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDT TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDP TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBORDN TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCHG TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCHGL TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCHGR TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCUST TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCOMP TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCOMPL TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.WEBCOMPC TO TWAGENT;
GRANT SELECT, INSERT ON TOWLINE.APPLIED TO TWAGENT;

-- Data queues: *OBJOPR and *READ, as RECEIVE_DATA_QUEUE wants:
-- https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqudfreceivedtaq.htm
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(TOWLINE/DOORBELL) OBJTYPE(*DTAQ) USER(TWAGENT) AUT(*OBJOPR *READ)');
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(TOWLINE/WEBPRICE) OBJTYPE(*DTAQ) USER(TWAGENT) AUT(*OBJOPR *READ)');

-- The operator's message queue: to send to it, as SNDMSG wants [K].
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/QSYSOPR) OBJTYPE(*MSGQ) USER(TWAGENT) AUT(*OBJOPR *ADD)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 8  What your own programs may do
--    For the jobs that run under ERPBATCH: take orders, say what became of them, send records to the data queues.
--    Change the profile in [install] order_entry.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) USER(ERPBATCH) AUT(*OBJOPR *EXECUTE)');
GRANT SELECT, UPDATE (STATUS, ERPORD, REASON) ON TOWLINE.WEBORDH TO ERPBATCH;
GRANT SELECT, INSERT, UPDATE (ERPLIN) ON TOWLINE.WEBORDL TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDS TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDD TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDF TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDA TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDT TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDP TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBORDN TO ERPBATCH;
GRANT SELECT, UPDATE (STATUS, REASON) ON TOWLINE.WEBCHG TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBCHGL TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBCHGR TO ERPBATCH;
GRANT SELECT, UPDATE (STATUS, REASON) ON TOWLINE.WEBCUST TO ERPBATCH;
GRANT SELECT, UPDATE (STATUS, COMPID, REASON) ON TOWLINE.WEBCOMP TO ERPBATCH;
GRANT SELECT, UPDATE (LOCID) ON TOWLINE.WEBCOMPL TO ERPBATCH;
GRANT SELECT ON TOWLINE.WEBCOMPC TO ERPBATCH;
CALL QSYS2.QCMDEXC('QSYS/GRTOBJAUT OBJ(TOWLINE/WEBPRICE) OBJTYPE(*DTAQ) USER(ERPBATCH) AUT(*OBJOPR *ADD)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 9  Ownership
--    Everything that was made goes to the owner, and last, for CHGOBJOWN takes the rights of the profile that made it.
--    QSQJRN and the library's catalogue views stay with that profile; should it be deleted one day, DLTUSRPRF
--    OWNOBJOPT(*CHGOWN owner) takes them along.
-- ---------------------------------------------------------------------------------------------------------------------
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/OUTBOX) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/MISSED) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDH) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDL) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDS) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDD) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDF) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDA) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDT) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDP) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBORDN) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCHG) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCHGL) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCHGR) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCUST) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCOMP) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCOMPL) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBCOMPC) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/APPLIED) OBJTYPE(*FILE) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/DOORBELL) OBJTYPE(*DTAQ) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/WEBPRICE) OBJTYPE(*DTAQ) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWITMMST) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWITMPRC) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWITMBAL) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWWEBORDH) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWWEBCHG) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWSHPHDR) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWCUSMST) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWBUSMST) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWBUSPLC) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/TWWEBCOMP) OBJTYPE(*PGM) NEWOWN(TWOWNER)');
CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(QSYS/TOWLINE) OBJTYPE(*LIB) NEWOWN(TWOWNER)');


-- ---------------------------------------------------------------------------------------------------------------------
-- 10 Look again
--    What should be there now. The agent's own view of it: towline-agent check.
-- ---------------------------------------------------------------------------------------------------------------------

-- 10 rows, all enabled and operative [K: names of the last two columns].
SELECT TRIGGER_NAME, EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, ENABLED, OPERATIVE
  FROM QSYS2.SYSTRIGGERS
 WHERE TRIGGER_SCHEMA = 'TOWLINE';

-- No row is what you want for every table. A row: that table is not journaled. Then, once its users are off it:
-- STRJRNPF FILE(TOWLINE/name) JRN(library/journal) IMAGES(*AFTER) OMTJRNE(*OPNCLO), and save it.
-- https://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_72/cl/strjrnpf.htm
SELECT OBJNAME, OBJOWNER, JOURNALED, JOURNAL_LIBRARY, JOURNAL_NAME
  FROM TABLE(QSYS2.OBJECT_STATISTICS('TOWLINE', '*FILE')) AS T
 WHERE OBJATTRIBUTE = 'PF' AND JOURNALED = 'NO';
