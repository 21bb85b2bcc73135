"""Drivers that are nearly right, to ask of every promise: would the kit notice?

Each flaw is one that a driver over ODBC can really have; it wraps the simulated IBM i, which is
right, and spoils one verb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from towline_agent.conformance.bench import Bench
from towline_agent.ibmi.port import IbmI, Purpose
from towline_sandbox.ibmi.bench import SimulatedBench, local_partition

#: Called instead of a verb: with the right verb, then the arguments as the caller gave them.
Flaw = Callable[..., Any]


class _SloppyJob:
    """A connection some of whose verbs are flawed."""

    def __init__(self, right: IbmI, flaws: Mapping[str, Flaw]) -> None:
        self._right = right
        self._flaws = flaws

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._right, name)
        flaw = self._flaws.get(name)
        if flaw is None:
            return verb
        return lambda *arguments, **named: flaw(verb, *arguments, **named)


class _SloppyDriver:
    def __init__(self, right: Any, flaws: Mapping[str, Flaw]) -> None:
        self._right = right
        self._flaws = flaws

    def connect(self, purpose: Purpose) -> Any:
        flaw: Flaw | None = self._flaws.get("connect")
        right = self._right.connect(purpose) if flaw is None else flaw(self._right.connect, purpose)
        return _SloppyJob(right, self._flaws)


@contextmanager
def sloppy_bench(flaws: Mapping[str, Flaw]) -> Iterator[Bench]:
    """A bench of a simulated IBM i whose driver has flaws, by verb."""

    @contextmanager
    def opened() -> Iterator[Any]:
        with local_partition() as (driver, call):
            yield _SloppyDriver(driver, flaws), call

    bench = SimulatedBench(opened)
    try:
        yield bench
    finally:
        bench.close()
