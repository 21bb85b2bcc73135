"""``[buffer]`` of agent.toml: how much may wait on site, and what is left of the disk."""

from __future__ import annotations

from dataclasses import dataclass

from towline_shared.config import Section
from towline_shared.storage import Room, read_room

__all__ = ["BufferSettings", "read_buffer"]


@dataclass(frozen=True, slots=True)
class BufferSettings:
    """The buffer's limits.

    Attributes:
        most_events: backlog at which the agent stops reading and the IBM i keeps the rows.
        room: what is kept free on the disk.
    """

    most_events: int
    room: Room


def read_buffer(section: Section) -> BufferSettings:
    """Read ``[buffer]``.

    Raises:
        Misconfigured: a value can't be used.
    """
    section.only("most_events", "most_mb", "ballast_mb")
    return BufferSettings(section.number("most_events", 50_000, least=1000), read_room(section))
