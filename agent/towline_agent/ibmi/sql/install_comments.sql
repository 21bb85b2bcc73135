-- authority: none beyond the catalogue's own
-- What COMMENT ON TRIGGER wrote (the name LONG_COMMENT is general knowledge).
SELECT TRIGGER_NAME, LONG_COMMENT
  FROM QSYS2.SYSTRIGGERS
 WHERE TRIGGER_SCHEMA = ?
