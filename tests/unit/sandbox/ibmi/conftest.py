"""A small partition for each test; no program runs unless a test starts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sandbox.ibmi.lab import FAST
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI


@pytest.fixture
def system(tmp_path: Path) -> Iterator[SimulatedIbmI]:
    """A partition with 100 items."""
    made = SimulatedIbmI.open(tmp_path / "ibmi.db", FAST)
    yield made
    made.close()


@pytest.fixture
def console(system: SimulatedIbmI) -> ConsoleVerbs:
    """Its console."""
    return ConsoleVerbs(system)
