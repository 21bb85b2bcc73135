"""Minutes of bad days for the whole agent over the ODBC lab; ``make soak-odbc``. Not part of CI."""
