"""A door without an IBM i behind it: answers by the text of a statement, notes what was run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from towline_agent.ibmi.install.authority import needed, owned
from towline_agent.ibmi.install.ddl import fingerprint, quoted
from towline_agent.ibmi.install.diff import differences
from towline_agent.ibmi.install.feeding import layout_columns
from towline_agent.ibmi.install.objects import KnownColumn, Wanted
from towline_agent.ibmi.install.present import Present, PresentProfile, PresentTrigger
from towline_agent.ibmi.odbc.statements import statement
from towline_shared.errors import Permanent, TowlineError

Rows = list[tuple[Any, ...]]
Reply = Rows | TowlineError | Callable[[Sequence[Any]], Rows]


@dataclass
class FakeAnswer:
    """Rows, as a door gives them."""

    rows: Rows


@dataclass
class FakeDoor:
    """Answers questions by the name of their file; a question nobody foresaw is SQL0204.

    Attributes:
        replies: by text of the statement.
        fails: text that a statement begins with -> what it raises, once or for ever.
        ran: statements that were run, in order.
    """

    replies: dict[str, Reply] = field(default_factory=dict)
    fails: dict[str, TowlineError] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    closed: bool = False

    def when(self, name: str, reply: Reply, **places: str) -> None:
        """Answer one of the driver's or the install's questions."""
        self.replies[statement(name, **places)] = reply

    def when_library(self, name: str, library: str, reply: Reply) -> None:
        """Answer a question that takes the library as a literal."""
        self.when(name, reply, library=quoted(library))

    def query(self, sql: str, parameters: Sequence[Any] = (), *, doing: str) -> FakeAnswer:
        """Answer, or raise what was foreseen."""
        reply = self.replies.get(sql)
        if reply is None:
            raise Permanent(f"SQL0204 while {doing}: not found.")
        if isinstance(reply, TowlineError):
            raise reply
        return FakeAnswer(reply(parameters) if callable(reply) else reply)

    def execute(self, sql: str, parameters: Sequence[Any] = (), *, doing: str) -> int:
        """Note the statement, or raise what was foreseen."""
        for beginning, error in self.fails.items():
            if sql.startswith(beginning):
                raise error
        self.ran.append(sql)
        return -1

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def all_there(wanted: Wanted) -> Present:
    """Return a partition on which everything is as it should be and could be seen."""

    def columns(library: str, name: str) -> dict[str, KnownColumn]:
        named = {
            column
            for trigger in wanted.triggers
            if (trigger.file.library, trigger.file.name) == (library, name)
            for column in (
                *(key.column for key in trigger.keys),
                *(each.column for each in trigger.watched),
            )
        }
        return {each: KnownColumn(each, "CHAR", 10) for each in named or {"X"}}

    parts = [each.split("/", 1)[1].rsplit(" ", 1) for each in owned(wanted)]
    present = Present(
        library=True,
        tables={t.layout.name: layout_columns(t.layout) for t in wanted.tables},
        columns={
            file: columns(file.library, file.name)
            for file in wanted.read
            if file.library != wanted.library
        },
        triggers=tuple(
            PresentTrigger(t.name, t.file, True, True, fingerprint(t)) for t in wanted.triggers
        ),
        queues={queue.queue: queue.max_length for queue in wanted.queues},
        owners={(name, kind): wanted.owner.name for name, kind in parts},
        journaled=frozenset(t.layout.name for t in wanted.tables),
        profiles={
            wanted.owner.name: PresentProfile(wanted.owner.text, True, False, ()),
            wanted.agent.name: PresentProfile(wanted.agent.text, True, True, ()),
            wanted.order_entry: PresentProfile("Batch", True, True, ()),
            wanted.library: None,
        },
        rights={g.part: needed(g) for g in (*wanted.agent_grants, *wanted.order_entry_grants)},
        procedures={each.part: True for each in wanted.procedures},
        members={trigger.file: 1 for trigger in wanted.triggers},
        unique={trigger.file: True for trigger in wanted.triggers},
    )
    assert differences(wanted, present) == ()
    return present
