-- authority: that of the customer's SELECT
-- WITH UR holds no lock the ERP could feel; what is read is the newest state, and a later commit
-- or rollback feeds the outbox again.
SELECT * FROM ({select}) AS Q WHERE {condition} FOR READ ONLY WITH UR
