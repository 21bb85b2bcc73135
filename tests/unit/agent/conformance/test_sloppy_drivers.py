"""Would a sloppy driver pass? For each flaw the check that must find it, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.agent.conformance.sloppy import Flaw, sloppy_bench
from towline_agent.conformance.registry import CHECKS
from towline_agent.conformance.runner import State, run_checks
from towline_agent.ibmi.port import (
    Applied,
    OutboxDepth,
    QueueEntry,
    TableRow,
    Unread,
)
from towline_shared.errors import Misuse, Permanent, Refused, Retryable, TowlineError
from towline_shared.events import OrderChange

CHECK_BY_NAME = {str(check): check for check in CHECKS}


def rows_with(change: Callable[[Any], Any]) -> Flaw:
    """Spoil every cell of every row."""

    def flaw(verb: Any, *arguments: Any, **named: Any) -> Any:
        rows = verb(*arguments, **named)
        return [TableRow({name: change(cell) for name, cell in row.cells.items()}) for row in rows]

    return flaw


def entries_with(change: Callable[[bytes], bytes]) -> Flaw:
    """Spoil the bytes of every entry that is seen or taken."""

    def flaw(verb: Any, *arguments: Any, **named: Any) -> Any:
        found = verb(*arguments, **named)
        if found is None:
            return None
        if isinstance(found, QueueEntry):
            return replace(found, data=change(found.data))
        return [replace(entry, data=change(entry.data)) for entry in found]

    return flaw


def changed(**values: Any) -> Flaw:
    """Lose parts of a change of an order; orders themselves arrive."""

    def flaw(verb: Any, document: Any, *, event_id: str) -> Any:
        lost = replace(document, **values) if isinstance(document, OrderChange) else document
        return verb(lost, event_id=event_id)

    return flaw


def raising(kind: type[TowlineError], instead_of: type[TowlineError]) -> Flaw:
    """Give an error another kind: the caller would react wrongly."""

    def flaw(verb: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return verb(*arguments, **named)
        except instead_of as error:
            raise kind(error.what) from None

    return flaw


def raw_error(verb: Any, *arguments: Any, **named: Any) -> Any:
    """Let an error of the network through that is none of Towline's."""
    try:
        return verb(*arguments, **named)
    except Retryable:
        raise ConnectionResetError("the socket's own words") from None


def each_column_by_itself(verb: Any, query: Any, keys: Sequence[tuple[str, ...]]) -> Any:
    """WHERE A IN (...) AND B IN (...): parts of different keys are mixed."""
    if len(query.key) < 2:
        return verb(query, keys)
    mixed = [(one[0], two[1]) for one in keys for two in keys]
    return verb(query, list(dict.fromkeys(mixed)))


def offset_paging(verb: Any, query: Any, *, after_key: Any, limit: int) -> Any:
    """Find the place by counting: a row that is gone shifts all others."""
    rows = list(verb(query, after_key=None, limit=99_999))
    keys = [tuple(str(row.cells[name]) for name in query.key) for row in rows]
    start = keys.index(after_key) + 1 if after_key in keys else 0
    return rows[start : start + limit] if after_key in keys or after_key is None else []


def first_column_only(verb: Any, query: Any, *, after_key: Any, limit: int) -> Any:
    """Go on after the first key column alone: the rest of a group is skipped."""
    if after_key is not None and len(after_key) > 1:
        after_key = (after_key[0], "\N{LATIN SMALL LETTER Y WITH DIAERESIS}" * 3)
    return verb(query, after_key=after_key, limit=limit)


def taking_the_newest(verb: Any, queue: Any, *, key: bytes = b"") -> Any:
    """Take what came last, as if every queue were LIFO."""
    found = []
    while (entry := verb(queue, key=key)) is not None:
        found.append(entry)
    return found[-1] if found else None


def looking_only() -> Flaw:
    """Show each entry of a wait a second time, as if it had not been taken."""
    seen: list[Any] = []

    def flaw(verb: Any, queue: Any, *, seconds: float) -> Any:
        if seen:
            return seen.pop()
        seen.append(verb(queue, seconds=seconds))
        return seen[0]

    return flaw


def always_written(verb: Any, *arguments: Any, **named: Any) -> Any:
    verb(*arguments, **named)
    return Applied.WRITTEN


def without_before_images(verb: Any, *arguments: Any, **named: Any) -> Any:
    page = verb(*arguments, **named)
    return replace(page, entries=tuple(e for e in page.entries if e.type != "UB"))


def standing_still(verb: Any, *arguments: Any, after: Any, **named: Any) -> Any:
    page = verb(*arguments, after=after, **named)
    records = [entry for entry in page.entries if entry.code == "R"]
    return page if records or after is None else replace(page, position=after)


def _outbox(change: Callable[[Any], Any]) -> Flaw:
    return lambda verb, **named: [change(row) for row in verb(**named)]


FLAWS: tuple[tuple[str, dict[str, Flaw], str], ...] = (
    ("a page holds one row too many",
     {"outbox": lambda verb, *, after, limit: verb(after=after, limit=limit + 1)},
     "outbox: rows come ascending after an id and within a limit"),
    ("not after but from the id",
     {"outbox": lambda verb, *, after, limit: verb(after=after - 1, limit=limit)},
     "outbox: rows come ascending after an id and within a limit"),
    ("newest first",
     {"outbox": lambda verb, **named: list(verb(**named))[::-1]},
     "outbox: a unit becomes visible as a whole"),
    ("keys padded as CHAR",
     {"outbox": _outbox(lambda row: replace(row, keys=tuple(k.ljust(64) for k in row.keys)))},
     "outbox: a change is one row with its key"),
    ("unused key columns as empty keys",
     {"outbox": _outbox(lambda row: replace(row, keys=(*row.keys, "", "")))},
     "outbox: a change is one row with its key"),
    ("keys trimmed on both sides",
     {"outbox": _outbox(lambda row: replace(row, keys=tuple(k.strip() for k in row.keys)))},
     "outbox: keys arrive as they are written"),
    ("the driver's own form of a timestamp",
     {"outbox": _outbox(lambda row: replace(row, changed_at=row.changed_at.replace(".", ":", 2)))},
     "outbox: a time of change is a timestamp of 26 characters"),
    ("equal keys are folded",
     {"outbox": lambda verb, **named: list({row.keys: row for row in verb(**named)}.values())},
     "outbox: several changes of a record are several rows"),
    ("says what was asked, not what was deleted",
     {"outbox_delete": lambda verb, ids: verb(ids) and len(ids)},
     "outbox: a long list of ids is deleted at once"),
    ("deletes everything up to the highest id",
     {"outbox_delete": lambda verb, ids: verb(range(max(ids, default=0) + 1))},
     "outbox: deleting is idempotent"),
    ("the depth names a time in another form",
     {"outbox_depth": lambda verb: replace(verb(), oldest_at=verb().oldest_at[:19])},
     "outbox depth: rows are counted and the oldest is named"),
    ("the depth of nothing has a time",
     {"outbox_depth": lambda verb: OutboxDepth(verb().rows, verb().oldest_at or "None")},
     "outbox depth: an empty outbox has no oldest row"),
    ("each key column by itself", {"rows": each_column_by_itself},
     "rows: several key columns go together"),
    ("no key is the whole file",
     {"rows": lambda verb, query, keys: verb(query, keys) if keys else [TableRow({"SKU": "X"})]},
     "rows: no keys no rows"),
    ("keys compared in upper case",
     {"rows": lambda verb, query, keys: verb(query, [tuple(p.upper() for p in k) for k in keys])},
     "rows: a key finds only itself"),
    ("keys trimmed on both sides by the query",
     {"rows": lambda verb, query, keys: verb(query, [tuple(p.strip() for p in k) for k in keys])},
     "rows: a key finds only itself"),
    ("a statement for each key",
     {"rows": lambda verb, query, keys: [r for k in keys for r in verb(query, [k])]},
     "rows: a key asked twice gives its row once"),
    ("the list of keys is cut",
     {"rows": lambda verb, query, keys: verb(query, keys[:255])},
     "rows: five hundred keys are asked at once"),
    ("numbers as float", {"rows": rows_with(lambda c: float(c) if isinstance(c, Decimal) else c)},
     "rows: decimals are exact to the last digit"),
    ("numbers as text", {"rows": rows_with(lambda c: str(c) if isinstance(c, Decimal) else c)},
     "rows: a number without decimals is a whole number"),
    ("CHAR trimmed", {"rows": rows_with(lambda c: c.rstrip() if isinstance(c, str) else c)},
     "rows: the current row is returned"),
    ("NULL as an empty text", {"rows": rows_with(lambda c: "" if c is None else c)},
     "rows: no value is none and spoils no neighbour"),
    ("blanks as NULL", {"rows": rows_with(lambda c: None if c == "   " else c)},
     "rows: a blank text is no null"),
    ("names in lower case",
     {"rows": lambda verb, query, keys: [
         TableRow({n.lower(): c for n, c in row.cells.items()}) for row in verb(query, keys)]},
     "rows: the current row is returned"),
    ("bad cells guessed as zero",
     {"rows": rows_with(lambda c: Decimal(0) if isinstance(c, Unread) else c)},
     "rows: an unreadable cell does not abort the read"),
    ("rows with bad cells left out",
     {"snapshot": lambda verb, query, **named: [
         row for row in verb(query, **named)
         if not any(isinstance(c, Unread) for c in row.cells.values())]},
     "rows: an unreadable cell does not end a page"),
    ("a bad cell aborts the read",
     {"rows": rows_with(lambda c: _abort() if isinstance(c, Unread) else c)},
     "rows: an unreadable cell does not abort the read"),
    ("a missing file is worth another try",
     {"rows": raising(Retryable, Permanent), "snapshot": raising(Retryable, Permanent)},
     "rows: a missing file is permanent"),
    ("paging by counting", {"snapshot": offset_paging},
     "pages: a deleted key is a place to go on from"),
    ("paging by the first key column", {"snapshot": first_column_only},
     "pages: pages go on inside a compound key"),
    ("another type in a page",
     {"snapshot": rows_with(lambda c: int(c) if isinstance(c, Decimal) and c == int(c) else c)},
     "pages: a page and a row by key say the same"),
    ("looking takes", {"queue_peek": lambda verb, queue, *, limit: list(verb(queue, limit=99))},
     "data queues: looking takes nothing and keeps the order"),
    ("blanks at the end trimmed",
     {"queue_peek": entries_with(lambda data: data.rstrip(b"\x40"))},
     "data queues: blanks and zeros at the end belong to the entry"),
    ("cut at the first zero byte",
     {"queue_take": entries_with(lambda data: data.partition(b"\x00")[0])},
     "data queues: every byte arrives unchanged"),
    ("newest first whatever the queue", {"queue_take": taking_the_newest},
     "data queues: taking removes the first entry at once"),
    ("long entries cut",
     {"queue_send": lambda verb, queue, data, *, key=b"": verb(queue, data[:256], key=key)},
     "data queues: an entry as long as maxlen is taken and a longer one is permanent"),
    ("keys cut and padded",
     {"queue_send": lambda verb, queue, data, *, key=b"": verb(
         queue, data, key=key[:4].ljust(4, b"\x40") if queue.name == "BYKEY" else key)},
     "keyed and LIFO queues: a key of another length is permanent"),
    ("keys lost where none belongs",
     {"queue_send": lambda verb, queue, data, *, key=b"": verb(
         queue, data, key=key if queue.name == "BYKEY" else b"")},
     "keyed and LIFO queues: a key for a queue without keys is permanent"),
    ("a missing queue is an empty one",
     {"queue_peek": lambda verb, queue, *, limit: [] if queue.name == "NOSUCH" else verb(
         queue, limit=limit)},
     "data queues: a missing queue is permanent for every verb"),
    ("a full queue is given up", {"queue_send": raising(Permanent, Retryable)},
     "keyed and LIFO queues: a full queue is retryable"),
    ("keyed entries in arrival order",
     {"queue_peek": lambda verb, queue, *, limit: sorted(
         verb(queue, limit=limit), key=lambda entry: entry.data)},
     "keyed and LIFO queues: a keyed queue is seen in the order of its keys"),
    ("a take does not tell the key",
     {"queue_take": lambda verb, queue, *, key=b"": (
         (entry := verb(queue, key=key)) and replace(entry, key=b""))},
     "keyed and LIFO queues: a key takes only its own entries"),
    ("a wait that looks only",
     {"wait": looking_only()},
     "waiting: a wait of no time takes what is there"),
    ("no entry in time is an error",
     {"wait": lambda verb, queue, *, seconds: verb(queue, seconds=seconds) or _none_came()},
     "waiting: a wait ends with none when nothing comes"),
    ("written, whatever was there", {"apply_order": always_written},
     "orders: an order is written once"),
    ("a duplicate is refused",
     {"apply_order": lambda verb, order, *, event_id: (
         _refuse() if (came := verb(order, event_id=event_id)) is Applied.ALREADY_THERE else came)},
     "orders: another connection knows the event too"),
    ("a lock is given up", {"apply_order": raising(Permanent, Retryable)},
     "orders: a lock is retryable and leaves nothing"),
    ("a refusal is worth another try", {"apply_order": raising(Retryable, Refused)},
     "orders: a value that does not fit is refused as a whole"),
    ("notes cut to one record",
     {"apply_order": lambda verb, order, *, event_id: verb(
         replace(order, note=order.note[:4000]), event_id=event_id)},
     "orders: a long note arrives whole"),
    ("letters lost on the way",
     {"apply_order": lambda verb, order, *, event_id: verb(
         replace(order, customer_name=order.customer_name.encode("ascii", "replace").decode()),
         event_id=event_id)},
     "orders: amounts and texts arrive as they were"),
    ("changes written again and again", {"apply_order": always_written},
     "changes: a change is written once"),
    ("the goods of a change forgotten", {"apply_order": changed(restocks=())},
     "changes: every kind of change arrives to the cent"),
    ("the sum taken for what moves", {"apply_order": changed(charges=(), lines=())},
     "changes: a change moves what its lines and charges say"),
    ("a change's misfit is worth another try", {"apply_order": raising(Retryable, Refused)},
     "changes: a change that does not fit is refused as a whole"),
    ("customers written again and again", {"apply_order": always_written},
     "people: a customer stands there once for each event"),
    ("the second place of a company forgotten",
     {"apply_order": lambda verb, company, *, event_id: verb(
         replace(company, places=company.places[:1]), event_id=event_id)},
     "people: a company arrives with its places and contacts"),
    ("companies written again and again", {"apply_order": always_written},
     "people: a company is written once for each event"),
    ("a company's misfit is worth another try", {"apply_order": raising(Retryable, Refused)},
     "people: a company that does not fit is refused as a whole"),
    ("a closed connection is a lost link", {"describe": raising(Retryable, Misuse)},
     "jobs: a closed connection is misuse and closing twice is harmless"),
    ("always worn out", {"expired": lambda verb: True}, "jobs: a new connection is not worn out"),
    ("a refusal is a failure", {"call_program": raising(Permanent, Refused)},
     "jobs: a program may refuse"),
    ("values trimmed on both sides",
     {"data_area": lambda verb, library, name: verb(library, name).strip()},
     "jobs: a data area is read as it stands"),
    ("a missing data area is an empty one",
     {"data_area": lambda verb, library, name: "" if name == "NOSUCH" else verb(library, name)},
     "jobs: a missing data area is permanent"),
    ("names by their beginning",
     {"job_active": lambda verb, name: verb(name) or verb(name + "HT")},
     "jobs: a job is found by its whole name"),
    ("messages in upper case", {"send_message": lambda verb, text: verb(text.upper())},
     "jobs: the operator gets one message"),
    ("quotes stay doubled", {"send_message": lambda verb, text: verb(text.replace("'", "''"))},
     "jobs: a long message is cut and not refused"),
    ("the network's own errors", {"outbox": raw_error},
     "links: a broken link is retryable for every verb"),
    ("restricted state is given up", {"connect": raising(Permanent, Retryable)},
     "links: restricted state is retryable everywhere"),
    ("no before images", {"journal": without_before_images},
     "journal: an update has both images"),
    ("a position that stands still", {"journal": standing_still},
     "journal: only the files asked for come"),
)  # fmt: skip


def _abort() -> Any:
    raise Permanent("SQL0802: data mapping error.")


def _refuse() -> Any:
    raise Refused("SQL0803: duplicate key.")


def _none_came() -> Any:
    raise Retryable("No entry came in time.")


@pytest.mark.parametrize(
    ("flaws", "finder"), [(f, c) for _, f, c in FLAWS], ids=[name for name, _, _ in FLAWS]
)
def test_a_flaw_is_found(flaws: dict[str, Flaw], finder: str) -> None:
    """The named check fails with a sentence on the flawed driver, and passes on the right one."""
    check = CHECK_BY_NAME[finder]
    with sloppy_bench({}) as bench:
        (right,) = run_checks(bench, [check])
    with sloppy_bench(flaws) as bench:
        (wrong,) = run_checks(bench, [check])
    assert (right.state, right.why) == (State.PASSED, "")
    assert wrong.state is State.FAILED
    assert wrong.why
