"""A small partition for each test; no program runs unless a test starts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.settings import IbmISettings

SETTINGS = IbmISettings(items=150, seed=3, waitrcd_s=0.05, erp_delay_s=0.0, ship_delay_s=0.0,
                        second_parcel_delay_s=0.0, programs=False)  # fmt: skip


@pytest.fixture
def settings() -> IbmISettings:
    return SETTINGS


@pytest.fixture
def system(tmp_path: Path, settings: IbmISettings) -> Iterator[SimulatedIbmI]:
    made = SimulatedIbmI.open(tmp_path / "ibmi.db", settings)
    yield made
    made.close()


@pytest.fixture
def console(system: SimulatedIbmI) -> ConsoleVerbs:
    return ConsoleVerbs(system)
