"""What an operator should know, read off the agent's status. Pure.

The sentences are fixed and short: an error's own text may name a user profile, and belongs on the
health page, where whoever mends it looks.
"""

from __future__ import annotations

from collections.abc import Iterator

from towline_agent.courtesy.gauge import BUFFER, OUTBOX
from towline_agent.courtesy.operator import Condition
from towline_agent.health.status import AgentStatus

__all__ = ["conditions"]

_RELAY_S = 900.0
_ORDERS_S = 1800.0
_BUFFER_S = 600.0
_PAGE = "The agent's health page says what to do."


def conditions(status: AgentStatus) -> list[Condition]:
    """Return everything that is so now and worth a message."""
    return [*_link_conditions(status), *_ibmi_conditions(status), *_fuse_conditions(status)]


def _link_conditions(status: AgentStatus) -> Iterator[Condition]:
    if not status.link.connected:
        yield Condition(
            "relay",
            "the relay has not been reached for 15 minutes. Nothing is lost: changes wait in the"
            f" agent and on this system. {_PAGE}",
            "the relay is connected again.",
            settle_s=_RELAY_S,
        )
    if status.capture.paused:
        yield Condition(
            "buffer",
            f"the agent's buffer is full, so rows stay in the outbox. {_PAGE}",
            "the agent reads the outbox again.",
            settle_s=_BUFFER_S,
        )
    if status.storage.full:
        trouble = "reports errors" if status.storage.remedy else "is full"
        yield Condition(
            "disk",
            f"the disk under the agent {trouble}, so rows stay in the outbox. {_PAGE}",
            "the agent can write to its disk again.",
        )


def _ibmi_conditions(status: AgentStatus) -> Iterator[Condition]:
    if status.sign_on_refused:
        yield Condition(
            "sign_on",
            "",
            "the agent is signed on again after its sign-on had been refused.",
            settle_s=0.0,
            silent=True,
        )
    for entity in status.capture.faults:
        yield Condition(
            f"entity {entity}",
            f"the SELECT of {entity} fails; its changes stay in the outbox. {_PAGE}",
            f"the SELECT of {entity} works again.",
        )
    for entity in status.loading.faults:
        yield Condition(
            f"load {entity}",
            f"the load of {entity} can't go on. {_PAGE}",
            f"the load of {entity} goes on.",
        )
    if status.journal is not None and status.journal.lost:
        yield Condition(
            "journal",
            f"journal {status.journal.name} can't be read on: a receiver was deleted unread, and"
            f" changes are missing. {_PAGE}",
            f"journal {status.journal.name} is read again.",
        )
    if status.delivery.waiting:
        yield Condition(
            "orders",
            f"orders have waited for 30 minutes and can't be written. {_PAGE}",
            "orders are written again.",
            settle_s=_ORDERS_S,
        )


def _fuse_conditions(status: AgentStatus) -> Iterator[Condition]:
    if status.fuse.missed:
        yield Condition(
            "missed",
            f"triggers could not write {status.fuse.missed} changes into the outbox. {_PAGE}",
            "no changes are missing from the outbox any more.",
            settle_s=0.0,
        )
    for name, reading in status.fuse.readings.items():
        if reading.status and name != BUFFER:  # that one has a condition of its own
            what = "the outbox" if name == OUTBOX else f"data queue {name}"
            soon = f", full in about {reading.hours:.0f} hours" if reading.hours else ""
            yield Condition(
                f"fuse {name}",
                f"{what} is filling: {reading.used} of {reading.most}{soon}. {_PAGE}",
                f"{what} is no longer filling.",
                settle_s=120.0,
            )
