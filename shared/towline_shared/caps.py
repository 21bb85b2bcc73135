"""What a side of the link knows beyond the frames of the first agents and relays.

HELLO says what the agent knows, WELCOME answers with what both know. Only then may the frames and
fields in question be used, so a side that was never upgraded meets nothing that it can't read.
"""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["BULK", "KNOWN", "LEASE", "PARTS", "PINS", "ROTATE", "agreed"]

#: The agent may change its key: ROTATE and ROTATED.
ROTATE = "rotate"

#: The agent pins the relay's keys that WELCOME names.
PINS = "pins"

#: Rows too large for one DATA go in parts: PART, and what was kept in HELLO and WELCOME.
PARTS = "parts"

#: The relay lets no image of a load in ``bulk`` overtake a change that was read after it.
BULK = "bulk"

#: The agent may be one of a pair: it works only while the relay's lease lasts.
LEASE = "lease"

KNOWN = (ROTATE, PINS, PARTS, BULK, LEASE)


def agreed(theirs: Collection[str]) -> tuple[str, ...]:
    """Return what both sides know; words of a newer side are passed over."""
    return tuple(each for each in KNOWN if each in theirs)
