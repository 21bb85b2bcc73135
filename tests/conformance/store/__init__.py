"""The Store port's contract as tests, parametrised over implementations."""

from __future__ import annotations
