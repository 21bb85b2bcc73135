"""Claims about the ERP on the ODBC lab, without the lab."""

from __future__ import annotations
