"""The agent's figures in Prometheus text (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

from towline_agent.calendar import Work
from towline_agent.health.status import AgentStatus

__all__ = ["CONTENT_TYPE", "metrics_text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(status: AgentStatus) -> str:
    """Return one family a figure; names are stable."""
    lines: list[str] = []

    def family(name: str, kind: str, meaning: str, *samples: tuple[str, float]) -> None:
        lines.append(f"# HELP towline_agent_{name} {meaning}")
        lines.append(f"# TYPE towline_agent_{name} {kind}")
        lines.extend(f"towline_agent_{name}{labels} {value:g}" for labels, value in samples)

    family(
        "info", "gauge", "Version and driver of the agent; always 1.",
        (_labels(version=status.about.version, driver=status.about.driver), 1),
    )  # fmt: skip
    family("ibmi_up", "gauge", "1 while the IBM i is connected.", ("", status.ibmi == "up"))
    family(
        "ibmi_connection_up", "gauge", "1 while the connection of a purpose is up.",
        *((_labels(purpose=purpose.value), state.status == "up")
          for purpose, state in status.connections.items()),
    )  # fmt: skip
    family("relay_up", "gauge", "1 while the relay is connected.", ("", status.link.connected))
    family(
        "backlog_events", "gauge", "Events not yet acknowledged by the relay.",
        *((_labels(stream=name), count)
          for name, count in sorted(status.backlog.by_stream.items())),
    )  # fmt: skip
    family(
        "oldest_unsent_seconds", "gauge", "Age of the oldest of them.",
        ("", status.oldest_unsent_s),
    )  # fmt: skip
    family(
        "oldest_unapplied_seconds", "gauge", "Age of the oldest document without effect.",
        ("", status.oldest_unapplied_s),
    )  # fmt: skip
    family(
        "held", "gauge", "1 while rows of a stream are left on the IBM i: the buffer is full.",
        *((_labels(stream=name), name in status.capture.held) for name in ("changes", "results")),
    )  # fmt: skip
    family("inbox_documents", "gauge", "Documents not yet applied.", ("", status.backlog.inbox))
    family(
        "outbox_waiting_rows", "gauge", "Outbox rows captured and not yet deleted.",
        ("", status.outbox_waiting),
    )  # fmt: skip
    family("paused", "gauge", "1 while reading is paused.", ("", status.capture.paused))
    family("captured_total", "counter", "Events captured.", ("", status.capture.events))
    family(
        "unreadable_total", "counter", "Changes nobody could read.",
        ("", status.capture.unreadable),
    )  # fmt: skip
    if status.journal is not None:
        family("journal_lost", "gauge", "1 while the position is lost.",
               ("", bool(status.journal.lost)))  # fmt: skip
        family("journal_open_cycles", "gauge", "Transactions held until their end.",
               ("", status.journal.open_cycles))  # fmt: skip
        family("journal_captured_total", "counter", "Events captured from the journal.",
               ("", status.journal.written.events))  # fmt: skip
        if status.journal.behind is not None:
            family("journal_behind_entries", "gauge", "Entries between position and newest.",
                   ("", status.journal.behind))  # fmt: skip
    family("outbox_deleted_total", "counter", "Outbox rows deleted.", ("", status.clearing.deleted))
    family(
        "documents_total", "counter", "Documents by outcome.",
        (_labels(outcome="written"), status.delivery.written),
        (_labels(outcome="refused"), status.delivery.refused),
        (_labels(outcome="outside the policy"), status.delivery.outside),
    )  # fmt: skip
    readings = sorted(status.fuse.readings.items())
    family(
        "fuse_used", "gauge", "Rows of the outbox, entries of data queues.",
        *((_labels(name=name), reading.used) for name, reading in readings),
    )  # fmt: skip
    family(
        "fuse_most", "gauge", "How many count as full; 0 when the system does not tell.",
        *((_labels(name=name), reading.most) for name, reading in readings),
    )  # fmt: skip
    family(
        "fuse_hours_to_full", "gauge", "Projected hours until full; absent while it does not grow.",
        *((_labels(name=name), reading.hours)
          for name, reading in readings if reading.hours is not None),
    )  # fmt: skip
    family(
        "missed_changes", "gauge", "Changes whose outbox row a trigger could not write.",
        ("", status.fuse.missed),
    )  # fmt: skip
    family(
        "resting", "gauge", "1 while this work rests in quiet hours or is paused.",
        *((_labels(what=work.value), any(quiet.what is work for quiet in status.quiet.resting))
          for work in Work),
    )  # fmt: skip
    disk = status.storage
    family("disk_full", "gauge", "1 while the buffer can't grow.", ("", bool(disk.full)))
    fault = "1 while the buffer's disk fails."
    family("disk_fault", "gauge", fault, ("", bool(disk.remedy)))
    family("disk_free_bytes", "gauge", "Left on the disk of the buffer.", ("", disk.disk_free))
    family("buffer_bytes", "gauge", "Used by the buffer's file.", ("", disk.used))
    family("buffer_cap_bytes", "gauge", "Most the buffer's file may have.", ("", disk.cap))
    return "\n".join(lines) + "\n"


def _labels(**values: str) -> str:
    pairs = (f'{name}="{_escaped(value)}"' for name, value in values.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
