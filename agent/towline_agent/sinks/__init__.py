"""Where documents from the shop go: staging tables, a data queue, a program of the customer."""

from __future__ import annotations
