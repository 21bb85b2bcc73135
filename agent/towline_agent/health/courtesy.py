"""The checks and facts about being a guest: quiet hours, the fuse, saves and locks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from towline_agent.calendar import Quiet, Work
from towline_agent.courtesy.fuse import Reading
from towline_agent.courtesy.gauge import BUFFER, OUTBOX, FuseState
from towline_agent.courtesy.quiet import QuietState
from towline_shared.health import Check, Status

__all__ = [
    "filled",
    "fuse_checks",
    "fuse_facts",
    "locked_sentence",
    "quiet_checks",
    "quiet_sentence",
]

_LOCKED = timedelta(minutes=5)
_DOING = {Work.LOAD: "loading", Work.READ: "reading", Work.WRITE: "writing"}


def quiet_sentence(resting: tuple[Quiet, ...]) -> str:
    """Say what rests, why and until when; empty when nothing does."""
    grouped: dict[tuple[str, datetime | None], list[str]] = {}
    for quiet in resting:
        grouped.setdefault((quiet.name, quiet.until), []).append(_DOING[quiet.what])
    parts = []
    for (name, until), works in grouped.items():
        end = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        parts.append(f"{' and '.join(works)} rest{'s' if len(works) == 1 else ''}{end} ({name})")
    return "; ".join(parts)


def quiet_checks(quiet: QuietState, since: datetime) -> Iterator[Check]:
    """A window is as it should be; a pause by hand and a question that fails are worth a look."""
    if quiet.paused:
        sentence = quiet_sentence(quiet.paused)
        yield Check(
            "paused", Status.WARNING, since, f"{sentence[0].upper()}{sentence[1:]}.",
            "Nothing is lost; towline-agent resume lets it go on.",
        )  # fmt: skip
    elif quiet.resting:
        sentence = quiet_sentence(quiet.resting)
        detail = f"Quiet hours: {sentence}; nothing is lost."
        yield Check("quiet hours", Status.OK, since, detail)
    for name, sentence in quiet.faults.items():
        yield Check(
            f"quiet {name}", Status.WARNING, since, sentence,
            "It counts as not quiet: the agent works on.",
        )  # fmt: skip


def fuse_checks(fuse: FuseState, library: str, since: datetime) -> Iterator[Check]:
    """Say early what fills, and loudly what a trigger could not write."""
    if fuse.missed:
        yield Check(
            "missed changes", Status.FAILED, since,
            f"Triggers could not write {fuse.missed} changes into the outbox;"
            f" {library}.MISSED lists them.",
            f"Mend the cause named in {library}.MISSED, run towline-agent reload ENTITY for what"
            " those files feed, then clear that table.",
        )  # fmt: skip
    for reading in fuse.readings.values():
        if reading.status is not Status.OK:
            own = reading.name in (BUFFER, OUTBOX)
            what = reading.name if own else f"data queue {reading.name}"
            yield Check(
                f"fuse {reading.name}", reading.status, since,
                f"The {what} is filling: {filled(reading)}.", _advice(reading),
            )  # fmt: skip
    for name, sentence in fuse.faults.items():
        yield Check(f"fuse {name}", Status.WARNING, since, f"Not measured: {sentence}")


def fuse_facts(fuse: FuseState) -> Mapping[str, str]:
    """Return what the page shows beside the checks."""
    return {
        ("outbox" if name == OUTBOX else f"queue {name}"): filled(reading)
        for name, reading in fuse.readings.items()
        if name != BUFFER
    }


def locked_sentence(locked_since: datetime | None, library: str, now: datetime) -> str:
    """Guess at a save when a lock lasts; empty before it does.

    A save with SAVACT(*NO) keeps updates out for as long as it runs, and lets reads through
    (https://www.ibm.com/support/pages/node/639711).
    """
    if locked_since is None or now - locked_since < _LOCKED:
        return ""
    minutes = int((now - locked_since).total_seconds() // 60)
    return (
        f" It has been locked for {minutes} minutes, perhaps by a save (SAVLIB, SAVOBJ) of"
        f" {library}; WRKOBJLCK shows by whom. The agent goes on by itself."
    )


def filled(reading: Reading) -> str:
    """Say how full something is, and when it will be."""
    if not reading.most:
        return f"{reading.used:,} entries, of how many the system does not tell"
    text = f"{reading.used:,} of {reading.most:,} ({reading.percent:.0f} %)"
    if reading.hours is None:
        return text
    return f"{text}, full now" if reading.hours == 0 else f"{text}, full in {reading.hours:.1f} h"


def _advice(reading: Reading) -> str:
    if reading.name == BUFFER:
        return "See why the relay does not take them; full, it leaves the rows on the IBM i."
    if reading.name == OUTBOX:
        return "See why rows don't leave: the relay, quiet hours, or an entity that is set aside."
    return "See why its reader does not keep up; a full queue fails the program that sends to it."
