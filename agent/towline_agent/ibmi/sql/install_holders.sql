-- authority: *EXECUTE on the library, *OBJOPR and *READ on the file
-- Any lock is in the way of CREATE TRIGGER, which wants the file alone.
-- https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewobjlockinfo.htm
SELECT DISTINCT JOB_NAME FROM QSYS2.OBJECT_LOCK_INFO
 WHERE SYSTEM_OBJECT_SCHEMA = ? AND SYSTEM_OBJECT_NAME = ? AND OBJECT_TYPE = '*FILE'
 FETCH FIRST 5 ROWS ONLY
