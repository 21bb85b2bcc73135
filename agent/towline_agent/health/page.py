"""The health page: one calm sheet, rendered on the server, without scripts or foreign assets."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from html import escape
from importlib import resources
from string import Template

from towline_agent.courtesy.gauge import BUFFER
from towline_agent.health.courtesy import filled, fuse_facts, quiet_sentence
from towline_agent.health.journal import journal_facts
from towline_agent.health.status import AgentStatus
from towline_agent.ibmi.port import Purpose
from towline_shared.health import Check, Status, worst
from towline_shared.storage import MIB, sqlite_note

__all__ = ["render", "stylesheet"]

_HEADLINES = {
    Status.OK: "All is well.",
    Status.WARNING: "It works, and something waits.",
    Status.FAILED: "Something needs a person.",
}
_CLASS = {"up": "ok", "restricted": "warning", "down": "failed", "starting": "warning"}
_PURPOSES = {Purpose.READ: "reads", Purpose.WRITE: "writes", Purpose.WAIT: "waits"}


@cache
def _file(name: str) -> str:
    return (resources.files("towline_agent.health") / name).read_text(encoding="utf-8")


def stylesheet() -> str:
    """Return the page's CSS."""
    return _file("page.css")


def render(status: AgentStatus) -> str:
    """Return the whole page; every value in it is escaped here."""
    checks = status.checks()
    overall = worst(checks)
    description = status.description
    return Template(_file("page.html")).substitute(
        overall=overall.name.lower(),
        headline=escape(_headline(status, overall)),
        simulated='<span class="tag">simulated IBM i</span>'
        if description is not None and description.simulated
        else "",
        name=escape(status.about.name or status.about.agent_id),
        ibmi_class=_CLASS[status.ibmi],
        relay_class="ok" if status.link.connected else "failed",
        system=escape(description.system if description else "not reached yet"),
        backlog=status.backlog.unacked,
        relay_host=escape(_host(status.link.relay_url)),
        ibmi_facts=_facts(_ibmi_facts(status)),
        relay_facts=_facts(_relay_facts(status)),
        buffer_facts=_facts(_buffer_facts(status)),
        agent_facts=_facts(_agent_facts(status)),
        connections="".join(_connection(purpose, status) for purpose in status.connections),
        checks="".join(map(_check, checks)),
        now=escape(status.now.strftime("%Y-%m-%d %H:%M:%S UTC")),
    )


def _headline(status: AgentStatus, overall: Status) -> str:
    if status.ibmi != "up" and not status.link.connected:
        return "Neither the IBM i nor the relay is connected."
    if not status.link.connected:
        return "The relay is not connected; changes wait here, safely."
    if status.ibmi == "restricted":
        return "The IBM i takes no connections now; that is normal during a save."
    if status.ibmi != "up":
        return "The IBM i is not connected; it keeps its rows."
    return _HEADLINES[overall]


def _ibmi_facts(status: AgentStatus) -> Mapping[str, str]:
    description = status.description
    state = status.connections[Purpose.READ]
    facts = {
        "state": status.ibmi,
        "since": _ago(state.since, status.now),
        "last good": _ago(state.last_good_at, status.now),
        "outbox rows waiting": f"{status.outbox_waiting:,} (captured, not yet deleted)",
        "last look at the outbox": _ago(status.capture.last_read_at, status.now),
    }
    facts |= fuse_facts(status.fuse)
    if status.quiet.resting:
        facts["quiet hours"] = quiet_sentence(status.quiet.resting)
    if status.doorbell is not None:
        last = _ago(status.doorbell.last_ring_at, status.now)
        facts["doorbell"] = f"{status.doorbell.rings:,} rings, last {last}"
    if status.journal is not None:
        facts |= journal_facts(status.journal)
    if description is not None:
        facts |= {
            "system": f"{description.system}, {description.release}, CCSID {description.ccsid}",
            "profile": description.user,
            "partition": description.fingerprint,
        }
    return facts


def _relay_facts(status: AgentStatus) -> Mapping[str, str]:
    link = status.link
    facts = {
        "state": "up" if link.connected else "down",
        "since": _ago(link.since, status.now),
        "last good": _ago(link.last_good_at, status.now),
        "address": link.relay_url,
        "session": str(link.epoch or "none yet"),
    }
    if link.clock_gap_s is not None:
        gap = round(link.clock_gap_s)
        facts["its clock"] = f"{gap:+d} s against ours" if gap else "as ours"
    if link.connected:
        facts["documents waiting there"] = f"{link.relay_backlog:,}"
    if status.about.relay_words:
        facts["key, next key"] = ", ".join(status.about.relay_words)
    if not link.connected:
        facts["attempts in a row"] = str(link.attempts)
    return facts


def _buffer_facts(status: AgentStatus) -> Mapping[str, str]:
    oldest, most, disk = status.oldest_unsent_s, status.about.most_events, status.storage
    buffer = status.fuse.readings.get(BUFFER)
    facts = {
        "waiting for the relay": filled(buffer)
        if buffer is not None
        else f"{status.backlog.unacked:,} of at most {most:,}",
        "left on the IBM i": ", ".join(status.capture.held) or "nothing is held back",
        "oldest unsent": _span(oldest) if status.backlog.unacked else "nothing waits",
        "captured since start": f"{status.capture.events:,}",
        "unreadable": f"{status.capture.unreadable:,}",
        "last change": _ago(status.capture.last_event_at, status.now),
        "on the disk": f"{disk.used // MIB:,} MiB of at most {disk.cap // MIB:,}",
        "free on the disk": f"{disk.disk_free // MIB:,} MiB",
        "documents waiting here": _documents(status),
        "documents written": f"{status.delivery.written:,}",
        "documents refused": f"{status.delivery.refused:,}",
        "outside the policy": f"{status.delivery.outside:,}",
    }
    if status.loading.running:
        rows = status.loading.rows.get(status.loading.running, 0)
        facts["initial load"] = f"{status.loading.running}, {rows:,} rows so far"
    return facts


def _documents(status: AgentStatus) -> str:
    if not status.backlog.inbox:
        return "0"
    return f"{status.backlog.inbox:,}, the oldest for {_span(status.oldest_unapplied_s)}"


def _agent_facts(status: AgentStatus) -> Mapping[str, str]:
    return {
        "version": status.about.version,
        "agent": status.about.agent_id,
        "tenant": status.about.tenant,
        "fingerprint": status.about.words,
        "driver": status.about.driver,
        "SQLite": _sqlite(),
        "started": _ago(status.about.started_at, status.now),
    }


def _sqlite() -> str:
    note = sqlite_note(sqlite3.sqlite_version_info)
    return f"{sqlite3.sqlite_version}. {note}" if note else sqlite3.sqlite_version


def _facts(facts: Mapping[str, str]) -> str:
    return "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()
    )


def _connection(purpose: Purpose, status: AgentStatus) -> str:
    state = status.connections[purpose]
    return (
        f'<li class="{_CLASS[state.status]}"><b>{_PURPOSES[purpose]}</b> {escape(state.status)}'
        f"<small>last good {escape(_ago(state.last_good_at, status.now))}</small></li>"
    )


def _check(check: Check) -> str:
    hint = f"<p class='hint'>{escape(check.hint)}</p>" if check.hint else ""
    return (
        f'<li class="{check.status.name.lower()}"><b>{escape(check.name)}</b>'
        f"<div><p>{escape(check.detail)}</p>{hint}</div></li>"
    )


def _host(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0]


def _ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "never"
    return f"{_span(max(0.0, (now - moment).total_seconds()))} ago"


def _span(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "a moment"


_UNITS: Iterable[tuple[str, int]] = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
