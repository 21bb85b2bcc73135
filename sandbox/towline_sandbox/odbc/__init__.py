"""The ERP on the ODBC lab: the same programs on files in Derby, behind IBM's CLI ODBC driver.

Nothing outside this package needs pyodbc, so it is imported only when the lab is asked for. What
the lab can't show is told in tests/odbc_lab; of the ERP's side: a blank or wrong packed field can't
stand in a Derby column, so NULL stands for it here.
"""
