-- authority: DELETE on a table of the kit's own library
DELETE FROM {table}
