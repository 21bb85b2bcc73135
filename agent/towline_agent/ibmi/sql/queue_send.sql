-- authority: *EXECUTE on the library, *OBJOPR and *ADD on the data queue
-- Positional: a CALL with named arguments is not understood by every client.
CALL QSYS2.SEND_DATA_QUEUE_BINARY(?, ?, ?, NULL, 'NO')
