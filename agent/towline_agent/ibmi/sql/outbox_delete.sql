-- authority: DELETE on OUTBOX
DELETE FROM {library}.OUTBOX WHERE ID IN ({ids})
