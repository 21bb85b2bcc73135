"""The driver ``odbc``: the IbmI port over IBM's ODBC driver, the one door to a real IBM i."""

from __future__ import annotations
