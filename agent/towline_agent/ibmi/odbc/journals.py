"""Journal entries through QSYS2.DISPLAY_JOURNAL.

What was measured at a site (facts of a 7.3 partition): without a starting receiver only the
attached one is read, and an older start gives a clean, wrong answer of no rows; a starting sequence
of 0 or 1 is refused; a position that aged out is SQL0443 like a missing authority. So the receiver
of the position is looked up first, and its absence is PositionLost.
Parameters: http://www-01.ibm.com/support/knowledgecenter/ssw_ibm_i_72/rzajq/rzajqudfdisplayjournal.htm?lang=en
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from towline_agent.ibmi.errors import PositionLost
from towline_agent.ibmi.odbc.cells import timestamp_text
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.statements import statement
from towline_agent.ibmi.port import JournalEntry, JournalName, JournalPage, JournalPosition
from towline_shared.clock import Clock
from towline_shared.errors import Permanent

__all__ = ["Journals"]

_SETTLED_S = 60.0  # twice the longest cache wait of a journal, 30 s
_MOST_ENDS = 100
_LIMIT_S = 300.0  # the cost follows the window; a long chain takes minutes


class Journals:
    """Journals over one connection."""

    def __init__(self, door: Door, *, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._ends: dict[JournalName, list[tuple[float, JournalPosition]]] = {}

    def page(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        """See the port."""
        if after is None:
            return JournalPage((), self._newest(journal), more=False)
        chain = self._chain(journal)
        names = [(library, name) for library, name, _, _ in chain]
        if (after.receiver_library, after.receiver) not in names:
            raise PositionLost(
                f"Journal receiver {after.receiver_library}/{after.receiver} of {journal} is gone;"
                f" it was read up to entry {after.sequence}.",
                hint="Changes may be missing: load the entities anew (towline-agent journal).",
            )
        first = chain[names.index((after.receiver_library, after.receiver))][2]
        rows = self._rows(journal, files, after, max(first, after.sequence), limit)
        entries = tuple(_entry(row) for row in rows)
        _hold_order(journal, entries, names)
        fresh = [each for each in entries if _beyond(each.position, after, names)]
        if len(rows) > limit:
            kept = tuple(fresh[:limit])
            return JournalPage(kept, kept[-1].position if kept else after, more=True)
        position = fresh[-1].position if fresh else after
        quiet_end = self._settled_end(journal, chain)
        if quiet_end is not None and _beyond(quiet_end, position, names):
            position = quiet_end
        return JournalPage(tuple(fresh), position, more=False)

    def _settled_end(
        self, journal: JournalName, chain: Sequence[tuple[str, str, int, int]]
    ) -> JournalPosition | None:
        """Return the end of the journal as it was a minute ago, or None.

        Entries of other files need not be read again for ever; but with journal caching an entry
        may surface late, so only an end that has settled is one (DBZ-8538 in debezium's list).
        """
        library, name, _, last = chain[-1]
        now = self._clock.monotonic()
        ends = self._ends.setdefault(journal, [])
        ends.append((now, JournalPosition(library, name, last)))
        settled = [end for end in ends if now - end[0] >= _SETTLED_S]
        self._ends[journal] = ends[max(0, len(settled) - 1) :][-_MOST_ENDS:]
        return settled[-1][1] if settled else None

    def _rows(
        self,
        journal: JournalName,
        files: Sequence[tuple[str, str]],
        after: JournalPosition,
        start: int,
        limit: int,
    ) -> list[tuple[Any, ...]]:
        places = " OR ".join(["J.OBJECT LIKE ?"] * len(files)) or "1 = 0"
        sql = statement("journal_page", files=places, limit=str(int(limit) + 1))
        # OBJECT holds file, library and member, ten characters each.
        patterns = [f"{name:<10}{library:<10}%" for library, name in files]
        given = [
            journal.library, journal.name, after.receiver_library, after.receiver, start, *patterns,
        ]  # fmt: skip
        doing = f"reading journal {journal}"
        return self._door.query(sql, given, doing=doing, limit_s=_LIMIT_S).rows

    def _newest(self, journal: JournalName) -> JournalPosition:
        chain = self._chain(journal)
        library, name, _, last = chain[-1]
        return JournalPosition(library, name, last)

    def _chain(self, journal: JournalName) -> list[tuple[str, str, int, int]]:
        """Return the receivers: library, name, first and last sequence number, oldest first."""
        rows = self._door.query(
            statement("journal_receivers"),
            (journal.library, journal.name),
            doing=f"asking for the receivers of journal {journal}",
        ).rows
        if not rows:
            raise Permanent(
                f"Journal {journal} was not found, or the profile has no authority to it.",
                hint="Grant *USE on the journal and its receivers, or correct [journal] name.",
            )
        return [
            (str(row[0]).strip(), str(row[1]).strip(), int(row[2] or 0), int(row[3] or 0))
            for row in rows
        ]


def _hold_order(
    journal: JournalName, entries: Sequence[JournalEntry], chain: Sequence[tuple[str, str]]
) -> None:
    """Stop loudly when entries come out of order: a page cut from such a list would lose some."""
    for before, after in pairwise(entries):
        if not _beyond(after.position, before.position, chain):
            raise Permanent(
                f"Journal {journal} gave entry {after.position.sequence} of"
                f" {after.position.receiver} after entry {before.position.sequence} of"
                f" {before.position.receiver}; nothing was read.",
                hint="Report this with the release and PTF level; the position stays where it is.",
            )


def _beyond(
    position: JournalPosition, after: JournalPosition, chain: Sequence[tuple[str, str]]
) -> bool:
    """Tell whether an entry lies behind a position; numbers may start anew in a later receiver."""
    here = (position.receiver_library, position.receiver)
    there = (after.receiver_library, after.receiver)
    if here == there:
        return position.sequence > after.sequence
    return here in chain and chain.index(here) > chain.index(there)


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    (library, receiver, sequence, code, kind, at, object_, rrn, cycle, data,
     job_number, job_user, job_name, user, minimized) = row  # fmt: skip
    name = str(object_ or "").ljust(30)
    return JournalEntry(
        position=JournalPosition(_bare(library), _bare(receiver), int(sequence)),
        code=_bare(code),
        type=_bare(kind),
        at=timestamp_text(at),
        library=name[10:20].strip(),
        file=name[:10].strip(),
        member=name[20:30].strip(),
        rrn=int(rrn or 0),
        commit_cycle=int(cycle or 0),
        data=bytes(data or b""),
        job=f"{_bare(job_number)}/{_bare(job_user)}/{_bare(job_name)}",
        user=_bare(user),
        minimized=_bare(minimized).upper() in ("YES", "1", "Y"),
    )


def _bare(value: Any) -> str:
    return "" if value is None else str(value).strip()
