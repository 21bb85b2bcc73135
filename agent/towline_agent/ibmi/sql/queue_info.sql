-- authority: *EXECUTE on the library, *OBJOPR and *READ on the data queue
-- https://ibm.com/docs/en/i/7.5?topic=services-data-queue-info-view
SELECT CURRENT_MESSAGES, MAXIMUM_MESSAGES, MAXIMUM_MESSAGE_LENGTH, SEQUENCE, KEY_LENGTH, DATA_QUEUE_TYPE
  FROM QSYS2.DATA_QUEUE_INFO
 WHERE DATA_QUEUE_LIBRARY = ? AND DATA_QUEUE_NAME = ?
