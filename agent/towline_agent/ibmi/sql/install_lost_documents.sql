-- authority: SELECT on the staging table
SELECT COUNT(*) FROM {table} WHERE STATUS = 'N'
