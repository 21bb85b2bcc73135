"""What the operator should know, and that no foreign text comes into it."""

from __future__ import annotations

from dataclasses import replace

from tests.browser.agent_status import NOW, sample_status
from towline_agent.courtesy.conditions import conditions
from towline_agent.courtesy.fuse import Reading
from towline_agent.courtesy.gauge import FuseState
from towline_agent.courtesy.operator import plain_text
from towline_agent.health.status import AgentStatus
from towline_shared.health import Status
from towline_shared.storage import Storage

NASTY = "RECORD in use by 123456/KESSLER/QPADEV0007 {anna@example.com}"


def everything_wrong() -> AgentStatus:
    status = sample_status(trouble=NASTY)
    return replace(
        status,
        capture=replace(status.capture, paused=True, faults={"price": NASTY}),
        loading=replace(status.loading, faults={"item": NASTY}),
        delivery=replace(status.delivery, waiting=NASTY, waiting_since=NOW),
        fuse=FuseState({"outbox": Reading("outbox", 70, 100, 2.4, Status.WARNING)}, missed=2),
        storage=Storage(NASTY),
        sign_on_refused=True,
    )


def test_all_is_well() -> None:
    """Nothing to say."""
    assert conditions(sample_status()) == []


def test_each_trouble_is_one_condition() -> None:
    """Every kind has a key of its own; texts fit, and name neither users nor what errors said."""
    found = conditions(everything_wrong())
    assert sorted(each.key for each in found) == [
        "buffer", "disk", "entity price", "fuse outbox", "load item", "missed", "orders", "relay",
        "sign_on",
    ]  # fmt: skip
    for each in found:
        for text in (each.text, each.over):
            assert "KESSLER" not in text
            assert "anna" not in text
            assert plain_text(text) == text
    fuse = next(each for each in found if each.key == "fuse outbox")
    assert fuse.text.startswith("the outbox is filling: 70 of 100, full in about 2 hours.")
