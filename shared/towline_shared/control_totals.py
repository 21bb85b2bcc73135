"""Control totals of a day: what one side says it has of each stream, sealed by its key.

The side that closes a day names for each stream the numbers since its last close, how many rows of
them it holds, how many have their effect, and the chain value at the end, which stands for every
text before it. The other side counts the same numbers in its own database. Two equal totals mean
that both hold the same rows; :func:`differences` says where two different ones part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from towline_shared.agent_reports import StreamTotal
from towline_shared.events import ControlTotals

__all__ = ["differences", "sealed_text"]

_CONTEXT = b"towline control totals v1"


def sealed_text(owner: str, day: str, streams: Sequence[StreamTotal]) -> bytes:
    """Return the bytes that are signed: a digest over owner, day and figures, each with its length.

    Args:
        owner: id of the agent whose streams they are.
        day: the UTC day that was closed, ``YYYY-MM-DD``.
    """
    digest = hashlib.sha256(_CONTEXT)
    parts = [owner, day]
    for total in streams:
        parts += [total.name, total.direction, total.chain]
        parts += [str(n) for n in (total.first, total.last, total.rows, total.done)]
    for part in parts:
        encoded = part.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.digest()


def differences(theirs: ControlTotals, ours: Sequence[StreamTotal]) -> list[str]:
    """Say how the agent's totals and the relay's over the same numbers differ; empty when not."""
    own = {(total.name, total.direction): total for total in ours}
    said: list[str] = []
    for total in theirs.streams:
        other = own.get((total.name, total.direction))
        where = f"{theirs.day}, stream {total.name} {total.direction}"
        numbers = f"{total.first} to {total.last}"
        if other is None:
            said.append(f"{where}: the relay does not know this stream.")
            continue
        for who, side in (("agent", total), ("relay", other)):
            if side.rows != total.last - total.first + 1:
                said.append(f"{where}: of {numbers} the {who} held {side.rows}.")
        if total.chain != other.chain:
            said.append(f"{where}: at {total.last} the two sides do not hold the same texts.")
    return said
