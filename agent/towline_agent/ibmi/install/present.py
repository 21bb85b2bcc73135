"""What is there: read from the catalogue, each answer or an honest "not checked".

A question the release or the profile does not answer never stops the rest. Libraries that a profile
may not see vanish from the catalogue instead of raising an error, so a plan made with too little
authority shows too much as missing; the report says under whom it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from towline_agent.ibmi.install.ddl import FINGERPRINT, quoted
from towline_agent.ibmi.install.objects import Grant, KnownColumn, KnownFile, Wanted
from towline_agent.ibmi.odbc.statements import named, statement
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import FileName
from towline_shared.errors import Permanent

__all__ = ["Answer", "Asked", "Present", "PresentProfile", "PresentTrigger", "read_present"]

_RIGHTS = (
    "*OBJOPR", "*OBJMGT", "*OBJEXIST", "*OBJALTER", "*OBJREF",
    "*READ", "*ADD", "*UPD", "*DLT", "*EXECUTE",
)  # fmt: skip
_TYPES = {"TIMESTAMP": "TIMESTMP", "CHARACTER": "CHAR", "CHARACTER VARYING": "VARCHAR"}


class Answer(Protocol):
    """An answer read to its end."""

    @property
    def rows(self) -> Sequence[tuple[Any, ...]]:
        """The rows."""
        ...


class Asked(Protocol):
    """What the install needs of a connection: a part of the ODBC driver's door."""

    def query(self, sql: str, parameters: Sequence[Any] = (), *, doing: str) -> Answer:
        """Run a SELECT and read it to its end."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = (), *, doing: str) -> int:
        """Run a statement."""
        ...


@dataclass(frozen=True, slots=True)
class PresentTrigger:
    """A trigger in Towline's library.

    Attributes:
        definition: the mark in its comment; empty where it has none, None where nobody can tell.
    """

    name: str
    file: FileName
    enabled: bool
    operative: bool
    definition: str | None


@dataclass(frozen=True, slots=True)
class PresentProfile:
    """A user profile; ``special`` are its special authorities."""

    text: str
    enabled: bool
    has_password: bool
    special: tuple[str, ...]


@dataclass(frozen=True)
class Present:
    """What is there. None, or a missing key, means: could not be asked; see ``unchecked``.

    Attributes:
        tables: columns of the tables in Towline's library.
        columns: columns of the files that are read; empty for one that can't be seen.
        queues: MAXLEN by queue; 0 for one that is not there.
        owners: (name, type) in Towline's library to owner; journals are among them.
        journaled: tables of Towline's library that are journaled.
        profiles: by name; None for one that does not exist.
        rights: by part of the grant.
        unchecked: sentences.
    """

    library: bool
    tables: Mapping[str, KnownFile]
    columns: Mapping[FileName, KnownFile]
    triggers: tuple[PresentTrigger, ...] | None
    queues: Mapping[QueueName, int]
    owners: Mapping[tuple[str, str], str] | None
    journaled: frozenset[str]
    profiles: Mapping[str, PresentProfile | None]
    rights: Mapping[str, frozenset[str]]
    procedures: Mapping[str, bool]
    members: Mapping[FileName, int]
    unique: Mapping[FileName, bool]
    unchecked: tuple[str, ...] = ()


@dataclass
class _Catalogue:
    """Asks, and keeps what could not be answered; the same question is not asked in vain twice."""

    door: Asked
    unchecked: dict[str, str] = field(default_factory=dict)

    def ask(
        self, name: str, parameters: Sequence[Any] = (), *, what: str, **places: str
    ) -> Sequence[tuple[Any, ...]] | None:
        if name in self.unchecked:
            return None
        sql = statement(name, **places)
        try:
            return self.door.query(sql, parameters, doing=f"looking at {what}").rows
        except Permanent as error:
            self.unchecked[name] = f"{what[:1].upper()}{what[1:]}: not checked. {error.what}"
            return None

    def must(self, name: str, parameters: Sequence[Any], *, what: str) -> Sequence[tuple[Any, ...]]:
        """Ask what every release answers; without it nothing can be compared."""
        return self.door.query(statement(name), parameters, doing=f"looking at {what}").rows


def read_present(door: Asked, wanted: Wanted) -> Present:
    """Ask what is there.

    Raises:
        Retryable: the connection broke; an answer that fails for good is only "not checked".
    """
    ask = _Catalogue(door)
    library = wanted.library
    tables = {name: _columns(ask, FileName(library, name)) for name in _names(ask, library)}
    objects = ask.ask(
        "install_objects", what=f"owners in library {library}", library=quoted(library)
    )
    own = {FileName(library, table.layout.name) for table in wanted.tables}
    fed = [each.file for each in wanted.triggers if each.file not in own]
    files = dict.fromkeys([*(file for file in wanted.read if file not in own), *fed])
    return Present(
        library=bool(tables) or bool(objects) or _schema(ask, library),
        tables=tables,
        columns={file: _columns(ask, file) for file in files},
        triggers=_triggers(ask, library),
        queues=dict(_queues(ask, wanted)),
        owners=None if objects is None else {(_t(r[0]), _t(r[1])): _t(r[2]) for r in objects},
        journaled=frozenset(_t(r[0]) for r in objects or () if _t(r[3]) == "YES"),
        profiles=dict(_profiles(ask, wanted)),
        rights=dict(_rights(ask, (*wanted.agent_grants, *wanted.order_entry_grants))),
        procedures=dict(_procedures(ask, wanted)),
        members=dict(_members(ask, fed)),
        unique=dict(_unique(ask, fed)),
        unchecked=tuple(ask.unchecked.values()),
    )


def _t(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _yes(value: Any) -> bool:
    return _t(value)[:1] in ("Y", "1")


def _names(ask: _Catalogue, library: str) -> list[str]:
    rows = ask.must("install_tables", (library,), what=f"tables of library {library}")
    return [_t(row[0]) for row in rows]


def _schema(ask: _Catalogue, library: str) -> bool:
    return bool(ask.ask("install_library", (library,), what=f"library {library}"))


def _columns(ask: _Catalogue, file: FileName) -> KnownFile:
    rows = ask.must("install_columns", (file.library, file.name), what=f"columns of {file}")
    found: dict[str, KnownColumn] = {}
    for system, name, kind, length, scale, nullable, ccsid in rows:
        column = KnownColumn(
            _t(name), _TYPES.get(_t(kind), _t(kind)), int(length or 0), int(scale or 0),
            nullable=_yes(nullable), ccsid=int(ccsid or 0),
        )  # fmt: skip
        found[column.name] = column
        if _t(system) and _t(system) not in found:  # a long name has a short twin
            found[_t(system)] = column
    return found


def _triggers(ask: _Catalogue, library: str) -> tuple[PresentTrigger, ...] | None:
    rows = ask.ask("install_triggers", (library,), what=f"triggers in library {library}")
    if rows is None:
        return None
    said = ask.ask("install_comments", (library,), what="the definitions of the triggers")
    marks = {_t(name): _t(text).rpartition(f"{FINGERPRINT} ")[2] for name, text in said or ()}
    return tuple(
        PresentTrigger(
            name=_t(name),
            file=FileName(_t(schema), _t(table)),
            enabled=_yes(enabled),
            operative=_yes(operative),
            definition=None if said is None else marks.get(_t(name), ""),
        )
        for name, schema, table, enabled, operative in rows
    )


def _queues(ask: _Catalogue, wanted: Wanted) -> Iterator[tuple[QueueName, int]]:
    for each in wanted.queues:
        queue = each.queue
        rows = ask.ask("queue_info", (queue.library, queue.name), what=f"data queue {queue}")
        if rows is not None:
            yield queue, int(rows[0][2] or 0) if rows else 0


def _profiles(ask: _Catalogue, wanted: Wanted) -> Iterator[tuple[str, PresentProfile | None]]:
    """Ask for the profiles, and for one that bears the library's name."""
    names = (wanted.owner.name, wanted.agent.name, wanted.order_entry, wanted.library)
    for name in filter(None, names):
        rows = ask.ask("install_profile", (name,), what="user profiles")
        if rows is None:
            return
        yield name, _profile(rows[0]) if rows else None


def _profile(row: tuple[Any, ...]) -> PresentProfile:
    special = tuple(word for word in _t(row[3]).split() if word != "*NONE")
    return PresentProfile(_t(row[0]), _t(row[1]) != "*DISABLED", not _yes(row[2]), special)


def _rights(ask: _Catalogue, grants: Sequence[Grant]) -> Iterator[tuple[str, frozenset[str]]]:
    for grant in grants:
        if grant.name.startswith("*"):
            continue  # all receivers of a journal: no single object to look at
        key = (grant.library, grant.name, grant.type, grant.profile)
        rows = ask.ask("install_privileges", key, what="authorities")
        if rows is None:
            return
        row = rows[0] if rows else ()
        yield grant.part, frozenset(n for n, v in zip(_RIGHTS, row, strict=False) if _yes(v))


def _procedures(ask: _Catalogue, wanted: Wanted) -> Iterator[tuple[str, bool]]:
    for each in wanted.procedures:
        name = (each.program.library, each.program.name)
        rows = ask.ask("install_routine", name, what=f"procedure {named(*name)}")
        if rows is not None:
            yield each.part, bool(rows)


def _members(ask: _Catalogue, fed: Sequence[FileName]) -> Iterator[tuple[FileName, int]]:
    for file in fed:
        rows = ask.ask("install_members", (file.library, file.name), what="members of fed files")
        if rows:
            yield file, int(rows[0][0] or 0)


def _unique(ask: _Catalogue, fed: Sequence[FileName]) -> Iterator[tuple[FileName, bool]]:
    for file in fed:
        rows = ask.ask("install_unique", (file.library, file.name), what="keys of fed files")
        if rows is not None:
            yield file, bool(rows)
