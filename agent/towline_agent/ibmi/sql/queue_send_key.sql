-- authority: *EXECUTE on the library, *OBJOPR and *ADD on the data queue
CALL QSYS2.SEND_DATA_QUEUE_BINARY(?, ?, ?, ?, 'NO')
