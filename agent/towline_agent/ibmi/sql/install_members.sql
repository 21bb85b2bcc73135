-- authority: *EXECUTE on the library, *OBJOPR on the file
-- One row for each member of a physical file (general knowledge).
SELECT COUNT(*) FROM QSYS2.SYSPARTITIONSTAT
 WHERE SYSTEM_TABLE_SCHEMA = ? AND SYSTEM_TABLE_NAME = ?
