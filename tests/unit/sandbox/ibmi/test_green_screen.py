"""Claims about what people at the green screen see and do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.sandbox.ibmi.lab import clean_skus, order, reader
from towline_agent.ibmi.port import Applied, Purpose, QueueName
from towline_sandbox.ibmi.cells import to_packed, to_zoned
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Permanent


def test_paging_forward_and_back_shows_every_item_once(console: ConsoleVerbs) -> None:
    """Roll down from the top to the end, then up again: the same numbers in the same order."""
    seen: list[str] = []
    position = ""
    while page := console.call("items", {"position": position, "count": 13}):
        seen += [row["number"] for row in page]
        position = page[-1]["number"] + "!"
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) > 100
    back: list[str] = []
    position = "zzzz"
    while page := console.call("items_before", {"position": position, "count": 13}):
        back = [row["number"] for row in page] + back
        position = page[0]["number"]
    assert back == seen


def test_an_unreadable_field_is_shown_as_plus_signs_and_no_price(console: ConsoleVerbs) -> None:
    """Interactive SQL shows ++++ for a mapping error; nobody reads a price out of it."""
    traps = console.call("traps", {})
    price = next(sku for sku, kind in traps.items() if kind == "bad_nibble")
    created = next(sku for sku, kind in traps.items() if kind == "blank_created")
    stock = next(sku for sku, kind in traps.items() if kind == "blank_stock")
    assert console.call("item", {"item": price})["price"] is None
    assert console.call("item", {"item": stock})["on_hand"] is None
    assert set(console.call("item", {"item": created})["record"]["ITCRTD"]) == {"+"}


def test_an_order_is_listed_with_what_became_of_it(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """N, then A with the ERP's number, then S with the shipment; a refused one with its reason."""
    job = system.connect(Purpose.WRITE)
    sku = clean_skus(system, 1)[0]
    assert job.apply_order(order(1, {sku: 2}), event_id="e1") is Applied.WRITTEN
    assert job.apply_order(order(2, {"NO-SUCH": 1}), event_id="e2") is Applied.WRITTEN
    assert [row["status"] for row in console.call("web_orders", {})] == ["N", "N"]
    console.call("run_order_entry", {})
    refused, accepted = console.call("web_orders", {})
    assert (refused["name"], refused["status"]) == ("#2", "R")
    assert "NO-SUCH" in refused["reason"]
    assert accepted["status"] == "A"
    assert len(accepted["erp_order"]) == 7
    console.call("run_warehouse", {})
    shipped = console.call("web_orders", {})[1]
    (shipment, *_) = console.call("shipments", {})
    assert (shipped["status"], shipped["shipment"]) == ("S", shipment["shipment"])
    assert (shipment["name"], shipment["order"]) == ("#1", accepted["erp_order"])
    assert any("NO-SUCH" in message["text"] for message in console.call("messages", {}))


def test_stock_and_descriptions_change_through_the_same_triggers(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """A correction and a new description each write one outbox row with the right keys."""
    sku = clean_skus(system, 1)[0]
    console.call("change_stock", {"item": sku, "warehouse": "001", "on_hand": -3})
    console.call("change_item", {"item": sku, "fields": {"ITDSC": "Ölfilter 5\u00b5"}})
    rows = reader(system).outbox(after=0, limit=9)
    assert [(row.file, row.keys) for row in rows] == [
        ("ITMBAL", (sku, "001")),
        ("ITMMST", (sku,)),
    ]


def test_a_price_run_is_one_unit_and_repeatable_by_seed(console: ConsoleVerbs) -> None:
    """Ten changes appear together, in one block of ids."""
    done = console.call("price_run", {"count": 10, "seed": 5})
    assert done["changed"] == 10
    assert done["outbox_ids"] == [1, 10]


def test_a_queue_price_has_the_bytes_of_an_rpg_record(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """CHAR 15, packed 9,2 twice and CHAR 3 in CCSID 37, worked out by hand."""
    console.call("send_queue_price", {"item": "FA-1", "price": "12.34"})
    values = {"item": "FA-1", "price": "-0.05", "compare_at": "1234567.89", "currency": "CHF"}
    console.call("send_queue_price", values)
    queue = QueueName("TOWLINE", "WEBPRICE")
    one, two = reader(system).queue_peek(queue, limit=5)
    assert one.data.hex() == "c6c160f1" + "40" * 11 + "000001234f" + "000000000f" + "c5e4d9"
    assert two.data.hex() == "c6c160f1" + "40" * 11 + "000000005d" + "123456789f" + "c3c8c6"


@pytest.mark.parametrize(
    ("number", "digits", "decimals", "packed", "zoned"),
    [
        ("123", 3, 0, "123f", "f1f2f3"),
        ("-12.3", 4, 1, "00123d", "f0f1f2d3"),
        ("0", 1, 0, "0f", "f0"),
    ],
)
def test_packed_and_zoned_bytes(
    number: str, digits: int, decimals: int, packed: str, zoned: str
) -> None:
    """Sign nibble F or D; a zone for each digit; values known from any decimal data chart."""
    assert to_packed(Decimal(number), digits, decimals).hex() == packed
    assert to_zoned(Decimal(number), digits, decimals).hex() == zoned


def test_a_number_that_does_not_fit_is_not_packed() -> None:
    """Too many digits before or behind the point."""
    for number in ("1000", "1.23"):
        with pytest.raises(Permanent, match="does not fit"):
            to_packed(Decimal(number), 4, 1)
        with pytest.raises(Permanent, match="does not fit"):
            to_zoned(Decimal(number), 4, 1)
