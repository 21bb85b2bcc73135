"""Running checks: one after the other, each on a clean bench, each with an outcome."""

from __future__ import annotations

import itertools
import threading

import pytest

from tests.unit.agent.conformance.fake_bench import FakeBench, check
from towline_agent.conformance import runner
from towline_agent.conformance.bench import Capability
from towline_agent.conformance.expect import expect
from towline_agent.conformance.runner import Outcome, State, run_checks
from towline_shared.errors import Permanent, Retryable


def _fail(error: Exception) -> object:
    raise error


def test_each_check_has_an_outcome_in_order_and_a_clean_bench() -> None:
    """Passed, failed with its sentence, not shown with its reason; a failure stops nothing."""
    bench = FakeBench(lacks={Capability.JOURNAL: "This machine has no journal."})
    told: list[Outcome] = []
    ticks = itertools.count(step=0.25)
    outcomes = run_checks(
        bench.as_bench(),
        [
            check("good", lambda: None),
            check("bad", lambda: expect(False, "Two came.")),
            check("lacking", lambda: None, Capability.JOURNAL),
            check("last", lambda: None),
        ],
        tell=told.append,
        clock=lambda: next(ticks),
    )
    assert told == outcomes
    assert [(o.check.name, o.state, o.why, o.ms) for o in outcomes] == [
        ("good", State.PASSED, "", 250),
        ("bad", State.FAILED, "Two came.", 250),
        ("lacking", State.NOT_SHOWN, "This machine has no journal.", 0),
        ("last", State.PASSED, "", 250),
    ]
    assert bench.cleaned == 3  # a check that is not shown needs no clean bench


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Permanent("SQL0551: no authority."), "ended by Permanent: SQL0551"),
        (Retryable("SQL0913: in use."), "ended by Retryable: SQL0913"),
        (KeyError("IPPRC"), "none of Towline's: KeyError: 'IPPRC'"),
    ],
)
def test_any_error_is_a_failed_check(error: Exception, words: str) -> None:
    """Also one the port does not know: a driver's raw error is a finding, not the kit's end."""
    checks = [check("bad", lambda: _fail(error)), check("next", lambda: None)]
    bad, after = run_checks(FakeBench().as_bench(), checks)
    assert bad.state is State.FAILED
    assert words in bad.why
    assert after.state is State.PASSED


def test_a_bench_that_can_t_be_cleaned_stops_the_kit() -> None:
    """What comes after would mean nothing: not shown, with the reason; and one has failed."""
    errors = iter([None, Retryable("The system is down.")])

    def clean() -> None:
        error = next(errors)
        if error is not None:
            raise error

    checks = [check(name, lambda: None) for name in ("first", "second", "third")]
    outcomes = run_checks(FakeBench(clean=clean).as_bench(), checks)
    assert [o.state for o in outcomes] == [State.PASSED, State.FAILED, State.NOT_SHOWN]
    assert "The system is down." in outcomes[1].why
    assert "The system is down." in outcomes[2].why


def test_a_verb_that_hangs_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit goes on to its end and says what hung; it runs nothing more on that bench."""
    monkeypatch.setattr(runner, "_LONGEST_S", 0.01)
    release = threading.Event()
    checks = [check("hanging", lambda: release.wait(20)), check("next", lambda: None)]
    outcomes = run_checks(FakeBench().as_bench(), checks)
    release.set()
    assert [o.state for o in outcomes] == [State.FAILED, State.NOT_SHOWN]
    assert "still hanging" in outcomes[0].why
    assert "fakes: hanging hangs" in outcomes[1].why
