-- authority: *EXECUTE on the library, *USE on the message queue
-- https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewmessagequeueinfo.htm
SELECT MESSAGE_TEXT FROM QSYS2.MESSAGE_QUEUE_INFO
 WHERE MESSAGE_QUEUE_LIBRARY = ? AND MESSAGE_QUEUE_NAME = ?
 ORDER BY MESSAGE_TIMESTAMP
