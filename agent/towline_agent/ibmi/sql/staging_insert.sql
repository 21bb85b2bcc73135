-- authority: INSERT on the staging tables and APPLIED
INSERT INTO {table} ({columns}) VALUES ({values})
