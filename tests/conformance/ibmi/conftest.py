"""The fixture every test of the suite runs on, once for each driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.ibmi.world import ROADS, World


@pytest.fixture(params=[road for _, road in ROADS], ids=[name for name, _ in ROADS])
def ibmi(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """One partition under test."""
    with request.param(tmp_path) as world:
        yield world
