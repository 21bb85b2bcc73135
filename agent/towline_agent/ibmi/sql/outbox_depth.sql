-- authority: SELECT on OUTBOX
-- Committed rows only, without waiting for the ERP's open units, as in outbox_read.
SELECT COUNT(*), MIN(CHGTS) FROM {library}.OUTBOX WITH CS SKIP LOCKED DATA
