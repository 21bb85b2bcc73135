"""The stand-in Db2 for i, held to the facts it was made from."""

from __future__ import annotations
