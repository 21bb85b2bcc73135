"""One check, and a list of them by subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from towline_agent.conformance.bench import Bench, Capability

__all__ = ["Check", "Subject"]


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the port.

    Attributes:
        subject: outbox, rows, queues...
        name: the function's name in words; unique in its subject.
        sentence: what is proved, for the report.
        needs: what the bench must be able to bring about.
        run: fails by :class:`~towline_agent.conformance.expect.CheckFailed`.
    """

    subject: str
    name: str
    sentence: str
    needs: tuple[Capability, ...]
    run: Callable[[Bench], None]

    def lacking(self, bench: Bench) -> str:
        """Return why the bench can't show it; empty when it can."""
        return " ".join(bench.lacks[need] for need in self.needs if need in bench.lacks)

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"


class Subject:
    """The checks of one subject, in the order they were written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._checks: list[Check] = []

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def check(
        self, *needs: Capability
    ) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
        """Add the decorated function; its docstring is the sentence."""

        def add(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
            name = run.__name__.replace("_", " ")
            sentence = " ".join((run.__doc__ or f"{name}.").split())  # -OO takes docstrings away
            self._checks.append(Check(self.name, name, sentence, needs, run))
            return run

        return add
