-- authority: *EXECUTE on the library, *OBJOPR and *READ on the objects
-- https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzajq/rzajqudfobjectstat.htm
SELECT OBJNAME, OBJTYPE, OBJOWNER, JOURNALED
  FROM TABLE(QSYS2.OBJECT_STATISTICS({library}, '*FILE *DTAQ *PGM *JRN')) AS T
