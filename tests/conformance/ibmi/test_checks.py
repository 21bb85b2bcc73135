"""The kit's own checks, on every road: what a customer runs is what we run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.ibmi.conftest import Benches
from tests.conformance.ibmi.differences import DIFFERENCES
from tests.conformance.ibmi.roads import ROADS, Road
from towline_agent.conformance.check import Check
from towline_agent.conformance.registry import CHECKS


def _marks(road: Road) -> list[pytest.MarkDecorator]:
    return [getattr(pytest.mark, road.marker)] if road.marker else []


def _cases() -> Iterator[object]:
    # Checks that a road can't show are not collected: the list of differences speaks for them.
    for road in ROADS.values():
        for check in CHECKS:
            if not any(need in DIFFERENCES[road.name] for need in check.needs):
                yield pytest.param(road, check, id=f"{road.name}-{check}", marks=_marks(road))


@pytest.mark.parametrize(("road", "check"), list(_cases()))
def test_the_driver_keeps_its_promise(benches: Benches, road: Road, check: Check) -> None:
    """The check passes on a clean bench; its own sentence says what is proved."""
    bench = benches(road.name)
    bench.clean()
    check.run(bench)


@pytest.mark.parametrize(
    "road", [pytest.param(road, id=road.name, marks=_marks(road)) for road in ROADS.values()]
)
def test_a_road_lacks_what_the_list_says_and_nothing_more(benches: Benches, road: Road) -> None:
    """What the report would call "not shown" is exactly the list of differences."""
    assert dict(benches(road.name).lacks) == dict(DIFFERENCES[road.name])
