-- authority: none beyond the catalogue's own
-- http://www-01.ibm.com/support/knowledgecenter/ssw_ibm_i_72/db2/rbafzcatsystrigger.htm (the names
-- ENABLED and OPERATIVE are general knowledge)
SELECT TRIGGER_NAME, EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, ENABLED, OPERATIVE
  FROM QSYS2.SYSTRIGGERS
 WHERE TRIGGER_SCHEMA = ?
