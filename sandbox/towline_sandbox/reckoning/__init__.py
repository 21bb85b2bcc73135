"""The reckoning: both sides' books opened from their files and held against each other."""

from __future__ import annotations
