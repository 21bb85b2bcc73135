-- authority: none for the name of a job
SELECT COUNT(*) FROM TABLE(QSYS2.ACTIVE_JOB_INFO(JOB_NAME_FILTER => ?)) AS T
