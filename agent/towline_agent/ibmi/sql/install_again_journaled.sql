-- authority: *EXECUTE on the library, *OBJOPR and *READ on the tables
-- https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzajq/rzajqudfobjectstat.htm
SELECT OBJNAME, OBJOWNER, JOURNALED, JOURNAL_LIBRARY, JOURNAL_NAME
  FROM TABLE(QSYS2.OBJECT_STATISTICS({library}, '*FILE')) AS T
 WHERE OBJATTRIBUTE = 'PF' AND JOURNALED = 'NO'
