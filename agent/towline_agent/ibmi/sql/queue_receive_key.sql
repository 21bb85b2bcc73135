-- authority: *EXECUTE on the library, *OBJOPR and *READ on the data queue
SELECT {data}, T.KEY_DATA, T.SENDER_JOB_NAME
  FROM TABLE(QSYS2.RECEIVE_DATA_QUEUE(DATA_QUEUE => ?, DATA_QUEUE_LIBRARY => ?, REMOVE => 'YES', WAIT_TIME => {seconds}, KEY_DATA => ?, KEY_ORDER => 'EQ')) AS T
