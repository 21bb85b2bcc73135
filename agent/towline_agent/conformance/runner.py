"""Runs the checks on a bench, one after the other; a check never spoils the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Check
from towline_agent.conformance.expect import Background, CheckFailed, Hanging
from towline_shared.errors import TowlineError

__all__ = ["Outcome", "State", "run_checks"]

_SHOWN = 300
_LONGEST_S = 300.0


class State(Enum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the report.

    Attributes:
        why: the failure's sentence, or why it is not shown; empty when it passed.
        ms: how long it took, in milliseconds; a figure for people, never a verdict.
    """

    check: Check
    state: State
    why: str = ""
    ms: int = 0


def run_checks(
    bench: Bench,
    checks: Iterable[Check],
    *,
    tell: Callable[[Outcome], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Outcome]:
    """Run the checks and return an outcome for each, in their order.

    When the bench can't be cleaned, or a verb hangs, nothing after it would mean anything: the rest
    is not shown, with the reason. The check at which it happened has failed, so that nobody takes
    the report for a good one.

    Args:
        tell: called with each outcome as it is known.
        clock: seconds, rising.
    """
    outcomes: list[Outcome] = []
    stopped = ""
    for check in checks:
        if stopped:
            outcome = Outcome(check, State.NOT_SHOWN, stopped)
        elif lacking := check.lacking(bench):
            outcome = Outcome(check, State.NOT_SHOWN, lacking)
        else:
            outcome, stopped = _run(bench, check, clock)
        outcomes.append(outcome)
        tell(outcome)
    return outcomes


def _run(bench: Bench, check: Check, clock: Callable[[], float]) -> tuple[Outcome, str]:
    """Run one check; the second value says why the kit must stop, and is mostly empty."""
    try:
        bench.clean()
    except TowlineError as error:
        why = f"The bench could not be made ready: {error}"
        return Outcome(check, State.FAILED, why), f"The kit stopped before: {why}"
    begun = clock()
    why, stop = _why(bench, check)
    ms = round((clock() - begun) * 1000)
    return Outcome(check, State.FAILED if why else State.PASSED, why, ms), stop


def _why(bench: Bench, check: Check) -> tuple[str, str]:
    """Return what is wrong, empty when nothing is, and why the kit must stop."""
    try:
        # In a thread of its own: a verb that never comes back is a finding, not the end.
        Background(lambda: check.run(bench)).result("The check", within_s=_LONGEST_S)
    except Hanging as error:
        return str(error), f"The kit stopped before: {check} hangs, and may still hold something."
    except CheckFailed as error:
        return str(error), ""
    except TowlineError as error:
        return f"It was ended by {type(error).__name__}: {error}", ""
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:_SHOWN]
        return f"An error escaped that is none of Towline's: {told}", ""
    return "", ""
