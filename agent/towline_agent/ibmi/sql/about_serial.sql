-- authority: none; partition columns are null without *USE on QSYS/QPMLPMGT
-- https://www.ibm.com/docs/en/i/7.6.0?topic=services-system-status-info-view
SELECT SERIAL_NUMBER, PARTITION_ID FROM QSYS2.SYSTEM_STATUS_INFO
