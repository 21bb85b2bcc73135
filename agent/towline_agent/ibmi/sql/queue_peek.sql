-- authority: *EXECUTE on the library, *OBJOPR and *READ on the data queue
-- Takes nothing; entries come in the order of the queue, keyed ones ascending by key:
-- https://ibm.com/docs/en/i/7.5?topic=services-data-queue-entries-table-function
SELECT {data}, T.KEY_DATA, T.SENDER_JOB_NAME
  FROM TABLE(QSYS2.DATA_QUEUE_ENTRIES(DATA_QUEUE => ?, DATA_QUEUE_LIBRARY => ?)) AS T
 ORDER BY T.ORDINAL_POSITION
 FETCH FIRST {limit} ROWS ONLY
