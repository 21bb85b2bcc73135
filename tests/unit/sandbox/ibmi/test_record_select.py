"""Claims about record-level reads: the SELECT text, and what it finds on the simulated IBM i."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.ibmi.lab import clean_skus
from towline_sandbox.ibmi.erp import Where
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.record_select import order_text, stored_key, where_text
from towline_sandbox.ibmi.towline_files import layout
from towline_shared.errors import Permanent

BALANCES = layout("DISTLIB/ITMBAL")


def test_conditions_are_anded_and_values_stand_in_their_order() -> None:
    """Every value travels as a parameter; ``in`` has a marker for each, none is never true."""
    text, values = where_text(
        BALANCES, (Where("IBITNB", "in", ("A", "B")), Where("IBQOH", ">=", 3))
    )
    assert text == ' WHERE "IBITNB" IN (?, ?) AND "IBQOH" >= ?'
    assert values == ["A", "B", 3]
    assert where_text(BALANCES, (Where("IBWHS", "in", ()),)) == (" WHERE 1 = 0", [])
    assert where_text(BALANCES, ()) == ("", [])


@pytest.mark.parametrize(
    ("order", "arrival", "text"),
    [
        ((), "rowid", "rowid"),
        (("-IBQOH",), "rowid", '"IBQOH" DESC, rowid DESC'),
        (("IBWHS",), "", '"IBWHS", "IBITNB"'),
        (("-IBWHS",), "", '"IBWHS" DESC, "IBITNB" DESC'),
    ],
)
def test_equals_come_in_the_order_of_arrival_or_of_the_key(
    order: tuple[str, ...], arrival: str, text: str
) -> None:
    """A list that descends descends among equals too, so the newest stands first."""
    assert order_text(BALANCES, order, arrival=arrival) == f" ORDER BY {text}"


def test_a_column_that_is_not_there_is_named() -> None:
    """In a condition and in an order; and a key of another length is told by its fields."""
    with pytest.raises(Permanent, match="SQL0206: column NOPE is not in DISTLIB/ITMBAL"):
        where_text(BALANCES, (Where("NOPE", "=", 1),))
    with pytest.raises(Permanent, match="SQL0206"):
        order_text(BALANCES, ("-NOPE",))
    with pytest.raises(Permanent, match="SQL0117: the key of DISTLIB/ITMBAL is IBITNB, IBWHS"):
        stored_key(BALANCES, ("A",))


def test_texts_compare_without_trailing_blanks_and_alike_without_case(
    system: SimulatedIbmI,
) -> None:
    """As Db2 compares CHAR; a customer is found however the address is written."""
    sku = clean_skus(system, 1)[0]
    (record,) = system.select("DISTLIB/ITMMST", Where("ITNBR", "=", sku))
    assert record["ITNBR"] == sku.ljust(15)
    customer = system.select("DISTLIB/CUSMST", most=1)[0]
    shouted = Where("CUMAIL", "alike", customer["CUMAIL"].strip().upper())
    assert customer["CUNBR"] in [row["CUNBR"] for row in system.select("DISTLIB/CUSMST", shouted)]
    assert system.count("DISTLIB/ITMMST", Where("ITNBR", "in", (sku, "NO-SUCH"))) == 1


def test_a_locked_read_keeps_others_from_writing_until_the_unit_ends(
    system: SimulatedIbmI,
) -> None:
    """CHAIN on an update file: the second program waits, and then is told who holds it."""
    sku = clean_skus(system, 1)[0]
    one = system.begin("048305/ERPBATCH/ORDENTRY")
    two = system.begin("048306/ERPBATCH/WHSHIP")
    assert one.read("DISTLIB/ITMMST", (sku,), lock=True) is not None
    with pytest.raises(Exception, match=r"SQL0913.*ORDENTRY"):
        two.read("DISTLIB/ITMMST", (sku,), lock=True)
    one.rollback()
    assert two.read("DISTLIB/ITMMST", (sku,), lock=True) is not None
    two.rollback()
