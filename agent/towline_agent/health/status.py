"""How the agent is, as plain data: the one source of page, status.json, metrics and heartbeat.

Pure: it is given the states and puts them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from towline_agent.buffer import Backlog
from towline_agent.capture import CaptureState
from towline_agent.clearing import ClearingState
from towline_agent.courtesy.gauge import FuseState
from towline_agent.courtesy.messenger import MessengerState
from towline_agent.courtesy.quiet import QuietState
from towline_agent.deliver import DeliveryState
from towline_agent.doorbell import DoorbellState
from towline_agent.health.courtesy import (
    fuse_checks,
    locked_sentence,
    quiet_checks,
    quiet_sentence,
)
from towline_agent.health.journal import journal_checks
from towline_agent.ibmi.port import Description, Purpose
from towline_agent.ibmi.worker import WorkerState
from towline_agent.journal_reader import JournalState
from towline_agent.lease import LeaseState
from towline_agent.link_client import LinkState
from towline_agent.loading import LoadingState
from towline_agent.queue_reader import QueueState
from towline_shared.agent_reports import Filling
from towline_shared.clock import utc_text
from towline_shared.clock_gap import gap_sentence, is_worth_a_warning
from towline_shared.events import Heartbeat
from towline_shared.health import Check, Status, worst
from towline_shared.storage import Storage, storage_check

__all__ = ["About", "AgentStatus", "ibmi_status"]

_MEANWHILE = "Until then the IBM i keeps the rows, and the relay its documents."
_MOST_FILLING = 5  # of a heartbeat
_OLD_S = 300.0  # a change that waits longer than this for the relay is worth a look


@dataclass(frozen=True, slots=True)
class About:
    """What the agent is; while it runs, only keys change.

    Attributes:
        words: the fingerprint of the agent's key.
        relay_words: of the keys of the relay it accepts, the current and the next one.
    """

    version: str
    agent_id: str
    tenant: str
    name: str
    words: str
    driver: str
    started_at: datetime
    most_events: int
    library: str = "TOWLINE"
    restricted_alarm_h: int = 12
    relay_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """Everything at one moment.

    Attributes:
        outbox_waiting: rows captured and not yet deleted.
        storage: the disk under the buffer.
        set_aside: names of damaged buffers that were set aside and are still there.
        sign_on_refused: the profile was refused, and nothing is tried before a new start.
    """

    about: About
    now: datetime
    connections: Mapping[Purpose, WorkerState]
    description: Description | None
    link: LinkState
    backlog: Backlog
    outbox_waiting: int
    capture: CaptureState
    doorbell: DoorbellState | None
    clearing: ClearingState
    queues: Sequence[QueueState]
    loading: LoadingState
    delivery: DeliveryState
    journal: JournalState | None = None
    quiet: QuietState = field(default_factory=QuietState)
    fuse: FuseState = field(default_factory=FuseState)
    messenger: MessengerState = field(default_factory=MessengerState)
    storage: Storage = field(default_factory=Storage)
    set_aside: Sequence[str] = ()
    sign_on_refused: bool = False
    lease: LeaseState = field(default_factory=LeaseState)

    @property
    def ibmi(self) -> str:
        """``up``, ``down`` or ``restricted``."""
        return ibmi_status(self.connections)

    @property
    def ibmi_sentence(self) -> str:
        """The first thing that is wrong with the IBM i; empty when nothing is."""
        for state in self.connections.values():
            if state.status in ("down", "restricted") and state.last_error:
                return state.last_error
        return self.capture.trouble or self.clearing.trouble

    @property
    def oldest_unsent_s(self) -> float:
        """Age of the oldest change the relay has not acknowledged, in seconds."""
        oldest = self.backlog.oldest_at
        return max(0.0, (self.now - oldest).total_seconds()) if oldest else 0.0

    @property
    def oldest_unapplied_s(self) -> float:
        """Age of the oldest document that has no effect on the IBM i yet, in seconds."""
        oldest = self.backlog.inbox_oldest_at
        return max(0.0, (self.now - oldest).total_seconds()) if oldest else 0.0

    @property
    def filling(self) -> list[Filling]:
        """What grows and will be full, soonest first."""
        found = [
            Filling(reading.name, reading.used, reading.most, reading.hours)
            for reading in self.fuse.readings.values()
            if reading.hours is not None
        ]
        return sorted(found, key=lambda each: each.hours)

    @property
    def ready(self) -> bool:
        """Connected on both sides and draining."""
        return (
            self.ibmi == "up"
            and self.link.connected
            and not self.capture.paused
            and not self.storage.full
            and self.oldest_unsent_s < _OLD_S
        )

    def heartbeat(self) -> Heartbeat:
        """What the relay is told."""
        return Heartbeat(
            backlog=self.backlog.unacked,
            oldest_unsent_s=self.oldest_unsent_s,
            ibmi=self.ibmi,
            version=self.about.version,
            detail=self._notice(),
            oldest_unapplied_s=self.oldest_unapplied_s,
            held=self.capture.held,
            filling=tuple(self.filling[:_MOST_FILLING]),
            partition=self.description.fingerprint if self.description else "",
        )

    def _notice(self) -> str:
        """One sentence for those far away: the worst first, empty when all is well."""
        if self.ibmi != "up":
            return self.ibmi_sentence
        if self.storage.full:
            return self.storage.full
        if self.journal is not None and self.journal.lost:
            return self.journal.lost
        since = self.about.started_at
        for check in fuse_checks(self.fuse, self.about.library, since):
            return check.detail
        paused = quiet_sentence(self.quiet.paused)  # a window by the clock is no news
        return f"The agent is paused: {paused}." if paused else self._outside()

    def checks(self) -> list[Check]:
        """Named checks, each with what to do."""
        since = self.about.started_at
        disk = storage_check(self.storage, started_at=since, meanwhile=_MEANWHILE)
        found = [self._ibmi_check(), self._relay_check(), self._buffer_check(), disk]
        if self.lease.role != "alone":
            found.append(self._pair_check())
        if is_worth_a_warning(self.link.clock_gap_s):
            found.append(self._clock_check())
        for sentence in self.description.missing if self.description else ():
            found.append(Check("authority", Status.FAILED, since, sentence))
        for entity, sentence in self.capture.faults.items():
            found.append(
                Check(
                    f"entity {entity}", Status.FAILED, since, sentence,
                    "Its rows stay in the outbox and are read once this is corrected.",
                )
            )  # fmt: skip
        for entity, sentence in self.loading.faults.items():
            found.append(Check(f"load {entity}", Status.FAILED, since, sentence))
        for queue in self.queues:
            if queue.trouble or queue.strangers:
                detail = queue.trouble or (
                    f"{queue.name} gave {queue.strangers} entries that were not kept:"
                    " another job reads it."
                )
                found.append(Check(f"queue {queue.name}", Status.WARNING, since, detail))
        if self.journal is not None:
            found += journal_checks(self.journal, since)
        if self.delivery.waiting:
            found.append(self._orders_check())
        if self.delivery.outside:
            found.append(self._policy_check())
        if self.clearing.locked_since is not None:
            detail = self.clearing.trouble + self._locked(self.clearing.locked_since)
            found.append(Check("outbox", Status.WARNING, self.clearing.locked_since, detail))
        if self.messenger.fault:
            found.append(
                Check(
                    "operator messages", Status.WARNING, since, self.messenger.fault,
                    "Grant *USE and *ADD to the message queue, or set operator_messages = false.",
                )
            )  # fmt: skip
        if self.set_aside:
            found.append(
                Check(
                    "buffer set aside", Status.WARNING, since,
                    f"A damaged buffer was set aside as {self.set_aside[-1]}; a fresh one was begun"
                    " and everything is read anew.",
                    "Look for the cause on this disk, then take the file out of the state folder.",
                )
            )  # fmt: skip
        found += quiet_checks(self.quiet, since)
        found += fuse_checks(self.fuse, self.about.library, since)
        return found

    def _pair_check(self) -> Check:
        since = self.lease.since or self.about.started_at
        if self.lease.role == "active":
            return Check("pair", Status.OK, since, "This host is the active one of its pair.")
        return Check("pair", Status.OK, since, "This host stands by; the other one works.")

    def _policy_check(self) -> Check:
        return Check(
            "policy", Status.WARNING, self.delivery.outside_at or self.about.started_at,
            self._outside(),
            "Nothing was done with it. Ask the relay's operator, or see [policy] in agent.toml.",
        )  # fmt: skip

    def _outside(self) -> str:
        """Say what the relay asked for that this site does not allow; empty when nothing."""
        count = self.delivery.outside
        if not count:
            return ""
        documents = "document" if count == 1 else "documents"
        return f"{count} {documents} from the relay refused; the last: {self.delivery.outside_last}"

    def _orders_check(self) -> Check:
        detail = self.delivery.waiting + self._locked(self.delivery.locked_since)
        since = self.delivery.waiting_since or self.about.started_at
        return Check("orders", Status.WARNING, since, detail)

    def _locked(self, since: datetime | None) -> str:
        return locked_sentence(since, self.about.library, self.now)

    def _ibmi_check(self) -> Check:
        state = self.connections[Purpose.READ]
        if self.ibmi == "up":
            return Check("IBM i", Status.OK, state.since, "The IBM i is connected.")
        if self.ibmi == "restricted":
            return self._restricted_check()
        detail = self.ibmi_sentence or "The IBM i has not been reached yet."
        return Check("IBM i", Status.FAILED, state.since, detail, "Run towline-agent check.")

    def _restricted_check(self) -> Check:
        """Hours without connections are a save; more than anybody saves are not.

        The time runs from the last good answer, since a save ends and starts servers in between.
        """
        since = self._last_good() or self.about.started_at
        said = self.ibmi_sentence or "The IBM i takes no connections now."
        detail = f"Full save or restricted state since {since:%Y-%m-%d %H:%M} UTC: {said}"
        if self.now - since < timedelta(hours=self.about.restricted_alarm_h):
            return Check(
                "IBM i", Status.WARNING, since, detail,
                "Normal during a full save; the agent goes on by itself.",
            )  # fmt: skip
        return Check(
            "IBM i", Status.FAILED, since, detail,
            f"That is more than {self.about.restricted_alarm_h} hours: ask whether the subsystems"
            " and host servers were started again (STRHOSTSVR).",
        )  # fmt: skip

    def _relay_check(self) -> Check:
        since = self.link.since or self.about.started_at
        if self.link.connected:
            return Check("relay", Status.OK, since, "The relay is connected.")
        detail = self.link.last_error or "The relay has not been reached yet."
        return Check(
            "relay", Status.FAILED, since, detail, "Nothing is lost; run towline-agent check."
        )

    def _clock_check(self) -> Check:
        said = gap_sentence(
            -(self.link.clock_gap_s or 0.0), ours="the relay's", theirs="This machine's"
        )
        return Check(
            "clock", Status.WARNING, self.link.since or self.about.started_at, f"{said}.",
            "Set it by a time server (NTP): ages, quiet hours and days are told by it.",
        )  # fmt: skip

    def _buffer_check(self) -> Check:
        since = self.about.started_at
        if self.capture.paused and not self.storage.full:
            return Check(
                "buffer", Status.WARNING, since,
                "The buffer is full; reading is paused and the IBM i keeps the rows.",
                "See why the relay does not take them.",
            )  # fmt: skip
        if self.oldest_unsent_s >= _OLD_S:
            return Check(
                "buffer", Status.WARNING, since,
                f"The oldest change has waited {self.oldest_unsent_s:.0f} s for the relay.",
            )  # fmt: skip
        return Check("buffer", Status.OK, since, f"{self.backlog.unacked} changes wait to be sent.")

    def as_dict(self) -> dict[str, Any]:
        """Return status.json: stable names, moments as ISO text in UTC, seconds as numbers."""
        checks = self.checks()
        description = plain_data(self.description) if self.description else None
        return {
            "status": worst(checks).name.lower(),
            "ready": self.ready,
            "now": utc_text(self.now),
            "agent": plain_data(self.about),
            "ibmi": {
                "status": self.ibmi,
                "detail": self.ibmi_sentence,
                "last_good_at": plain_data(self._last_good()),
                "system": description,
                "fingerprint": self.description.fingerprint if self.description else "",
                "connections": {
                    purpose.value: plain_data(state) for purpose, state in self.connections.items()
                },
            },
            "relay": plain_data(self.link),
            "buffer": {
                "backlog": self.backlog.unacked,
                "oldest_unsent_s": round(self.oldest_unsent_s, 3),
                "by_stream": dict(self.backlog.by_stream),
                "inbox": self.backlog.inbox,
                "oldest_unapplied_s": round(self.oldest_unapplied_s, 3),
                "held": list(self.capture.held),
                "filling": plain_data(self.filling),
                "paused": self.capture.paused,
                "outbox_waiting": self.outbox_waiting,
                "full": self.storage.full,
                "disk": plain_data(self.storage),
            },
            "capture": plain_data(self.capture),
            "doorbell": plain_data(self.doorbell) if self.doorbell else None,
            "clearing": plain_data(self.clearing),
            "queues": [plain_data(queue) for queue in self.queues],
            "journal": plain_data(self.journal) if self.journal else None,
            "loading": plain_data(self.loading),
            "delivery": plain_data(self.delivery),
            "pair": plain_data(self.lease),
            "quiet": plain_data(self.quiet),
            "fuse": plain_data(self.fuse),
            "operator": plain_data(self.messenger),
            "checks": [check.as_dict() for check in checks],
        }

    def _last_good(self) -> datetime | None:
        moments = [state.last_good_at for state in self.connections.values() if state.last_good_at]
        return max(moments, default=None)


def ibmi_status(connections: Mapping[Purpose, WorkerState]) -> str:
    """Judge by the reading connection first; the waiting one is up whenever a wait came back."""
    states = {state.status for state in connections.values()}
    if "restricted" in states:
        return "restricted"
    return "up" if connections[Purpose.READ].status == "up" and "down" not in states else "down"


def plain_data(value: Any) -> Any:
    """Turn states into what JSON can write."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain_data(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain_data(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if isinstance(value, Status):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    return utc_text(value) if isinstance(value, datetime) else value
