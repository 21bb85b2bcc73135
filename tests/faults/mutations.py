"""The four mistakes that every store-and-forward product has made once, as one changed line each.

A harness that stays green with one of them proves nothing. The line is changed in the source of the
function as it stands, and its code is replaced; when the line is no longer there, or is there
twice, the mutation says so instead of changing nothing.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from towline_relay.link import enrolment
from towline_shared import sqlite_file
from towline_shared.database import Database
from towline_shared.stream_log import StreamLog

__all__ = ["MUTATIONS", "Mutation", "mutated"]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One changed line.

    Attributes:
        owner: module or class of the function.
        old: text that the function's source holds exactly once.
    """

    owner: Any
    function: str
    old: str
    new: str


MUTATIONS = {
    "ack before commit": Mutation(
        Database,
        "_attempt",
        'connection.execute("COMMIT")',
        "[answer(future) for future, answer in answers]; answers = [];"
        ' connection.execute("COMMIT")',
    ),
    "synchronous=NORMAL": Mutation(
        sqlite_file, "open_file", '"PRAGMA synchronous=FULL"', '"PRAGMA synchronous=NORMAL"'
    ),
    "no epoch guard": Mutation(enrolment, "is_current", "AND epoch=?", "AND ?>0"),
    "trim at ack": Mutation(
        StreamLog, "_trim_out", "(acked_at IS NULL OR acked_at>=?)", "(acked_at IS NULL OR ?='')"
    ),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Apply a mutation for the length of a block; an empty name is none."""
    if not name:
        yield
        return
    mutation = MUTATIONS[name]
    found = vars(mutation.owner)[mutation.function]
    function = found.__func__ if isinstance(found, staticmethod) else found
    assert isinstance(function, FunctionType)
    original = function.__code__
    function.__code__ = _changed(mutation, function)  # for all who imported it, too
    try:
        yield
    finally:
        function.__code__ = original


def _changed(mutation: Mutation, function: FunctionType) -> CodeType:
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(mutation.old) == 1, f"{mutation.function} has changed: {mutation.old!r}"
    made: dict[str, Any] = {}
    heading = "from __future__ import annotations\n"
    exec(heading + source.replace(mutation.old, mutation.new), function.__globals__, made)
    changed = made[mutation.function]
    code: CodeType = (changed.__func__ if isinstance(changed, staticmethod) else changed).__code__
    return code
