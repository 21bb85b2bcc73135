"""A load and a refresh in bulk, with real programs, real files, and the relay killed on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.soak.bulk_load import run

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
ITEMS = 2000


def test_a_load_and_a_refresh_survive_four_kills(tmp_path: Path) -> None:
    """Every SKU once, on sale, at its prices, with its stock; the run itself compares the books."""
    report = asyncio.run(run(tmp_path, items=ITEMS, say=print, patience_s=300))
    assert set(report["states"]) <= {"applied", "skipped", "superseded"}
    by_calls = report["cheapest"]["load by calls"]
    assert report["load"]["points"] < by_calls["points"] / 20
    assert report["load"]["calls"] < by_calls["calls"] / 20
