"""The kit's report, as text for people and as JSON for scripts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from towline_agent.conformance.bench import BenchFacts
from towline_agent.conformance.runner import Outcome, State
from towline_agent.ibmi.port import Description

__all__ = ["as_dict", "head", "line", "summary"]

_MARKS = {State.PASSED: "ok", State.FAILED: "FAIL", State.NOT_SHOWN: "-"}
_WIDTH = 12


def head(about: Description, facts: BenchFacts) -> str:
    """Return the lines that say what was held against the port."""
    kind = " (simulated)" if about.simulated else ""
    rows = (
        ("system", f"{about.system}{kind}"),
        ("release", about.release),
        ("PTF group", facts.ptf_group),
        ("driver", facts.driver),
        ("profile", f"{about.user}, CCSID {about.ccsid}"),
        ("objects", facts.objects),
    )
    return "\n".join(f"{name:{_WIDTH}}{text}" for name, text in rows)


def line(outcome: Outcome) -> str:
    """Return a check's line; a failed one, and one not shown, say why below it."""
    check = outcome.check
    took = "" if outcome.state is State.NOT_SHOWN else f"{outcome.ms} ms"
    first = f"{_MARKS[outcome.state]:5}{took:>9}  {check}"
    if outcome.state is State.PASSED:
        return first
    lines = [first, f"{'':16}{outcome.state.value}: {outcome.why}"]
    if outcome.state is State.FAILED:
        lines.insert(1, f"{'':16}promised: {check.sentence}")
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the last line: how many of each, and the time all of them took."""
    count = Counter(outcome.state for outcome in outcomes)
    seconds = sum(outcome.ms for outcome in outcomes) / 1000
    told = ", ".join(f"{count[state]} {state.value}" for state in State)
    return f"{len(outcomes)} checks: {told}; {seconds:.1f} s."


def as_dict(about: Description, facts: BenchFacts, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the whole report as plain data.

    Every check has ``subject``, ``name``, ``sentence``, ``state`` (passed, failed, not shown),
    ``why`` and ``ms``.
    """
    count = Counter(outcome.state for outcome in outcomes)
    return {
        "system": about.system,
        "simulated": about.simulated,
        "release": about.release,
        "ptf_group": facts.ptf_group,
        "driver": facts.driver,
        "user": about.user,
        "ccsid": about.ccsid,
        "objects": facts.objects,
        "summary": {state.value.replace(" ", "_"): count[state] for state in State},
        "checks": list(_checks(outcomes)),
    }


def _checks(outcomes: Sequence[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        yield {
            "subject": outcome.check.subject,
            "name": outcome.check.name,
            "sentence": outcome.check.sentence,
            "state": outcome.state.value,
            "why": outcome.why,
            "ms": outcome.ms,
        }
