"""What ``verify`` says, from what was found: counts, streams, events, control totals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from towline_relay.store.audit_rows import Homeless, Steps, Stream
from towline_relay.store.rows import Count
from towline_relay.store.states import FINAL, MOVES
from towline_relay.store.total_rows import Day
from towline_shared.chain_walk import Walked, spans

__all__ = ["MOST_NAMED", "Found", "misstep", "report", "sentences", "verified"]

MOST_NAMED = 100  # of each kind of problem


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one stream: its head, its walk, and rows that stand for nothing."""

    stream: Stream
    walked: Walked
    homeless: Sequence[Homeless]


def verified(counts: Sequence[Count]) -> dict[str, Any]:
    """Return the counts as JSON-ready values; ``final`` says that nothing is under way."""
    by_state: dict[str, int] = {}
    by_entity: dict[str, dict[str, int]] = {}
    for count in counts:
        state = count.state.value
        by_state[state] = by_state.get(state, 0) + count.count
        entity = by_entity.setdefault(count.entity, {})
        entity[state] = entity.get(state, 0) + count.count
    under_way = sum(count.count for count in counts if count.state not in FINAL)
    return {
        "events": sum(by_state.values()),
        "by_state": by_state,
        "by_entity": by_entity,
        "under_way": under_way,
        "final": under_way == 0,
    }


def report(
    counts: Sequence[Count],
    *,
    found: Sequence[Found],
    walked_events: int,
    missteps: Sequence[str],
    days: Sequence[Day],
) -> dict[str, Any]:
    """Return everything as JSON-ready values.

    ``sound`` says that no number is missing, no text was changed, every row stands for exactly one
    event, order or change, every event went a lawful way to the one state it is in, and both sides'
    control totals agree. ``problems`` has a sentence for each thing that is not so.
    """
    problems = [sentence for each in found for sentence in _stream_problems(each)]
    problems += missteps
    problems += [f"Agent {day.agent}, {text}" for day in days for text in day.problems]
    return {
        **verified(counts),
        "streams": [_stream_facts(each) for each in found],
        "events_walked": walked_events,
        "days": [
            {
                "agent": day.agent,
                "day": day.day,
                "compared": day.compared,
                "agrees": day.compared and not day.problems,
            }
            for day in days
        ],
        "problems": problems,
        "sound": not problems,
    }


def sentences(report: Mapping[str, Any]) -> list[str]:
    """Write a report of :func:`verified` or :func:`report` for people."""
    lines = [f"{state:<12} {count:>9}" for state, count in sorted(report["by_state"].items())]
    for stream in report.get("streams", ()):
        lines.append(
            f"Agent {stream['agent']}, {stream['stream']} {stream['direction']}: "
            f"{stream['rows']} rows from {stream['first_kept']} to {stream['last']}, "
            f"{stream['without_text']} without text, "
            + ("the chain holds." if stream["sound"] else "THE CHAIN IS BROKEN.")
        )
    if days := report.get("days", ()):
        agreed = sum(day["agrees"] for day in days)
        waiting = sum(not day["compared"] for day in days)
        lines.append(f"Control totals: {agreed} of {len(days)} days agree, {waiting} to compare.")
    lines += report.get("problems", ())
    lines.append(
        "All events are final."
        if report["final"]
        else f"{report['under_way']} events are still under way."
    )
    if "sound" in report:
        lines.append("No number is missing." if report["sound"] else "NOT SOUND, see above.")
    return lines


def misstep(event: Steps) -> str | None:
    """Return what is wrong with the way of an event; None when it is lawful.

    It must have a history, each step must be in :data:`~towline_relay.store.states.MOVES`, and the
    last one must be where the event stands.
    """
    if not event.history:
        return f"The event {event.event_id} is {event.state.value} and has no history."
    for old, new in pairwise(event.history):
        if old is not new and new not in MOVES[old]:
            return f"The event {event.event_id} went from {old.value} to {new.value}."
    if event.history[-1] is not event.state:
        return (
            f"The event {event.event_id} is {event.state.value}, but its history ends with "
            f"{event.history[-1].value}."
        )
    return None


def _stream_problems(found: Found) -> Iterable[str]:
    stream, walked = found.stream, found.walked
    where = f"Agent {stream.agent}, stream {stream.name} {_way(stream)}"
    if walked.missing:
        yield f"{where}: the numbers {spans(walked.missing)} are missing."
    for seq in walked.changed:
        yield f"{where}: the text of number {seq} is not the one that was numbered."
    if not walked.end_agrees:
        yield f"{where}: its end does not fit its last row, number {walked.last}."
    if stream.direction == "in" and stream.done < stream.last:
        yield f"{where}: the numbers {stream.done + 1} to {stream.last} were never taken in."
    for row in found.homeless:
        yield (
            f"{where}: number {row.seq}, {row.entity} {row.key}, has no event "
            f"(its id is {row.event_id})."
        )


def _stream_facts(found: Found) -> dict[str, Any]:
    stream, walked = found.stream, found.walked
    return {
        "agent": stream.agent,
        "stream": stream.name,
        "direction": _way(stream),
        "first_kept": walked.first,
        "last": walked.last,
        "rows": walked.rows,
        "without_text": walked.untold,
        "missing": [list(span) for span in walked.missing],
        "sound": walked.sound,
    }


def _way(stream: Stream) -> str:
    return "up" if stream.direction == "in" else "down"
