-- authority: DELETE on OUTBOX; changes nothing
DELETE FROM {table} WHERE 1 = 0
