"""The operator's pages: data first, HTML sparingly."""

from __future__ import annotations
