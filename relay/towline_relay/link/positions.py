"""Where the relay stands in each stream of one agent, held against what the agent says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from towline_shared.errors import Refused
from towline_shared.frames import Position, StreamOffer
from towline_shared.stream_log import DOWN_STREAMS, UP_STREAMS, StreamLog
from towline_shared.stream_renewal import forget, renew
from towline_shared.window import WINDOW_ROWS, Incoming, Outgoing

__all__ = ["positions", "windows"]


def positions(
    db: sqlite3.Connection,
    log: StreamLog,
    agent_id: str,
    offers: Sequence[StreamOffer],
    *,
    again: Callable[[str], bool] = lambda event_id: True,
    renewed: Callable[[], None] = lambda: None,
) -> list[Position]:
    """Compare, bind streams seen for the first time, and note what the agent has received.

    An agent whose buffer is a new one (its streams have other ids, and every number from 1 on)
    begins anew both ways: it reads its ERP again, and gets what it has not reported on.

    Args:
        again: tells of a document's event id whether the agent has still to report on it.
        renewed: called when an up stream begins anew.

    Raises:
        Refused: the agent's database is not the one the numbers were given by or to.
    """
    offered = {(offer.direction, offer.name): offer for offer in offers}
    up = [
        _up(db, log, agent_id, offered["up", name], renewed)
        for name in UP_STREAMS
        if ("up", name) in offered
    ]
    return up + [
        _down(db, log, agent_id, name, offered.get(("down", name)), again) for name in DOWN_STREAMS
    ]


def windows(
    found: Sequence[Position], offers: Sequence[StreamOffer], *, rows: int = WINDOW_ROWS
) -> tuple[dict[str, Incoming], dict[str, Outgoing]]:
    """Return the session's windows by stream: those the agent writes, and those the relay writes.

    Nothing is granted and nothing may be sent yet; sending goes on behind what the agent has.

    Args:
        rows: how many of each stream may be under way.
    """
    have = {offer.name: offer.last for offer in offers if offer.direction == "down"}
    incoming = {
        each.name: Incoming(each.name, each.stream_id, each.upto, each.upto, rows)
        for each in found
        if each.direction == "up"
    }
    outgoing = {}
    for each in found:
        if each.direction == "down":
            last = have.get(each.name, 0)
            outgoing[each.name] = Outgoing(each.name, each.stream_id, last, last, 0)
    return incoming, outgoing


def _up(
    db: sqlite3.Connection,
    log: StreamLog,
    agent_id: str,
    offer: StreamOffer,
    renewed: Callable[[], None],
) -> Position:
    state = log.expect(db, agent_id, offer.name, offer.stream_id)
    if state.stream_id != offer.stream_id:
        if offer.first > 1:
            raise Refused(
                f"Stream {offer.name} has another id than before, and not all of its numbers.",
                hint="The agent's buffer is another agent's or an old one; enrol the agent anew.",
                code="diverged",
            )
        forget(db, agent_id, offer.name, "in")
        renewed()
        state = log.expect(db, agent_id, offer.name, offer.stream_id)
    return Position(offer.name, "up", state.stream_id, state.last, state.chain.hex())


def _down(
    db: sqlite3.Connection,
    log: StreamLog,
    agent_id: str,
    name: str,
    offer: StreamOffer | None,
    again: Callable[[str], bool],
) -> Position:
    if offer is None and log.state(db, agent_id, name, "out").acked:
        renew(db, log, agent_id, name, again=again)
    state = log.state(db, agent_id, name, "out")
    have = offer.last if offer is not None else 0
    if offer is not None and (
        offer.stream_id != state.stream_id
        or not 0 <= have <= state.last
        or log.chain_at(db, agent_id, name, "out", have)
        not in (None, _chain(offer.chain))  # None: trimmed, it can't be compared
    ):
        raise Refused(
            f"Stream {name} differs: one of the two databases was restored or copied.",
            hint="Enrol the agent anew.",
            code="diverged",
        )
    if have + 1 < log.first_kept(db, agent_id, name):
        raise Refused(
            f"The agent has stream {name} up to {have} only; what follows is no longer kept here.",
            hint="Its buffer is an older copy; enrol the agent anew.",
            code="diverged",
        )
    log.acked(db, agent_id, name, have)
    return Position(name, "down", state.stream_id, state.last, state.chain.hex())


def _chain(text: str) -> bytes | str:
    """Read a chain value; what is no hexadecimal equals none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text
