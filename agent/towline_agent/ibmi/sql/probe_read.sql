-- authority: SELECT on the table
SELECT 1 FROM {table} WHERE 1 = 0 FOR READ ONLY WITH UR
