"""apply_order: one transaction, once per event id, refused as a whole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.conformance.ibmi.world import World
from towline_agent.ibmi.port import Applied, Purpose
from towline_shared.errors import Refused, Retryable
from towline_shared.events import Address, Order, OrderLine, Payment, ShippingLine, TaxLine

TAX = TaxLine("MwSt", Decimal("0.19"), Decimal("1.60"))
ORDER = Order(
    order_gid="gid://shopify/Order/450789469",
    name="#1001",
    placed_at="2026-11-23T09:00:00+01:00",
    currency="EUR",
    taxes_included=True,
    lines=(
        OrderLine(
            line_gid="gid://shopify/LineItem/669751112", number=1, sku="10-4711",
            title="Sechskantschraube M8", quantity=2, unit_price=Decimal("5.00"),
            discount=Decimal("0.00"), total=Decimal("10.00"), taxes=(TAX,),
        ),
    ),
    shipping=(
        ShippingLine("DHL", "Standard", Decimal("4.90"), Decimal("0.00"), Decimal("4.90")),
    ),
    payments=(Payment("bogus", "SALE", "SUCCESS", Decimal("14.90")),),
    lines_total=Decimal("10.00"),
    shipping_total=Decimal("4.90"),
    tax_total=Decimal("1.60"),
    adjustment=Decimal("0.00"),
    total=Decimal("14.90"),
    customer_name="Käthe Grün",
    email="kaethe@example.com",
    ship_to=Address(name="Käthe Grün", address1="Hafenstraße 1", city="Hamburg", country="DE"),
)  # fmt: skip


def other(number: int) -> Order:
    return replace(ORDER, order_gid=f"gid://shopify/Order/{number}", name=f"#{number}")


def test_an_order_is_written_once(ibmi: World) -> None:
    """The second call with the same event id says so and writes nothing."""
    writer = ibmi.connect(Purpose.WRITE)
    assert writer.apply_order(ORDER, event_id="event-1") is Applied.WRITTEN
    assert writer.apply_order(ORDER, event_id="event-1") is Applied.ALREADY_THERE
    assert ibmi.staged() == ["#1001"]


def test_another_connection_knows_the_event_too(ibmi: World) -> None:
    """After a lost link the new connection finds what the old one committed."""
    ibmi.connect(Purpose.WRITE).apply_order(ORDER, event_id="event-1")
    again = ibmi.connect(Purpose.WRITE).apply_order(ORDER, event_id="event-1")
    assert again is Applied.ALREADY_THERE


def test_a_value_that_does_not_fit_is_refused_as_a_whole(ibmi: World) -> None:
    """The sentence names the column; nothing is written, and a mended document may follow."""
    writer = ibmi.connect(Purpose.WRITE)
    huge = replace(ORDER, total=Decimal("99999999999999999.99"))
    with pytest.raises(Refused, match="TOTAL"):
        writer.apply_order(huge, event_id="event-1")
    assert ibmi.staged() == []
    assert writer.apply_order(ORDER, event_id="event-1") is Applied.WRITTEN


def test_a_lock_is_retryable_and_leaves_nothing(ibmi: World) -> None:
    """A locked staging file passes by; the same call succeeds afterwards."""
    writer = ibmi.connect(Purpose.WRITE)
    ibmi.lock_staging()
    with pytest.raises(Retryable):
        writer.apply_order(ORDER, event_id="event-1")
    ibmi.unlock()
    assert writer.apply_order(ORDER, event_id="event-1") is Applied.WRITTEN


def test_several_orders_stand_side_by_side(ibmi: World) -> None:
    """Event ids don't get into each other's way."""
    writer = ibmi.connect(Purpose.WRITE)
    for number in (1, 2, 3):
        assert writer.apply_order(other(number), event_id=f"event-{number}") is Applied.WRITTEN
    assert sorted(ibmi.staged()) == ["#1", "#2", "#3"]
