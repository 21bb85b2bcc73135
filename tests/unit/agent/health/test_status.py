"""One picture of the agent, told alike to people, scripts, Prometheus and the relay."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from tests.browser.agent_status import NOW, sample_status
from tests.support.fake_ibmi import ABOUT
from towline_agent.buffer import Backlog
from towline_agent.health.metrics import metrics_text
from towline_agent.health.page import render
from towline_agent.health.status import AgentStatus
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import WorkerState
from towline_shared.health import Status, worst

DOWN = WorkerState("down", NOW, last_error="08S01: the line broke.")


def with_connection(status: AgentStatus, purpose: Purpose, state: WorkerState) -> AgentStatus:
    return replace(status, connections={**status.connections, purpose: state})


def test_status_json_has_stable_names() -> None:
    """Scripts rely on these; moments are ISO text, and the whole is plain JSON."""
    facts = json.loads(json.dumps(replace(sample_status(), description=ABOUT).as_dict()))
    assert set(facts) == {
        "status", "ready", "now", "agent", "ibmi", "relay", "buffer", "capture", "doorbell",
        "clearing", "queues", "loading", "delivery", "checks",
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
