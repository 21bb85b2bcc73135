"""The roads to an IBM i on which the suite runs; a new driver joins by one more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from towline_agent.conformance.bench import Bench
from towline_sandbox.ibmi.bench import in_process, over_tcp
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import BENCH

__all__ = ["ROADS", "Road"]


@dataclass(frozen=True)
class Road:
    """A way to a bench; ``marker`` names the lab it needs, empty when it needs none."""

    name: str
    bench: Callable[[], AbstractContextManager[Bench]]
    marker: str = ""


@contextmanager
def _simulated_over_tcp() -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "ibmi.db", BENCH) as server,
        over_tcp(server.address) as bench,
    ):
        yield bench


@contextmanager
def _odbc_lab() -> Iterator[Bench]:
    from tests.conformance.ibmi.lab_hand import lab_bench  # pyodbc comes with the lab

    with lab_bench() as bench:
        yield bench


ROADS: Mapping[str, Road] = {
    road.name: road
    for road in (
        Road("in process", in_process),
        Road("over TCP", _simulated_over_tcp),
        Road("ODBC lab", _odbc_lab, marker="odbc_lab"),
    )
}
