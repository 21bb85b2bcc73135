"""The checks and facts about a journal that is read instead of an outbox. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from towline_agent.journal_reader import JournalState
from towline_shared.health import Check, Status

__all__ = ["journal_checks", "journal_facts"]


def journal_checks(journal: JournalState, since: datetime) -> Iterator[Check]:
    """A lost position needs a person, trouble may pass; a load that was asked for is said."""
    name = f"journal {journal.name}"
    if journal.lost:
        yield Check(
            name, Status.FAILED, since, journal.lost,
            "Changes since then are missing. Find out why a receiver was deleted unread, then run"
            " towline-agent journal restart: reading begins anew, and what the journal feeds is"
            " loaded.",
        )  # fmt: skip
    elif journal.trouble:
        yield Check(
            name, Status.WARNING, since, journal.trouble,
            "Nothing is lost while the receivers stay; it is tried again.",
        )  # fmt: skip
    for note in journal.notes[-1:]:
        yield Check(f"{name} load", Status.OK, since, f"{note}.")


def journal_facts(journal: JournalState) -> Mapping[str, str]:
    """What the page shows beside the outbox."""
    behind = "another receiver" if journal.behind is None else f"{journal.behind:,} entries"
    facts = {
        "journal": f"{journal.name}, read to {journal.position or 'nowhere yet'}, {behind} behind"
    }
    if journal.open_cycles:
        facts["open transactions"] = (
            f"{journal.open_cycles:,}, the oldest since {journal.open_since}"
        )
    return facts
