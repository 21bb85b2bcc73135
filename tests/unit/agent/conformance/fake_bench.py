"""A bench that does nothing, for tests of the runner and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from tests.support.fake_ibmi import ABOUT
from towline_agent.conformance.bench import Bench, BenchFacts, Capability
from towline_agent.conformance.check import Check

FACTS = BenchFacts("fake 1.0", "SF99704 level 27", "None at all.")


class FakeBench:
    """Counts how often it was cleaned; fails at the cleanings it is told to."""

    def __init__(
        self,
        *,
        lacks: Mapping[Capability, str] | None = None,
        clean: Callable[[], None] | None = None,
    ) -> None:
        self.lacks = lacks or {}
        self.cleaned = 0
        self._clean = clean

    def clean(self) -> None:
        self.cleaned += 1
        if self._clean is not None:
            self._clean()

    def facts(self) -> BenchFacts:
        return FACTS

    def connect(self) -> Any:
        return self

    def describe(self) -> Any:
        return ABOUT

    def as_bench(self) -> Bench:
        """Pass it off as a whole one."""
        return cast(Bench, self)


def check(
    name: str, run: Callable[[], object], *needs: Capability, sentence: str = "It is so."
) -> Check:
    """Return a check that looks at no bench."""

    def on_bench(_: Bench) -> None:
        run()

    return Check("fakes", name, sentence, needs, on_bench)
