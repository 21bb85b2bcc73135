"""The journal as a source: which keys its entries touch, commit by commit. Pure.

The journal says *which* keys changed, the file says *what* they are now: from here on a journal
change walks the same way as an outbox row. Entries appear before their COMMIT, so those of a commit
cycle are held until CM and dropped with RB, the rollback's own images (BR, UR, DR) with them; entry
types: https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzaki/rzakicodes.htm (R and C types
and the meaning of the commit cycle are general knowledge).

What is held is in memory only. The progress that is written down names two places: how far was
read, and where to read again after a restart so that every held entry is met once more. In doubt a
key is told rather than dropped: it only means that its current row is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from towline_agent.ibmi.port import JournalEntry, JournalPosition
from towline_agent.policy import FileName
from towline_agent.sources.journal_images import JournalFile, Mute, Touched, told_by

__all__ = ["Batch", "Progress", "Reload", "Tracker"]

Told = Touched | Mute
Receiver = tuple[str, str]

# A before-image that stays alone this many entries long has lost its partner.
_LONELY = 1000
_ROLLED_BACK = frozenset({"BR", "UR", "DR"})
# Entries after which the records of a file can't be followed one by one (general knowledge but CR
# and MD): the file is loaded anew. None of them is ever told as deletes.
_RELOADS: Mapping[tuple[str, str], str] = {
    ("F", "CR"): "was cleared (CLRPFM)",
    ("F", "MD"): "lost a member",
    ("F", "MR"): "was restored",
    ("F", "IZ"): "was initialised (INZPFM)",
    ("F", "EJ"): "is no longer journaled (ENDJRNPF)",
    ("F", "JM"): "is journaled anew (STRJRNPF)",
    ("D", "DT"): "was deleted",
}


@dataclass(frozen=True, slots=True)
class Reload:
    """A wish to load again what a file feeds; ``file`` None means all files."""

    file: FileName | None
    why: str


@dataclass
class Batch:
    """What a page of entries tells, in the order of its commits."""

    told: list[Told] = field(default_factory=list)
    reloads: list[Reload] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the journal is read; survives restarts.

    Attributes:
        read_to: the last entry that was read.
        again_from: where to read from after a restart; earlier than ``read_to`` while a commit
            cycle is open.
        receivers: receivers on the way from there, in the order of the chain.
        began: the entry reading began behind; cycles that were open there are seen in part only.
        partition: fingerprint of the partition these are positions of.
    """

    read_to: JournalPosition
    again_from: JournalPosition
    receivers: tuple[Receiver, ...]
    began: JournalPosition | None
    partition: str = ""

    @classmethod
    def fresh(cls, position: JournalPosition, *, partition: str = "") -> Progress:
        """Begin behind an entry."""
        return cls(position, position, (_receiver(position),), position, partition)

    def text(self) -> str:
        """Write it for the buffer."""
        places = (self.read_to, self.again_from, self.began)
        return json.dumps(
            {
                "places": [_plain(place) if place else None for place in places],
                "receivers": self.receivers,
                "partition": self.partition,
            }
        )

    @classmethod
    def parse(cls, text: str) -> Progress:
        """Read what :meth:`text` wrote."""
        raw = json.loads(text)
        read_to, again_from, began = raw["places"]
        return cls(
            JournalPosition(*read_to),
            JournalPosition(*again_from),
            tuple((library, name) for library, name in raw["receivers"]),
            JournalPosition(*began) if began else None,
            raw["partition"],
        )


@dataclass
class _Cycle:
    """An open commit cycle: where to read again for it, and the keys it touched so far."""

    again_from: JournalPosition
    first: JournalEntry
    told: dict[object, Told] = field(default_factory=dict)

    def hold(self, told: Told) -> None:
        """Keep the newest word about a key; a million changes of one key stay one."""
        name = (told.file, told.keys) if isinstance(told, Touched) else (told.file, told.entry.rrn)
        self.told.pop(name, None)
        self.told[name] = told


@dataclass(frozen=True, slots=True)
class _Lonely:
    """A before-image that waits for its after-image."""

    again_from: JournalPosition
    entry: JournalEntry
    count: int


class Tracker:
    """Follows one journal entry by entry; made anew from its progress after any failure."""

    def __init__(self, files: Mapping[FileName, JournalFile], progress: Progress) -> None:
        """Go on where the progress says; what was told before it is not told again."""
        self._files = files
        self._noted = progress
        self._read_to = progress.again_from
        self._began = progress.began
        self._chain: list[Receiver] = list(progress.receivers)
        self._cycles: dict[int, _Cycle] = {}
        self._lonely: dict[tuple[FileName, str, int], _Lonely] = {}
        self._count = 0
        self._repeating = progress.again_from != progress.read_to
        self._batch = Batch()

    @property
    def read_to(self) -> JournalPosition:
        """Behind this entry the next page begins."""
        return self._read_to

    @property
    def open_cycles(self) -> int:
        """How many commit cycles that touch our files are open."""
        return len(self._cycles)

    @property
    def open_since(self) -> str:
        """Local timestamp of the oldest entry that is held; empty when none is."""
        return next((cycle.first.at for cycle in self._cycles.values()), "")

    @property
    def progress(self) -> Progress:
        """What to write down together with what the last batches told."""
        if self._repeating:
            return self._noted
        held: list[_Cycle | _Lonely] = [*self._cycles.values(), *self._lonely.values()]
        places = [each.again_from for each in held]
        again_from = min(places, key=self._place, default=self._read_to)
        way = tuple(self._chain[self._place(again_from)[0] :])
        partition = self._noted.partition
        return Progress(self._read_to, again_from, way, self._began, partition)

    def take(self, entries: Sequence[JournalEntry]) -> Batch:
        """Follow the next entries, oldest first; return what they tell.

        Raises:
            Permanent: an entry can't be cut; make a new tracker from the last progress.
        """
        self._batch = Batch()
        for entry in entries:
            news = self._is_news(entry.position)
            if entry.code == "R":
                self._record(entry, news)
            elif entry.code == "C":
                self._boundary(entry, news)
            elif news:
                self._about_file(entry)
            self._count += 1
            self._pass(entry.position)
            self._give_up_lonely(news)
        return self._batch

    def pass_to(self, position: JournalPosition) -> None:
        """Note that nothing of interest stands up to a position: the end was reached."""
        self._repeating = False
        self._pass(position)

    # -- entries ---------------------------------------------------------------------------------

    def _record(self, entry: JournalEntry, news: bool) -> None:
        form = self._files.get(FileName(entry.library, entry.file))
        if form is None or (entry.type in _ROLLED_BACK and entry.commit_cycle):
            return
        slot = (form.file, entry.member, entry.rrn)
        before = self._lonely.pop(slot, None)
        if before is not None and entry.type != "UP":
            self._alone(before, news)
            before = None
        if entry.type == "UB":
            self._lonely[slot] = _Lonely(self._read_to, entry, self._count)
        elif entry.type in ("PT", "PX", "UP", "DL", *_ROLLED_BACK):
            again_from = before.again_from if before else self._read_to
            for told in told_by(form, entry, before=before.entry if before else None):
                self._keep(told, again_from, news)

    def _keep(self, told: Told, again_from: JournalPosition, news: bool) -> None:
        """Hold what a cycle tells until its end; tell at once what is outside of one."""
        number = told.entry.commit_cycle
        if number:
            cycle = self._cycles.get(number)
            if cycle is None:
                cycle = self._cycles[number] = _Cycle(again_from, told.entry)
            cycle.hold(told)
        elif news:
            self._batch.told.append(told)

    def _boundary(self, entry: JournalEntry, news: bool) -> None:
        number = entry.commit_cycle
        if entry.type == "SC":
            # the same number again: the sequence was reset, and how the older one ended is unknown
            older = self._cycles.pop(number, None)
            if older is not None and news:
                self._batch.told += older.told.values()
        elif entry.type in ("CM", "RB"):
            self._end_lonely(number, news)
            cycle = self._cycles.pop(number, None)
            if entry.type == "RB" or not news:
                return
            if cycle is not None:
                self._batch.told += cycle.told.values()
            if self._seen_in_part(number):
                self._batch.reloads.append(
                    Reload(None, "saw the COMMIT of changes made before reading began")
                )

    def _seen_in_part(self, number: int) -> bool:
        return self._began is not None and 0 < number <= self._began.sequence

    def _about_file(self, entry: JournalEntry) -> None:
        file, why = FileName(entry.library, entry.file), _RELOADS.get((entry.code, entry.type))
        if why is not None and file in self._files:
            self._batch.reloads.append(Reload(file, f"{file} {why} at {entry.at}"))

    # -- before-images without a partner ---------------------------------------------------------

    def _alone(self, lonely: _Lonely, news: bool) -> None:
        form = self._files[FileName(lonely.entry.library, lonely.entry.file)]
        for told in told_by(form, lonely.entry):
            self._keep(told, lonely.again_from, news)

    def _end_lonely(self, number: int, news: bool) -> None:
        """Give the before-images of a cycle that ends to the cycle."""
        for slot, lonely in list(self._lonely.items()):
            if lonely.entry.commit_cycle == number:
                self._alone(self._lonely.pop(slot), news)

    def _give_up_lonely(self, news: bool) -> None:
        slot = next(iter(self._lonely), None)
        if slot is not None and self._count - self._lonely[slot].count > _LONELY:
            self._alone(self._lonely.pop(slot), news)

    # -- places in the chain of receivers --------------------------------------------------------

    def _is_news(self, position: JournalPosition) -> bool:
        """Tell whether an entry lies behind what was read before the restart."""
        if not self._repeating:
            return True
        until, receiver = self._noted.read_to, _receiver(position)
        if receiver == _receiver(until):
            self._repeating = position.sequence <= until.sequence
        else:
            self._repeating = receiver in self._noted.receivers[:-1]
        return not self._repeating

    def _pass(self, position: JournalPosition) -> None:
        receiver = _receiver(position)
        if receiver != _receiver(self._read_to):
            if position.sequence <= self._read_to.sequence:
                self._began = None  # the sequence was reset: no cycle from before is open now
            if receiver not in self._chain:
                self._chain.append(receiver)
        if not self._cycles and not self._lonely:
            self._chain = [receiver]  # names come round again; only the way to what is held counts
        self._read_to = position

    def _place(self, position: JournalPosition) -> tuple[int, int]:
        return self._chain.index(_receiver(position)), position.sequence


def _receiver(position: JournalPosition) -> Receiver:
    return position.receiver_library, position.receiver


def _plain(position: JournalPosition) -> list[str | int]:
    return [position.receiver_library, position.receiver, position.sequence]
