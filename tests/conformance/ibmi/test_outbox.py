"""Outbox verbs: committed rows only, ascending, never blocking, deleted idempotently."""

from __future__ import annotations

from decimal import Decimal

from tests.conformance.ibmi.world import World
from towline_agent.ibmi.port import OutboxRow, Purpose


def rows_of(ibmi: World, *, after: int = 0, limit: int = 1000) -> list[OutboxRow]:
    return list(ibmi.connect().outbox(after=after, limit=limit))


def test_a_change_is_one_row_with_its_key(ibmi: World) -> None:
    """The row says which file, which key, what, when and who; keys are right-trimmed text."""
    (sku,) = ibmi.skus(1)
    ibmi.set_price(sku, Decimal("12.34"))
    (row,) = rows_of(ibmi)
    assert (row.library, row.file, row.operation) == ("DISTLIB", "ITMPRC", "U")
    assert row.keys[0] == sku
    assert all(key == key.rstrip() for key in row.keys)
    assert len(row.changed_at) == 26
    assert row.job.count("/") == 2
    assert row.user


def test_an_unchanged_value_is_no_change(ibmi: World) -> None:
    """A program that rewrites a record unchanged does not feed the outbox."""
    (sku,) = ibmi.skus(1)
    ibmi.set_price(sku, Decimal("12.34"))
    ibmi.set_price(sku, Decimal("12.34"))
    assert len(rows_of(ibmi)) == 1


def test_rows_come_ascending_after_an_id_and_within_a_limit(ibmi: World) -> None:
    """Paging by id neither repeats nor skips a row that is there."""
    for sku in ibmi.skus(5):
        ibmi.set_price(sku, Decimal("1.11"))
    every = [row.id for row in rows_of(ibmi)]
    assert every == sorted(every)
    assert len(every) == 5
    first = rows_of(ibmi, limit=2)
    rest = rows_of(ibmi, after=first[-1].id)
    assert [row.id for row in [*first, *rest]] == every


def test_an_open_unit_is_absent_and_may_appear_with_a_lower_id(ibmi: World) -> None:
    """The read does not wait for the open unit; its row comes later, below the highest id."""
    early, late = ibmi.skus(2)
    ibmi.hold_price("SLOW", early, Decimal("2.22"))
    ibmi.set_price(late, Decimal("3.33"))
    (seen,) = rows_of(ibmi)
    assert seen.keys[0] == late
    assert rows_of(ibmi, after=seen.id) == []
    ibmi.commit("SLOW")
    lower, higher = rows_of(ibmi)
    assert (lower.keys[0], higher.keys[0]) == (early, late)
    assert lower.id < seen.id == higher.id


def test_a_rolled_back_unit_leaves_nothing(ibmi: World) -> None:
    """The outbox row belongs to the ERP's own unit of work."""
    (sku,) = ibmi.skus(1)
    ibmi.hold_price("UNDO", sku, Decimal("2.22"))
    ibmi.rollback("UNDO")
    assert rows_of(ibmi) == []


def test_deleting_is_idempotent(ibmi: World) -> None:
    """Ids that are gone already are no error, and only the named rows vanish."""
    for sku in ibmi.skus(3):
        ibmi.set_price(sku, Decimal("1.11"))
    ids = [row.id for row in rows_of(ibmi)]
    writer = ibmi.connect(Purpose.WRITE)
    assert writer.outbox_delete(ids[:2]) == 2
    assert writer.outbox_delete(ids[:2]) == 0
    assert writer.outbox_delete([]) == 0
    assert [row.id for row in rows_of(ibmi)] == ids[2:]


def test_an_id_is_never_given_twice(ibmi: World) -> None:
    """After the table was emptied, new rows go on above the old ones."""
    first, second = ibmi.skus(2)
    ibmi.set_price(first, Decimal("1.11"))
    (row,) = rows_of(ibmi)
    ibmi.connect(Purpose.WRITE).outbox_delete([row.id])
    ibmi.set_price(second, Decimal("1.11"))
    assert rows_of(ibmi)[0].id > row.id
