-- authority: *EXECUTE on the library, *OBJOPR on the file
-- Keyed physical files, logical files and indexes (general knowledge).
SELECT INDEX_NAME FROM QSYS2.SYSTABLEINDEXSTAT
 WHERE SYSTEM_TABLE_SCHEMA = ? AND SYSTEM_TABLE_NAME = ? AND "UNIQUE" LIKE 'U%'
 FETCH FIRST 1 ROWS ONLY
