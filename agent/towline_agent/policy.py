"""The customer's allow-list: every file, queue and program the agent may touch, decided on site.

Nothing the relay says can widen it: the relay never names objects, and what the agent itself is
configured to touch is held against this list at start, before the first connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from towline_agent.ibmi.port import EntityQuery, JournalName, QueueName
from towline_agent.policy_functions import FunctionName, functions_of
from towline_shared.errors import Permanent

__all__ = [
    "DOCUMENTS",
    "FileName",
    "FunctionName",
    "OutsidePolicy",
    "Policy",
    "ProgramName",
    "parse_object",
    "tables_of",
]

#: What the relay may send for the IBM i; an agent acts on nothing else.
DOCUMENTS = frozenset({"order", "order_change", "customer", "company"})

# System names: 10 characters, first one a letter or $ # @; national variants of the three exist.
_NAME = re.compile(r"[A-Z$#@][A-Z0-9$#@_]{0,9}")
_SOURCES = re.compile(
    r"""\b(?:FROM|JOIN)\s+(?P<list>.*?)
        (?=\b(?:FROM|WHERE|JOIN|INNER|LEFT|RIGHT|FULL|CROSS|EXCEPTION|ON|USING|GROUP|ORDER|HAVING
            |UNION|EXCEPT|INTERSECT|FETCH|LIMIT|OPTIMIZE|FOR|WITH)\b|\)|$)""",
    re.VERBOSE | re.DOTALL,
)
_COMMON = re.compile(r"(?:\bWITH|,)\s+([A-Z$#@][A-Z0-9$#@_]*)\s*(?:\([^()]*\)\s*)?AS\s*\(")
_TABLE = re.compile(r'"?([A-Z$#@][A-Z0-9$#@_]*)"?(?:\s*[./]\s*"?([A-Z$#@][A-Z0-9$#@_]*)"?)?')
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_NOT_A_SOURCE = re.compile(  # FROM inside a scalar function, and the predicate DISTINCT FROM
    r"\b(?:EXTRACT|TRIM|STRIP|SUBSTRING|OVERLAY)\s*\([^()]*\)|\bDISTINCT\s+FROM\b"
)
_LITERAL = re.compile(r"'(?:[^']|'')*'")


class OutsidePolicy(Permanent):
    """The relay asked for something this site does not allow; nothing was done."""


@dataclass(frozen=True, slots=True)
class FileName:
    """A file (table) by library and system name."""

    library: str
    name: str

    def __str__(self) -> str:
        return f"{self.library}/{self.name}"


@dataclass(frozen=True, slots=True)
class ProgramName:
    """A program by library and system name."""

    library: str
    name: str

    def __str__(self) -> str:
        return f"{self.library}/{self.name}"


def parse_object(text: str) -> tuple[str, str]:
    """Split ``LIBRARY/NAME`` into its two system names.

    Raises:
        ValueError: says what is wrong with the text.
    """
    library, slash, name = text.partition("/")
    if not slash:
        raise ValueError("must be written LIBRARY/NAME")
    for part in (library, name):
        if not _NAME.fullmatch(part):
            raise ValueError(
                f"holds {part!r}, which is not a system name (upper case, at most 10 characters)"
            )
    return library, name


@dataclass(frozen=True, slots=True)
class Policy:
    """What the agent may touch.

    Attributes:
        libraries: libraries whose files may be read.
        files: when not empty, only these files of those libraries.
        queues: data queues that may be read or written.
        programs: programs that may be called; none by default.
        functions: functions a SELECT may call beside Db2's own; none by default.
        documents: kinds of documents from the shop that may have an effect on the IBM i.
    """

    libraries: frozenset[str]
    files: frozenset[FileName] = frozenset()
    queues: frozenset[QueueName] = frozenset()
    programs: frozenset[ProgramName] = frozenset()
    functions: frozenset[FunctionName] = frozenset()
    documents: frozenset[str] = DOCUMENTS

    def check_document(self, kind: str) -> None:
        """Raise :class:`OutsidePolicy` unless such a document from the relay may have an effect."""
        if kind not in self.documents:
            raise OutsidePolicy(
                f"Documents of the kind {kind[:40]!r} are outside this site's policy.",
                hint=f"If they are wanted, add it to documents under [policy] in agent.toml; known"
                f" are {', '.join(sorted(DOCUMENTS))}.",
            )

    def check_file(self, file: FileName, *, why: str) -> None:
        """Raise Permanent unless the file may be touched; ``why`` names who wants it."""
        if file.library not in self.libraries:
            raise _outside("file", str(file), why, f'"{file.library}" to libraries')
        if self.files and file not in self.files:
            raise _outside("file", str(file), why, f'"{file}" to files')

    def check_queue(self, queue: QueueName, *, why: str) -> None:
        """Raise Permanent unless the data queue may be touched."""
        if queue not in self.queues:
            raise _outside("data queue", str(queue), why, f'"{queue}" to queues')

    def check_data_area(self, library: str, name: str, *, why: str) -> None:
        """Raise Permanent unless the data area lies in an allowed library; it is only read."""
        if library not in self.libraries:
            raise _outside("data area", f"{library}/{name}", why, f'"{library}" to libraries')

    def check_journal(self, journal: JournalName, *, why: str) -> None:
        """Raise Permanent unless the journal lies in an allowed library; it is only read."""
        if journal.library not in self.libraries:
            raise _outside("journal", str(journal), why, f'"{journal.library}" to libraries')

    def check_program(self, program: ProgramName, *, why: str) -> None:
        """Raise Permanent unless the program may be called."""
        if program not in self.programs:
            raise _outside("program", str(program), why, f'"{program}" to programs')

    def check_select(self, query: EntityQuery) -> None:
        """Hold the tables a SELECT names against the list.

        Only what stands plainly in the text is seen (FROM and JOIN with a library); the profile's
        own authority on the IBM i remains the real fence. A table without a library is refused,
        because the library list of a server job would decide which one it is.
        """
        why = f"the SELECT of the entity {query.entity}"
        for table in tables_of(query.select):
            if isinstance(table, str):
                raise Permanent(
                    f"{why} reads {table} without naming its library.",
                    hint=f"Write LIBRARY.{table} in the SELECT.",
                )
            self.check_file(table, why=why)
        for function in functions_of(_plain(query.select), common=_common(query.select)):
            self._check_function(function, why=why)

    def _check_function(self, function: FunctionName, *, why: str) -> None:
        if not function.library:
            raise Permanent(
                f"The function {function} is none of Db2's own; it is called by {why}.",
                hint=f"Write LIBRARY.{function} in the SELECT, and if it may be called add"
                f' "LIBRARY/{function}" to functions under [policy] in agent.toml.',
            )
        if function not in self.functions:
            raise _outside("function", str(function), why, f'"{function}" to functions')


def _outside(kind: str, name: str, why: str, what: str) -> Permanent:
    return Permanent(
        f"The {kind} {name} is outside this site's policy; it is wanted by {why}.",
        hint=f"If it is meant to be touched, add {what} under [policy] in agent.toml.",
    )


def _plain(select: str) -> str:
    """Return a SELECT in upper case, without literals and comments."""
    return _LITERAL.sub("''", _COMMENT.sub(" ", select)).upper()


def _common(select: str) -> frozenset[str]:
    """Return the names of a SELECT's common table expressions."""
    return frozenset(_COMMON.findall(_NOT_A_SOURCE.sub("''", _plain(select))))


def tables_of(select: str) -> Iterator[FileName | str]:
    """Yield the tables a SELECT names after FROM and JOIN; a text where the library is missing."""
    text = _NOT_A_SOURCE.sub("''", _plain(select))
    common = _common(select)
    for clause in _SOURCES.finditer(text):
        for part in clause["list"].split(","):
            found = _TABLE.match(part.strip())
            if found is None or found[1] in ("TABLE", "LATERAL"):
                continue  # a nested SELECT or a table function; its own FROM is met by itself
            if found[2]:
                yield FileName(found[1], found[2])
            elif found[1] not in common:
                yield found[1]
