"""A script as data: steps of statements with comments, so that it can be printed, cut and run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace

__all__ = ["COMMAND", "Script", "Statement", "Step", "comment"]

COMMAND = "CALL QSYS2.QCMDEXC('QSYS/"
WIDTH = 120
_RULE = "-- " + "-" * (WIDTH - 3)


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, without its semicolon.

    Attributes:
        parts: the parts it belongs to; it is needed when one of them differs. None: it only looks.
        note: a comment to stand before it.
    """

    text: str
    parts: tuple[str, ...] = ()
    note: str = ""

    @property
    def command(self) -> str:
        """The CL command it runs, without its library; empty for SQL."""
        if not self.text.startswith(COMMAND):
            return ""
        return self.text.removeprefix(COMMAND).removesuffix("')").replace("''", "'")

    @property
    def looks(self) -> bool:
        """Whether it changes nothing."""
        return not self.parts


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered step; without a statement left it is not printed unless ``always``."""

    title: str
    why: str
    statements: tuple[Statement, ...] = ()
    always: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script."""

    head: str
    steps: tuple[Step, ...]

    def only(self, parts: Set[str]) -> Script:
        """Return what closes the difference in these parts, with the steps that only look."""
        steps = []
        for step in self.steps:
            kept = tuple(
                each for each in step.statements if each.looks or parts & frozenset(each.parts)
            )
            steps.append(replace(step, statements=kept))
        kept_steps = [
            step for step in steps if any(not each.looks for each in step.statements) or step.always
        ]
        return replace(self, steps=tuple(kept_steps))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements in order."""
        return tuple(each for step in self.steps for each in step.statements)

    @property
    def changing(self) -> tuple[Statement, ...]:
        """The statements that change something, in order."""
        return tuple(each for each in self.statements if not each.looks)

    def __str__(self) -> str:
        return "\n".join(self._lines()).rstrip() + "\n"

    def _lines(self) -> Iterator[str]:
        yield self.head
        for number, step in enumerate(self.steps):
            yield from ("", "", _RULE, comment(f"{number:<2} {step.title}"))
            if step.why:
                yield comment(step.why, indent=3)
            yield _RULE
            for each in step.statements:
                if each.note:
                    yield from ("", comment(each.note))
                yield f"{each.text};"


def comment(text: str, *, indent: int = 0) -> str:
    """Return a text as SQL comment lines.

    A line of the text that begins with a blank is kept as it is; others are filled.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if paragraph.startswith(" "):
            lines.append("--" + paragraph)
            continue
        mark = "* " if paragraph.startswith("* ") else ""
        lines += textwrap.wrap(
            paragraph,
            width=WIDTH,
            initial_indent="-- " + " " * indent,
            subsequent_indent="-- " + " " * (indent + len(mark)),
            break_long_words=False,
            break_on_hyphens=False,
        ) or ["--"]
    return "\n".join(lines)
