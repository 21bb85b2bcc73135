-- authority: *EXECUTE on the library, *OBJOPR and *READ on the files
-- https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewobjlockinfo.htm
SELECT SYSTEM_OBJECT_NAME, JOB_NAME, LOCK_STATE
  FROM QSYS2.OBJECT_LOCK_INFO
 WHERE SYSTEM_OBJECT_SCHEMA = {library} AND OBJECT_TYPE = '*FILE'
   AND SYSTEM_OBJECT_NAME IN ({files})
