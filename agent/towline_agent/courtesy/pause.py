"""A pause that a person asked for: a small file in the state folder, so that it outlives restarts.

Only the verbs ``pause`` and ``resume`` write it; the running agent reads it every few seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from towline_agent.calendar import Quiet, Work, covers
from towline_agent.state_file import write_private
from towline_shared.clock import parse_utc, utc_text
from towline_shared.errors import Permanent

__all__ = ["PAUSE_FILE", "Pause", "load_pauses", "paused_now", "save_pauses"]

PAUSE_FILE = "pause.json"


@dataclass(frozen=True, slots=True)
class Pause:
    """One kind of work is paused.

    Attributes:
        since: when it was asked for (aware UTC).
        until: when it ends by itself; None = when somebody resumes it.
    """

    since: datetime
    until: datetime | None = None


def load_pauses(folder: Path) -> Mapping[Work, Pause]:
    """Read what is paused; without a file nothing is.

    Raises:
        Permanent: the file can't be read as one.
    """
    path = folder / PAUSE_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            Work(what): Pause(
                parse_utc(each["since"]), parse_utc(each["until"]) if each["until"] else None
            )
            for what, each in raw.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Permanent(
            f"{path} can't be read as a pause ({type(error).__name__}), so nothing is paused.",
            hint="Run towline-agent pause or resume again; either writes it anew.",
        ) from None


def save_pauses(folder: Path, pauses: Mapping[Work, Pause]) -> None:
    """Write what is paused; nothing paused removes the file.

    Raises:
        Permanent: the state folder can't be written.
    """
    path = folder / PAUSE_FILE
    facts = {
        what.value: {
            "since": utc_text(pause.since),
            "until": utc_text(pause.until) if pause.until else None,
        }
        for what, pause in pauses.items()
    }
    try:
        if facts:
            write_private(path, json.dumps(facts, indent=1))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(
            f"{path} can't be written: {error.strerror}.",
            hint="Run this as the user the agent runs as.",
        ) from None


def paused_now(pauses: Mapping[Work, Pause], at: datetime) -> Mapping[Work, Quiet]:
    """Return what rests at a moment because of pauses; a pause of reading covers loading."""
    found: dict[Work, Quiet] = {}
    for what in Work:
        holding = [
            pause
            for each, pause in pauses.items()
            if covers(frozenset({each}), what) and (pause.until is None or at < pause.until)
        ]
        if holding:
            found[what] = Quiet(what, "paused by a person", _last(p.until for p in holding))
    return found


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    """Return the latest end; one without an end outlasts all others."""
    ends = list(moments)
    return None if None in ends else max(end for end in ends if end is not None)
