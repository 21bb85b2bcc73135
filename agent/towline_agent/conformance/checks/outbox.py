"""Outbox verbs: committed rows only, ascending, never blocking, deleted idempotently."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import Background, expect, same
from towline_agent.ibmi.port import OutboxRow, Purpose

__all__ = ["OUTBOX"]

OUTBOX = Subject("outbox")


def _rows(bench: Bench, *, after: int = 0, limit: int = 1000) -> list[OutboxRow]:
    """Read on a new connection, which can't have seen anything before; fails when it blocks."""
    reader = bench.connect()
    reading = Background(lambda: list(reader.outbox(after=after, limit=limit)))
    return reading.result("reading the outbox")


def _changed(bench: Bench, count: int) -> list[int]:
    """Change as many prices, each in a unit of its own; return the ids of the rows."""
    for item in bench.items(count):
        bench.set_price(item, Decimal("1.11"))
    ids = [row.id for row in _rows(bench)]
    same(len(ids), count, f"rows after {count} committed changes")
    return ids


@OUTBOX.check()
def a_change_is_one_row_with_its_key(bench: Bench) -> None:
    """The row says which file, which key, what, when and who; keys are right-trimmed text."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("12.34"))
    found = _rows(bench)
    same(len(found), 1, "rows after one committed change")
    row = found[0]
    wanted = (bench.erp_library, "ITMPRC", "U")
    same((row.library, row.file, row.operation), wanted, "library, file and operation")
    same(row.keys, (item,), "keys, without unused columns")
    expect(row.job.count("/") == 2, f"the job name {row.job!r} is not number/user/name")
    expect(bool(row.user.strip()), "the row does not say which user profile changed the record")


@OUTBOX.check()
def a_time_of_change_is_a_timestamp_of_26_characters(bench: Bench) -> None:
    """It has the form of Db2 with six digits of a second, whatever the job's date format is."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("12.34"))
    (row,) = _rows(bench)
    try:
        datetime.strptime(row.changed_at, "%Y-%m-%d-%H.%M.%S.%f")  # noqa: DTZ007 - local by contract
    except ValueError:
        expect(False, f"changed_at is {row.changed_at!r}, not like 2026-11-27-09.30.00.123456.")
    same(len(row.changed_at), 26, "length of changed_at")


@OUTBOX.check()
def inserts_and_deletes_are_told_from_changes(bench: Bench) -> None:
    """One record's life is I, U and D, in this order."""
    bench.add_item("KIT-LIFE", Decimal("1.00"))
    bench.set_price("KIT-LIFE", Decimal("2.00"))
    bench.delete_item("KIT-LIFE")
    found = [(row.operation, row.keys) for row in _rows(bench)]
    same(found, [(o, ("KIT-LIFE",)) for o in "IUD"], "operations and keys of one record's life")


@OUTBOX.check()
def an_unchanged_value_is_no_change(bench: Bench) -> None:
    """A program that rewrites a record unchanged does not feed the outbox."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("12.34"))
    bench.set_price(item, Decimal("12.34"))
    same(len(_rows(bench)), 1, "rows after the same price was written twice")


@OUTBOX.check()
def a_compound_key_comes_whole(bench: Bench) -> None:
    """Both key columns of a balance are there, in their order."""
    (item,) = bench.items(1)
    bench.delete_balance(item, "001")
    (row,) = _rows(bench)
    same((row.file, row.operation, row.keys), ("ITMBAL", "D", (item, "001")), "row of a balance")


@OUTBOX.check()
def keys_arrive_as_they_are_written(bench: Bench) -> None:
    """Quotes, wildcards, blanks inside and umlauts of a key survive."""
    keys = ["O'NEIL 5\" 100%_", "GRÜN ÄÖß", "  LEAD"]
    for key in keys:
        bench.add_item(key, Decimal("1.00"))
    same([row.keys for row in _rows(bench)], [(key,) for key in keys], "keys")


@OUTBOX.check()
def rows_come_ascending_after_an_id_and_within_a_limit(bench: Bench) -> None:
    """Paging by id neither repeats nor skips a row that is there."""
    every = _changed(bench, 5)
    same(every, sorted(every), "order of the ids")
    first = _rows(bench, limit=2)
    same(len(first), 2, "rows within a limit of 2")
    rest = _rows(bench, after=first[-1].id)
    same([row.id for row in [*first, *rest]], every, "ids of two pages")
    same(_rows(bench, after=every[-1]), [], "rows after the highest id")


@OUTBOX.check()
def pages_of_one_row_meet_every_row(bench: Bench) -> None:
    """The smallest page works too, on one connection that stays open."""
    every = _changed(bench, 4)
    reader = bench.connect()
    walked: list[int] = []
    while page := reader.outbox(after=walked[-1] if walked else 0, limit=1):
        same(len(page), 1, "rows within a limit of 1")
        walked.append(page[0].id)
        expect(len(walked) <= len(every), f"walking page by page does not end: {walked}")
    same(walked, every, "ids met page by page")


@OUTBOX.check()
def a_connection_that_has_read_sees_what_is_committed_later(bench: Bench) -> None:
    """No snapshot from its first read hides what came since."""
    one, two = bench.items(2)
    reader = bench.connect()
    bench.set_price(one, Decimal("1.11"))
    same(len(reader.outbox(after=0, limit=9)), 1, "rows at first")
    bench.set_price(two, Decimal("2.22"))
    same(len(reader.outbox(after=0, limit=9)), 2, "rows after another commit")


@OUTBOX.check()
def an_open_unit_is_absent_and_may_appear_with_a_lower_id(bench: Bench) -> None:
    """The read does not wait for the open unit; its row comes later, below the highest id."""
    early, late = bench.items(2)
    bench.hold_price("SLOW", early, Decimal("2.22"))
    bench.set_price(late, Decimal("3.33"))
    seen = _rows(bench)
    same([row.keys for row in seen], [(late,)], "keys while a unit of work is open")
    same(_rows(bench, after=seen[0].id), [], "rows after the committed one")
    bench.commit("SLOW")
    both = _rows(bench)
    same([row.keys for row in both], [(early,), (late,)], "keys after its commit, by id")
    expect(both[0].id < seen[0].id == both[1].id, "an id changed, or was given at the commit")


@OUTBOX.check()
def a_unit_becomes_visible_as_a_whole(bench: Bench) -> None:
    """Of a unit with many changes nothing is there before its commit, and all of it after."""
    items = bench.items(20)
    for item in items:
        bench.hold_price("RUN", item, Decimal("4.44"))
    same(_rows(bench), [], "rows while the unit is open")
    bench.commit("RUN")
    same([row.keys for row in _rows(bench)], [(item,) for item in items], "keys after its commit")


@OUTBOX.check()
def several_changes_of_a_record_are_several_rows(bench: Bench) -> None:
    """Nothing is folded together: each change is told, oldest first."""
    (item,) = bench.items(1)
    for price in ("1.01", "1.02", "1.03"):
        bench.set_price(item, Decimal(price))
    same([row.keys for row in _rows(bench)], [(item,)] * 3, "keys after three changes")


@OUTBOX.check()
def a_rolled_back_unit_leaves_nothing(bench: Bench) -> None:
    """The outbox row belongs to the ERP's own unit of work."""
    (item,) = bench.items(1)
    bench.hold_price("UNDO", item, Decimal("2.22"))
    bench.rollback("UNDO")
    same(_rows(bench), [], "rows after a rollback")


@OUTBOX.check()
def deleting_is_idempotent(bench: Bench) -> None:
    """Ids that are gone already are no error, and only the named rows vanish."""
    ids = _changed(bench, 3)
    writer = bench.connect(Purpose.WRITE)
    outer = [ids[2], ids[0]]
    same(writer.outbox_delete(outer), 2, "rows deleted")
    same(writer.outbox_delete(outer), 0, "rows deleted the second time")
    same(writer.outbox_delete([]), 0, "rows deleted by an empty list")
    same([row.id for row in _rows(bench)], [ids[1]], "ids that remain")


@OUTBOX.check()
def a_long_list_of_ids_is_deleted_at_once(bench: Bench) -> None:
    """More ids than a statement takes parameters, most of them gone, are no error."""
    ids = _changed(bench, 3)
    above = range(ids[-1] + 1_000_000, ids[-1] + 1_002_000)
    same(bench.connect(Purpose.WRITE).outbox_delete([*above, *ids]), 3, "rows deleted")
    same(_rows(bench), [], "rows that remain")


@OUTBOX.check()
def a_delete_is_committed_when_it_returns(bench: Bench) -> None:
    """Closing the connection at once brings nothing back."""
    ids = _changed(bench, 2)
    writer = bench.connect(Purpose.WRITE)
    writer.outbox_delete(ids)
    writer.close()
    same(_rows(bench), [], "rows after the connection was closed")


@OUTBOX.check()
def deleting_does_not_wait_for_an_open_unit(bench: Bench) -> None:
    """Rows beside an open unit of work can be deleted while it stays open."""
    early, late = bench.items(2)
    bench.hold_price("SLOW", early, Decimal("2.22"))
    bench.set_price(late, Decimal("3.33"))
    (seen,) = _rows(bench)
    writer = bench.connect(Purpose.WRITE)
    deleting = Background(lambda: writer.outbox_delete([seen.id]))
    same(deleting.result("deleting beside an open unit"), 1, "rows deleted")
    bench.commit("SLOW")
    same([row.keys for row in _rows(bench)], [(early,)], "keys after the unit's commit")


@OUTBOX.check()
def an_id_is_never_given_twice(bench: Bench) -> None:
    """After the table was emptied, new rows go on above the old ones."""
    first, second = bench.items(2)
    bench.set_price(first, Decimal("1.11"))
    (row,) = _rows(bench)
    bench.connect(Purpose.WRITE).outbox_delete([row.id])
    bench.set_price(second, Decimal("1.11"))
    (later,) = _rows(bench)
    expect(later.id > row.id, f"id {later.id} came after id {row.id} was given and deleted")
