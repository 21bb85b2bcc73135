"""What people see of a journal: where it stands, what is held, and a loss that can't be missed."""

from __future__ import annotations

from dataclasses import replace

from tests.browser.agent_status import sample_status
from towline_agent.courtesy.conditions import conditions
from towline_agent.health.metrics import metrics_text
from towline_agent.health.page import render
from towline_agent.health.status import AgentStatus
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import WorkerState
from towline_agent.journal_reader import JournalState
from towline_agent.journal_writer import Written
from towline_shared.health import Status, worst

READING = JournalState(
    "DISTLIB/DISTJRN", position="DISTLIB/R0001 4711", behind=1234, open_cycles=2,
    open_since="2026-11-23-08.00.00.000000", written=Written(events=7),
)  # fmt: skip
LOST = replace(READING, lost="CPF9801: object R0001 was not found.", behind=None)


def up(status: AgentStatus) -> dict[Purpose, WorkerState]:
    return {purpose: replace(state, status="up") for purpose, state in status.connections.items()}


def test_a_journal_that_is_read_is_shown_and_worries_nobody() -> None:
    """Position, distance and open transactions stand on the page and in the metrics."""
    status = replace(sample_status(), journal=READING)
    page = render(status)
    assert "read to DISTLIB/R0001 4711, 1,234 entries behind" in page
    assert "2, the oldest since 2026-11-23-08.00.00.000000" in page
    metrics = metrics_text(status)
    for line in ("lost 0", "open_cycles 2", "captured_total 7", "behind_entries 1234"):
        assert f"towline_agent_journal_{line}\n" in metrics
    assert not [each for each in status.checks() if each.name.startswith("journal")]
    assert status.as_dict()["journal"]["position"] == "DISTLIB/R0001 4711"


def test_a_lost_journal_fails_says_what_to_do_and_tells_the_operator() -> None:
    """One sentence on the page; the operator hears that changes are missing."""
    status = replace(sample_status(), journal=LOST)
    (check,) = [each for each in status.checks() if each.name == "journal DISTLIB/DISTJRN"]
    assert (check.status, check.detail) == (Status.FAILED, LOST.lost)
    assert "towline-agent journal restart" in check.hint
    assert worst(status.checks()) is Status.FAILED
    assert "towline_agent_journal_lost 1\n" in metrics_text(status)
    assert "behind_entries" not in metrics_text(status)
    connected = replace(status, connections=up(status))
    assert connected.heartbeat().detail == LOST.lost
    (told,) = [each for each in conditions(status) if each.key == "journal"]
    assert "changes are missing" in told.text


def test_trouble_is_a_warning_and_a_load_is_said() -> None:
    """Trouble passes by itself; why something was loaded again stays visible."""
    journal = replace(READING, trouble="The line broke.", notes=("ITMPRC was cleared",))
    status = replace(sample_status(), journal=journal)
    found = {each.name: each for each in status.checks() if each.name.startswith("journal")}
    assert found["journal DISTLIB/DISTJRN"].status is Status.WARNING
    assert found["journal DISTLIB/DISTJRN load"].detail == "ITMPRC was cleared."
