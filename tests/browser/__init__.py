"""Pages in a real browser, and the scripted world they are shown with."""

from __future__ import annotations
