"""Which key a journal entry is about: cut from the raw record image, and nothing more. Pure.

ENTRY_DATA is the record as it lies in the file; fixed-length fields are cut by position
(https://www.ibm.com/support/pages/example-how-extract-and-read-entrydata-joesd-journal-receiver-field-using-displayjournal-table-function).
The key columns alone are decoded. What the record says is read from the file afterwards: images
may be missing although the journal holds them
(https://github.com/jhc-systems/debezium-connector-ibmi/issues/75), so they are good for a hint and
for no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from towline_agent.ibmi.port import JournalEntry
from towline_agent.ibmi.records import Field, RecordFormat, decode_field
from towline_agent.policy import FileName
from towline_agent.sources.facts import text_of
from towline_shared.errors import BadRecord, Permanent

__all__ = ["JournalFile", "Mute", "Touched", "told_by", "without_key"]

_RESTART = "then run towline-agent journal restart"


@dataclass(frozen=True)
class JournalFile:
    """A file whose changes are read from the journal.

    Attributes:
        record: its whole record format; unused fields may be fillers.
        key: key columns, in the order of the entity's key.
        watched: columns whose bytes must differ before an update counts.
    """

    file: FileName
    record: RecordFormat
    key: tuple[str, ...]
    watched: tuple[str, ...]

    def part(self, data: bytes, column: str) -> bytes:
        """Return the bytes of a column in an image."""
        start, field = self._places[column]
        return data[start : start + field.size]

    def keys(self, data: bytes) -> tuple[str, ...]:
        """Return the key as text, right-trimmed, as a trigger would write it.

        Raises:
            BadRecord: a key column can't be read; names it with its bytes.
        """
        return tuple(
            text_of(
                decode_field(
                    self._places[column][1], self.part(data, column), ccsid=self.record.ccsid
                )
            )
            for column in self.key
        )

    @cached_property
    def _places(self) -> dict[str, tuple[int, Field]]:
        places: dict[str, tuple[int, Field]] = {}
        start = 0
        for field in self.record.fields:
            places[field.name] = (start, field)
            start += field.size
        return places


@dataclass(frozen=True, slots=True)
class Touched:
    """A key that has to be read again.

    Attributes:
        operation: ``I``, ``U`` or ``D``.
        entry: what tells of it, without its image: a transaction may hold very many.
    """

    file: FileName
    keys: tuple[str, ...]
    operation: str
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class Mute:
    """A change whose key is not to be had; it is told as unreadable and never guessed."""

    file: FileName
    error: BadRecord
    entry: JournalEntry


def told_by(
    form: JournalFile, entry: JournalEntry, *, before: JournalEntry | None = None
) -> Sequence[Touched | Mute]:
    """Return what a record entry tells: no key, one, or two where the key itself changed.

    Args:
        before: the UB entry that belongs to this UP; without one every update counts.

    Raises:
        Permanent: the entry can't be cut by position at all; nothing behind it may be read.
    """
    for each in (before, entry):
        if each is not None:
            _hold_against_format(form, each)
    if not entry.data:
        return [without_key(form, entry)]
    after = _told(form, entry, entry.data)
    if before is None or not before.data:
        return [after]
    if not _differs(form, before.data, entry.data):
        return []
    if all(form.part(before.data, name) == form.part(entry.data, name) for name in form.key):
        return [after]
    return [_told(form, entry, before.data), after]


def without_key(form: JournalFile, entry: JournalEntry) -> Mute:
    """Return what becomes of an entry that has no image, such as DL under IMAGES(*AFTER)."""
    error = BadRecord(
        f"The journal tells of record {entry.rrn} of {form.file} ({entry.type}) without its image,"
        f" so its key is unknown.",
        field="",
        hint=f"Journal the file with IMAGES(*BOTH) (CHGJRNOBJ, STRJRNPF), {_RESTART}.",
    )
    return Mute(form.file, error, replace(entry, data=b""))


def _told(form: JournalFile, entry: JournalEntry, data: bytes) -> Touched | Mute:
    bare = replace(entry, data=b"")
    try:
        return Touched(form.file, form.keys(data), _OPERATIONS.get(entry.type, "U"), bare)
    except BadRecord as error:
        what = f"{form.file}: the key can't be read: {error.what}"
        mended = BadRecord(what, field=error.field, raw_hex=error.raw_hex, hint=error.hint)
        return Mute(form.file, mended, bare)


_OPERATIONS = {"PT": "I", "PX": "I", "DL": "D", "DR": "D"}


def _differs(form: JournalFile, before: bytes, after: bytes) -> bool:
    """Compare bytes, not values: dirt that is no number can change too."""
    columns = (*form.key, *form.watched)
    return any(form.part(before, column) != form.part(after, column) for column in columns)


def _hold_against_format(form: JournalFile, entry: JournalEntry) -> None:
    where = (
        f"entry {entry.position.sequence} of receiver {entry.position.receiver} about {form.file}"
    )
    if entry.minimized:
        raise Permanent(
            f"The journal is read no further: {where} has minimized data (MINENTDTA), which does"
            f" not hold the whole record.",
            hint=f"Set MINENTDTA(*NONE) for the journal with CHGJRN, {_RESTART}.",
        )
    if entry.data and len(entry.data) != form.record.size:
        raise Permanent(
            f"The journal is read no further: {where} has {len(entry.data)} bytes, and the record"
            f" format in agent.toml has {form.record.size}; the file was changed, or the format is"
            f" not its own.",
            hint=f'Correct [journal.files."{form.file}"] fields, start the agent again; if older'
            f" entries still have the old format, {_RESTART.removeprefix('then ')}.",
        )
