"""One picture of the agent, told alike to people, scripts, Prometheus and the relay."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from tests.browser.agent_status import NOW, sample_status
from tests.support.fake_ibmi import ABOUT
from towline_agent.buffer import Backlog
from towline_agent.calendar import Quiet, Work
from towline_agent.courtesy.fuse import Reading
from towline_agent.courtesy.gauge import FuseState
from towline_agent.courtesy.quiet import QuietState
from towline_agent.health.metrics import metrics_text
from towline_agent.health.page import render
from towline_agent.health.status import AgentStatus
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import WorkerState
from towline_shared.health import Status, worst
from towline_shared.storage import Storage

DOWN = WorkerState("down", NOW, last_error="08S01: the line broke.")


def with_connection(status: AgentStatus, purpose: Purpose, state: WorkerState) -> AgentStatus:
    return replace(status, connections={**status.connections, purpose: state})


def test_status_json_has_stable_names() -> None:
    """Scripts rely on these; moments are ISO text, and the whole is plain JSON."""
    facts = json.loads(json.dumps(replace(sample_status(), description=ABOUT).as_dict()))
    assert set(facts) == {
        "status", "ready", "now", "agent", "ibmi", "relay", "buffer", "capture", "doorbell",
        "clearing", "queues", "loading", "delivery", "journal", "quiet", "fuse", "operator",
        "checks", "pair",
    }  # fmt: skip
    assert facts["now"] == "2026-11-23T09:00:00.000000Z"
    assert facts["ibmi"]["fingerprint"] == ABOUT.fingerprint
    assert set(facts["ibmi"]["connections"]) == {"read", "write", "wait"}


def test_any_lost_connection_shows() -> None:
    """The agent is up only when nothing it needs is down; the sentence travels in the heartbeat."""
    status = sample_status()
    assert status.heartbeat().ibmi == "up"
    for purpose in Purpose:
        broken = with_connection(status, purpose, DOWN)
        assert broken.heartbeat().ibmi == "down"
        assert broken.heartbeat().detail == "08S01: the line broke."
        assert not broken.ready


def test_a_save_is_a_warning_and_a_fault_is_a_failure() -> None:
    """Restricted state for hours every weekend must not page anybody."""
    status = sample_status()
    save = with_connection(status, Purpose.READ, replace(DOWN, status="restricted"))
    assert worst(save.checks()) is Status.WARNING
    fault = with_connection(status, Purpose.READ, DOWN)
    assert worst(fault.checks()) is Status.FAILED


def test_what_waits_too_long_is_not_ready() -> None:
    """Five minutes without an acknowledgement is a warning, however few events wait."""
    backlog = Backlog(1, NOW - timedelta(seconds=301), {"changes": 1}, 0)
    status = replace(sample_status(), backlog=backlog)
    assert not status.ready
    assert any("has waited 301 s" in check.detail for check in status.checks())


def test_missing_authority_and_a_broken_entity_need_a_person() -> None:
    """Each has a check of its own with the sentence."""
    status = sample_status()
    status = replace(
        status,
        description=replace(ABOUT, missing=("No *USE to DISTLIB/ITMPRC.",)),
        capture=replace(status.capture, faults={"price": "SQL0206: no column IPPRC."}),
    )
    details = {check.name: check.detail for check in status.checks()}
    assert details["authority"] == "No *USE to DISTLIB/ITMPRC."
    assert details["entity price"] == "SQL0206: no column IPPRC."
    assert worst(status.checks()) is Status.FAILED


def test_metrics_are_prometheus_text() -> None:
    """Each family has its help and type; label values are escaped."""
    status = sample_status()
    odd = replace(status.about, driver='a"b\\c\nd')
    lines = metrics_text(replace(status, about=odd)).splitlines()
    assert r'towline_agent_info{version="0.1.0",driver="a\"b\\c\nd"} 1' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    samples = [line for line in lines if not line.startswith("#")]
    assert all(sample.split("{")[0].split(" ")[0] in names for sample in samples)


def test_the_page_escapes_what_others_say() -> None:
    """A system name or an error text can't bring markup in."""
    nasty = "<script>alert(1)</script>"
    status = replace(sample_status(), description=replace(ABOUT, system=nasty))
    page = render(with_connection(status, Purpose.READ, replace(DOWN, last_error=nasty)))
    assert nasty not in page
    assert "&lt;script&gt;" in page


def restricted_since(last_good: datetime) -> AgentStatus:
    state = replace(DOWN, status="restricted", last_good_at=last_good)
    return replace(sample_status(), connections=dict.fromkeys(Purpose, state))


def test_a_save_is_normal_for_hours_and_not_for_ever() -> None:
    """The page says since when; after twelve hours somebody has forgotten the host servers."""
    (check,) = (
        each for each in restricted_since(NOW - timedelta(hours=11)).checks()
        if each.name == "IBM i"
    )  # fmt: skip
    assert check.status is Status.WARNING
    assert "Full save or restricted state since 2026-11-22 22:00 UTC" in check.detail
    late = restricted_since(NOW - timedelta(hours=12))
    assert worst(late.checks()) is Status.FAILED
    assert any("STRHOSTSVR" in check.hint for check in late.checks())
    patient = replace(late, about=replace(late.about, restricted_alarm_h=24))
    assert worst(patient.checks()) is Status.WARNING


def test_a_lock_that_lasts_is_perhaps_a_save() -> None:
    """Five minutes locked: the sentence names SAVLIB and the library; before that it does not."""
    status = sample_status()
    for minutes, wanted in ((4, False), (12, True)):
        since = NOW - timedelta(minutes=minutes)
        delivery = replace(
            status.delivery, waiting="SQL0913: in use.", waiting_since=since, locked_since=since
        )
        clearing = replace(status.clearing, trouble="SQL0913: in use.", locked_since=since)
        checks = replace(status, delivery=delivery, clearing=clearing).checks()
        found = {check.name: check.detail for check in checks}
        for name in ("orders", "outbox"):
            assert ("perhaps by a save (SAVLIB, SAVOBJ) of TOWLINE" in found[name]) is wanted
            assert ("locked for 12 minutes" in found[name]) is wanted


def test_a_full_disk_needs_a_person() -> None:
    """FAILED and not ready, in the words of the storage."""
    status = replace(sample_status(), storage=Storage("buffer.db can't grow."))
    assert not status.ready
    found = {check.name: check for check in status.checks()}
    assert found["disk full"].status is Status.FAILED
    assert status.heartbeat().detail == "buffer.db can't grow."
    assert "towline_agent_disk_full 1" in metrics_text(status)


def test_the_fuse_shows_everywhere() -> None:
    """Check, page, metrics and heartbeat tell the same; missed changes say what to do."""
    reading = Reading("outbox", 70_000, 100_000, 2.5, Status.WARNING)
    fine = Reading("TOWLINE/WEBPRICE", 3, 0, None, Status.OK)
    fuse = FuseState({"outbox": reading, "TOWLINE/WEBPRICE": fine})
    status = replace(sample_status(), fuse=fuse)
    sentence = "The outbox is filling: 70,000 of 100,000 (70 %), full in 2.5 h."
    assert [check.detail for check in status.checks() if check.name == "fuse outbox"] == [sentence]
    assert status.heartbeat().detail == sentence
    assert "70,000 of 100,000" in render(status)
    figures = metrics_text(status)
    assert 'towline_agent_fuse_used{name="outbox"} 70000' in figures
    assert 'towline_agent_fuse_hours_to_full{name="outbox"} 2.5' in figures
    assert 'hours_to_full{name="TOWLINE/WEBPRICE"}' not in figures
    facts = json.loads(json.dumps(status.as_dict()))["fuse"]["readings"]["outbox"]
    assert facts["status"] == "warning"
    missed = replace(status, fuse=replace(fuse, missed=2))
    assert worst(missed.checks()) is Status.FAILED
    (check,) = (each for each in missed.checks() if each.name == "missed changes")
    assert "TOWLINE.MISSED" in check.detail
    assert "towline-agent reload ENTITY" in check.hint


def test_quiet_hours_are_well_and_a_pause_is_a_warning() -> None:
    """A window by the clock is as it should be; a pause somebody may have forgotten is shown."""
    until = NOW + timedelta(hours=1)
    window = tuple(Quiet(work, "night", until) for work in (Work.LOAD, Work.READ))
    status = replace(sample_status(), quiet=QuietState(resting=window))
    assert worst(status.checks()) is Status.OK
    assert status.ready
    assert status.heartbeat().detail == ""
    page = render(status)
    assert "loading and reading rest until 2026-11-23 10:00 UTC (night)" in page
    assert 'towline_agent_resting{what="read"} 1' in metrics_text(status)
    pause = (Quiet(Work.WRITE, "paused by a person"),)
    status = replace(status, quiet=QuietState(resting=pause, paused=pause))
    assert worst(status.checks()) is Status.WARNING
    assert status.heartbeat().detail == ("The agent is paused: writing rests (paused by a person).")
    assert json.loads(json.dumps(status.as_dict()))["quiet"]["paused"] == [
        {"what": "write", "name": "paused by a person", "until": None}
    ]
    odd = replace(status, quiet=QuietState(faults={"job X": "Not known."}))
    assert any(check.name == "quiet job X" for check in odd.checks())


def test_a_clock_that_is_off_is_a_warning_and_shows_on_the_page() -> None:
    """From two minutes on, in the direction a person has to turn it."""
    status = sample_status()
    for gap, said in ((119.0, ""), (180.0, "This machine's clock is 3 min behind the relay's.")):
        off = replace(status, link=replace(status.link, clock_gap_s=gap, relay_backlog=1234))
        clocks = [check.detail for check in off.checks() if check.name == "clock"]
        assert clocks == ([said] if said else [])
        assert f"{gap:+.0f} s against ours" in render(off)
        assert "1,234" in render(off)
    same = replace(status, link=replace(status.link, clock_gap_s=-0.2))
    assert "<dd>as ours</dd>" in render(same)


def test_the_heartbeat_tells_which_partition_answers_once_it_does() -> None:
    """The relay's page shows it; before the IBM i was reached there is nothing to tell."""
    status = sample_status()
    assert replace(status, description=ABOUT).heartbeat().partition == ABOUT.fingerprint
    assert replace(status, description=None).heartbeat().partition == ""


def test_what_the_policy_refused_stands_on_both_pages() -> None:
    """A check and a figure here; the sentence of the heartbeat is what the relay's page shows."""
    status = sample_status()
    refused = replace(
        status.delivery, outside=2, outside_last="Documents of the kind 'price' are outside.",
        outside_at=NOW,
    )  # fmt: skip
    status = replace(status, delivery=refused)
    sentence = "2 documents from the relay refused; the last: Documents of the kind 'price'"
    (check,) = [check for check in status.checks() if check.name == "policy"]
    assert check.status is Status.WARNING
    assert sentence in check.detail
    assert status.heartbeat().detail.startswith(sentence)
    assert "outside the policy" in render(status)
    assert 'documents_total{outcome="outside the policy"} 2' in metrics_text(status)
