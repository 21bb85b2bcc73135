-- authority: *EXECUTE on the library, *OBJOPR on the files
-- One row for each member of a physical file (general knowledge).
SELECT SYSTEM_TABLE_NAME, COUNT(*) AS MEMBERS
  FROM QSYS2.SYSPARTITIONSTAT
 WHERE SYSTEM_TABLE_SCHEMA = {library}
   AND SYSTEM_TABLE_NAME IN ({files})
 GROUP BY SYSTEM_TABLE_NAME
HAVING COUNT(*) > 1
