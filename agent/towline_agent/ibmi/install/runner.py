"""Run a script over an administrator's own sign-on, one statement after the other.

DDL and commands of the system are not under commitment control, so nothing is taken back when a
statement fails: the run stops there, says where and who is in the way, and can be repeated. What is
there already, or gone already, is no failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from towline_agent.ibmi.errors import InUse
from towline_agent.ibmi.install.objects import Table, Trigger, Wanted
from towline_agent.ibmi.install.present import Asked
from towline_agent.ibmi.install.script import Statement
from towline_agent.ibmi.odbc.statements import statement
from towline_shared.errors import Permanent, TowlineError

__all__ = ["Unsent", "run", "unsent"]

# SQL0601 object exists, CPF2214 profile exists, CPF9870 object exists; SQL0204 not found, CPF2105
# and CPF9801 object not found, CPF2204 and CPF2213 profile not found.
_THERE = ("SQL0601", "CPF2214", "CPF9870")
_GONE = ("SQL0204", "CPF2105", "CPF9801", "CPF2204", "CPF2213")


@dataclass(frozen=True, slots=True)
class Unsent:
    """What an undo would lose: documents the ERP has not decided, changes nobody sent.

    Attributes:
        orders: web orders, their changes and customers with STATUS N.
        changes: rows of the outbox.
    """

    orders: int
    changes: int


def run(
    door: Asked,
    statements: Sequence[Statement],
    wanted: Wanted,
    *,
    tell: Callable[[str], None],
) -> None:
    """Run the statements in order.

    Args:
        tell: takes one line for each statement.

    Raises:
        InUse: names the statement and the jobs that hold the file.
        TowlineError: as the system said, with the statement's number; nothing after it was run.
    """
    total = len(statements)
    for number, each in enumerate(statements, start=1):
        place = f"{number} of {total}"
        title = _title(each)
        try:
            door.execute(each.text, doing=f"running statement {place} ({title})")
        except InUse as error:
            raise _in_use(door, each, wanted, place, error) from None
        except Permanent as error:
            if _repeatable(each, error):
                tell(f"{place}  as it is  {title}")
                continue
            raise _stopped(error, place, title) from None
        tell(f"{place}  done      {title}")


def unsent(door: Asked, wanted: Wanted) -> Unsent:
    """Count what an undo would lose; nothing when the tables are gone already."""
    name = "install_lost_orders" if wanted.orders_in_tables else "install_lost"
    try:
        rows = door.query(
            statement(name, library=wanted.library), doing="counting what is not sent"
        ).rows
    except Permanent as error:
        if any(mark in error.what for mark in _GONE):
            return Unsent(0, 0)
        raise
    others = sum(_undecided(door, table) for table in wanted.tables)
    return Unsent(int(rows[0][0]) + others, int(rows[0][1]))


def _undecided(door: Asked, table: Table) -> int:
    """Count what waits for the ERP in a staging table beside WEBORDH; 0 where there is none."""
    if table.layout.name == "WEBORDH" or "STATUS" not in table.layout.by_name:
        return 0
    sql = statement("install_lost_documents", table=table.name)
    try:
        return int(door.query(sql, doing="counting what is not decided").rows[0][0])
    except Permanent as error:
        if any(mark in error.what for mark in _GONE):
            return 0  # an older install has no such table
        raise


def _title(each: Statement) -> str:
    """Return the beginning of a statement, for a line on the screen."""
    first = each.command or " ".join(each.text.split("\n", 1)[0].split())
    first = first.rstrip("( ")
    return first if len(first) <= 70 else first[:67] + "..."


def _repeatable(each: Statement, error: Permanent) -> bool:
    """Tell whether an answer means "done before": a CREATE finds it, a DROP does not.

    A CREATE that misses something else, such as the file of a trigger, has failed.
    """
    text = each.command or each.text
    marks: tuple[str, ...] = ()
    if text.startswith(("CREATE", "CRT")):
        marks = _THERE
    elif text.startswith(("DROP", "DLT", "REVOKE", "RVK")):
        marks = _GONE
    return any(mark in error.what for mark in marks)


def _in_use(door: Asked, each: Statement, wanted: Wanted, place: str, error: InUse) -> InUse:
    trigger = next((t for t in wanted.triggers if t.part in each.parts), None)
    holders = _holders(door, trigger) if trigger is not None else []
    who = f" It is held by {', '.join(holders)}." if holders else ""
    return InUse(
        f"Statement {place} ({_title(each)}) needs an object for itself.{who} {error.what}",
        hint="End or wait for that job, then run this again; what is done stays done.",
    )


def _holders(door: Asked, trigger: Trigger) -> list[str]:
    key = (trigger.file.library, trigger.file.name)
    try:
        rows = door.query(statement("install_holders"), key, doing="asking for the holder").rows
    except TowlineError:  # the sentence without a holder is better than another error
        return []
    return [str(row[0]).strip() for row in rows]


def _stopped(error: Permanent, place: str, title: str) -> Permanent:
    return Permanent(
        f"Stopped at statement {place} ({title}): {error.what}",
        hint=error.hint or "Correct it, then run this again; what is done stays done.",
    )
