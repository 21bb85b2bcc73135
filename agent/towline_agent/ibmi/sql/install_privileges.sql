-- authority: *OBJMGT on the object, or the function usage QIBM_DB_SECADM
-- https://www.ibm.com/docs/en/i/7.4?topic=services-object-privileges-view (the names of the ten
-- columns of single authorities are general knowledge)
SELECT OBJECT_OPERATIONAL, OBJECT_MANAGEMENT, OBJECT_EXISTENCE, OBJECT_ALTER, OBJECT_REFERENCE,
       DATA_READ, DATA_ADD, DATA_UPDATE, DATA_DELETE, DATA_EXECUTE
  FROM QSYS2.OBJECT_PRIVILEGES
 WHERE SYSTEM_OBJECT_SCHEMA = ? AND SYSTEM_OBJECT_NAME = ? AND OBJECT_TYPE = ?
   AND AUTHORIZATION_NAME = ?
