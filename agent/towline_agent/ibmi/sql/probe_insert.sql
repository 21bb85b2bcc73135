-- authority: INSERT on the table; changes nothing
INSERT INTO {table} SELECT * FROM {table} WHERE 1 = 0
