-- authority: SELECT on ITMPRC and ITMBAL of the kit's own library
SELECT {columns} FROM {table} WHERE {key} FOR READ ONLY WITH UR
