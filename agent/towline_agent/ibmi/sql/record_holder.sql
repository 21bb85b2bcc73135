-- authority: *EXECUTE on the library, *OBJOPR and *READ on the file
-- The view is dear: always with a WHERE (https://www.ibm.com/support/pages/node/1128681).
SELECT JOB_NAME FROM QSYS2.RECORD_LOCK_INFO
 WHERE SYSTEM_TABLE_SCHEMA = ? AND SYSTEM_TABLE_NAME = ? AND LOCK_STATUS = 'HELD'
 FETCH FIRST 1 ROWS ONLY
