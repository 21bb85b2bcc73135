-- authority: *EXECUTE on the library, *OBJOPR and *READ on the data queue
-- https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqudfreceivedtaq.htm
SELECT {data}, T.KEY_DATA, T.SENDER_JOB_NAME
  FROM TABLE(QSYS2.RECEIVE_DATA_QUEUE(DATA_QUEUE => ?, DATA_QUEUE_LIBRARY => ?, REMOVE => 'YES', WAIT_TIME => {seconds})) AS T
