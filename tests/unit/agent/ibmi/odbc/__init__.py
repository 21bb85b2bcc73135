"""Unit tests of the ODBC driver of the IbmI port."""

from __future__ import annotations
