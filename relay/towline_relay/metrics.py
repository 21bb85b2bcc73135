"""``/metrics`` in Prometheus' text form, written by hand: names, help, labels, numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from towline_relay.inflow import Flow
from towline_relay.link.agent_link import AgentLink
from towline_relay.store.rows import Count
from towline_shared.health import Check
from towline_shared.storage import Storage

__all__ = ["metrics_text"]


def metrics_text(
    *,
    counts: Sequence[Count],
    echoes: Mapping[str, int],
    webhooks: Mapping[str, int],
    links: Mapping[str, AgentLink],
    checks: Sequence[Check],
    storage: Storage,
    flows: Sequence[Flow] = (),
) -> str:
    """Write the relay's figures.

    https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    """
    lines: list[str] = []
    _add(
        lines,
        "towline_relay_events",
        "Events in the store by tenant, entity and state.",
        (
            ({"tenant": c.tenant, "entity": c.entity, "state": c.state.value}, c.count)
            for c in counts
        ),
    )
    _add(
        lines,
        "towline_relay_deliveries",
        "Webhook deliveries in the store by what became of them.",
        (({"outcome": outcome}, number) for outcome, number in echoes.items()),
    )
    _add(
        lines,
        "towline_relay_webhook_answers_total",
        "Webhook requests answered since the start, by answer.",
        (({"answer": answer}, number) for answer, number in sorted(webhooks.items())),
        kind="counter",
    )
    _add(
        lines,
        "towline_relay_agent_connected",
        "1 for each agent that is connected.",
        (({"agent": agent}, 1) for agent in sorted(links)),
    )
    _add(
        lines,
        "towline_relay_agent_backlog",
        "Events an agent holds and the relay has not acknowledged, as it last reported.",
        (
            ({"agent": agent}, link.heartbeat.backlog)
            for agent, link in sorted(links.items())
            if link.heartbeat is not None
        ),
    )
    _add(
        lines,
        "towline_relay_agent_hours_to_full",
        "Projected hours until something at an agent is full; absent while it does not grow.",
        (
            ({"agent": agent, "what": each.name}, each.hours)
            for agent, link in sorted(links.items())
            if link.heartbeat is not None
            for each in link.heartbeat.filling
        ),
    )
    _add(
        lines,
        "towline_relay_check",
        "0 well, 1 warning, 2 failed.",
        (({"check": check.name}, int(check.status)) for check in checks),
    )
    for name, text, value in (
        ("disk_full", "1 while nothing new is taken for want of room.", int(bool(storage.full))),
        ("disk_fault", "1 while the disk fails or the file is damaged.", int(bool(storage.remedy))),
        ("disk_free_bytes", "Left on the disk of the database.", storage.disk_free),
        ("database_bytes", "Used by the database's file.", storage.used),
        ("database_cap_bytes", "Most the database's file may have.", storage.cap),
    ):
        _add(lines, f"towline_relay_{name}", text, [({}, value)])
    _add_flows(lines, flows)
    return "\n".join(lines) + "\n"


def _add_flows(lines: list[str], flows: Sequence[Flow]) -> None:
    """Write the load at the relay by tenant and kind."""
    labelled = [({"tenant": flow.tenant, "kind": flow.kind}, flow) for flow in flows]
    _add(
        lines,
        "towline_relay_inflow_events",
        "Due events from agents that are not decided yet.",
        ((labels, flow.waiting) for labels, flow in labelled),
    )
    _add(
        lines,
        "towline_relay_inflow_most",
        "How many of them are enough: from there on agents are held back.",
        ((labels, flow.most) for labels, flow in labelled),
    )
    _add(
        lines,
        "towline_relay_inflow_oldest_seconds",
        "Age of the oldest of them, since its agent saw it.",
        ((labels, round(flow.oldest_s, 3)) for labels, flow in labelled),
    )
    _add(
        lines,
        "towline_relay_inflow_held",
        "1 while agents are held back.",
        ((labels, int(bool(flow.held))) for labels, flow in labelled),
    )
    _add(
        lines,
        "towline_relay_inflow_hours_to_full",
        "Projected hours until agents are held back; absent while the backlog does not grow.",
        ((labels, round(flow.hours, 3)) for labels, flow in labelled if flow.hours is not None),
    )


def _add(
    lines: list[str],
    name: str,
    text: str,
    samples: Iterable[tuple[Mapping[str, str], float]],
    *,
    kind: str = "gauge",
) -> None:
    lines.append(f"# HELP {name} {text}")
    lines.append(f"# TYPE {name} {kind}")
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(said)}"' for label, said in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
