-- authority: SELECT on OUTBOX
-- Committed rows only, and never waiting for the ERP's open units: SKIP LOCKED DATA works on a SELECT
-- under CS (https://www.ibm.com/docs/en/ssw_ibm_i_75/rzajq/rzajqcurrentcommit.htm).
SELECT ID, LIB, FILE, KEY1, KEY2, KEY3, KEY4, OPER, CHGTS, CHGJOB, CHGUSR
  FROM {library}.OUTBOX
 WHERE ID > ?
 ORDER BY ID
 FETCH FIRST {limit} ROWS ONLY
  WITH CS SKIP LOCKED DATA
