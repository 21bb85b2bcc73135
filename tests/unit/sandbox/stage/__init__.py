"""The stage: its displays, drawing, sentences and doors."""

from __future__ import annotations
