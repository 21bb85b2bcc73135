"""The conformance kit: the port's suite, run at a customer's site against what is configured."""

from __future__ import annotations
