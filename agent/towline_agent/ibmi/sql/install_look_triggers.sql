-- authority: none beyond the catalogue's own
-- http://www-01.ibm.com/support/knowledgecenter/ssw_ibm_i_72/db2/rbafzcatsystrigger.htm
SELECT EVENT_OBJECT_TABLE, TRIGGER_SCHEMA, TRIGGER_NAME
  FROM QSYS2.SYSTRIGGERS
 WHERE EVENT_OBJECT_SCHEMA = {library}
   AND EVENT_OBJECT_TABLE IN ({files})
