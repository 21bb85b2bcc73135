"""What users of other connectors complained about: one test a complaint, named after it."""

from __future__ import annotations
