"""One bench for each road, opened when its first test runs and removed after its last one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.ibmi.roads import ROADS
from towline_agent.conformance.bench import Bench

Benches = Callable[[str], Bench]


@pytest.fixture(scope="session")
def benches() -> Iterator[Benches]:
    """Return the bench of a road by its name."""
    with ExitStack() as stack:
        opened: dict[str, Bench] = {}

        def bench(road: str) -> Bench:
            if road not in opened:
                opened[road] = stack.enter_context(ROADS[road].bench())
            return opened[road]

        yield bench
