"""The report: who was held against the port, every check, and a last line."""

from __future__ import annotations

import json

from tests.support.fake_ibmi import ABOUT
from tests.unit.agent.conformance.fake_bench import FACTS, check
from towline_agent.conformance import report
from towline_agent.conformance.runner import Outcome, State

GOOD = Outcome(check("good", lambda: None), State.PASSED, ms=12)
BAD = Outcome(check("bad", lambda: None, sentence="One comes."), State.FAILED, "Two came.", 1500)
LACKING = Outcome(check("lacking", lambda: None), State.NOT_SHOWN, "There is no journal.")
ALL = [GOOD, BAD, LACKING]


def test_the_head_says_what_was_held_against_the_port() -> None:
    """System, release, PTF level, driver, profile, and that it was a stand-in."""
    head = report.head(ABOUT, FACTS)
    for words in ("NORDWIND (simulated)", "V7R5M0", "SF99704 level 27", "fake 1.0", "TOWLINE"):
        assert words in head


def test_a_line_says_as_much_as_its_reader_needs() -> None:
    """A passed check is one line; a failed one has promise and finding; time is in ms."""
    assert report.line(GOOD) == "ok       12 ms  fakes: good"
    assert report.line(BAD).splitlines() == [
        "FAIL   1500 ms  fakes: bad",
        "                promised: One comes.",
        "                failed: Two came.",
    ]
    assert report.line(LACKING).splitlines() == [
        "-               fakes: lacking",
        "                not shown: There is no journal.",
    ]


def test_the_last_line_counts_all_three() -> None:
    """What was not shown is counted, never left out."""
    assert report.summary(ALL) == "3 checks: 1 passed, 1 failed, 1 not shown; 1.5 s."


def test_scripts_get_everything() -> None:
    """The JSON holds head, counts and every check with its sentence."""
    whole = json.loads(json.dumps(report.as_dict(ABOUT, FACTS, ALL)))
    assert whole["summary"] == {"passed": 1, "failed": 1, "not_shown": 1}
    assert (whole["release"], whole["ptf_group"]) == ("V7R5M0", "SF99704 level 27")
    assert whole["checks"][1] == {
        "subject": "fakes", "name": "bad", "sentence": "One comes.", "state": "failed",
        "why": "Two came.", "ms": 1500,
    }  # fmt: skip
