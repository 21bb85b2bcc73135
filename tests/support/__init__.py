"""What several tests share: labs, fakes, worlds."""

from __future__ import annotations
