-- authority: none beyond the catalogue's own; what the profile may not see is left out
SELECT SYSTEM_TABLE_NAME FROM QSYS2.SYSTABLES
 WHERE SYSTEM_TABLE_SCHEMA = ? AND TABLE_TYPE IN ('T', 'P')
