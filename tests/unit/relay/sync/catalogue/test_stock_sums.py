"""Stock beside the simple case: sums, safety stock, limits, orders on their way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import engine_house
from tests.support.engine_house import RULES, EngineHouse, raiser, result, stock
from tests.support.fake_shop import shop_order
from towline_relay.sync.catalogue.stock_sums import map_stock
from towline_relay.sync.intake.facts import pieces_of
from towline_relay.sync.rules.mapping import StockTarget
from towline_relay.sync.rules.tenant import StockRules, load_rules
from towline_shared.errors import Misconfigured, Retryable
from towline_shared.events import Row, Stock

GID = "gid://shopify/Order/1"
ONE = '[entities.stock.locations]\n"001" = "Berlin warehouse"\n'
SUM = """
[entities.stock.formulas."Berlin warehouse"]
warehouses = ["001", "003"]
quantity = "W001 + W003 * 0.5"
"""

House = Callable[[str, str], EngineHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    made: list[EngineHouse] = []

    def build(old: str, new: str) -> EngineHouse:
        assert old in RULES
        monkeypatch.setattr(engine_house, "RULES", RULES.replace(old, new))
        made.append(EngineHouse(tmp_path))
        made[0].shop.add_variant("AB-1")
        return made[0]

    yield build
    for engine in made:
        engine.close()


def rules(folder: Path, more: str, *, places: str = ONE) -> StockRules:
    """Read stock rules with some settings more."""
    path = folder / "towline.toml"
    text = RULES.replace("[entities.stock]\n", f"[entities.stock]\n{more}\n")
    path.write_text(text.replace(ONE, places), encoding="utf-8")
    found = load_rules(path).stock
    assert found is not None
    return found


def balance(pieces: object, warehouse: str = "001", *, gone: bool = False) -> Stock:
    row = {"IBQOH": Decimal(str(pieces)), "IBQAL": Decimal(0)}
    return Stock("AB-1", warehouse, gone=gone, row={} if gone else row)


def test_two_warehouses_make_one_quantity(house: House) -> None:
    """Both statements of a batch end in one quantity, which the newer one carries."""
    engine = house(ONE, SUM)
    engine.feed(stock("AB-1", 7), stock("AB-1", 5, warehouse="003"))
    engine.settle()
    assert engine.shop.available("AB-1") == 9  # 7 + 2.5, rounded down
    assert engine.states() == ["skipped", "applied"]
    assert "part of the sum at 'Berlin warehouse'" in engine.rows()[0].reason
    engine.feed(stock("AB-1", 1))
    engine.settle()
    assert engine.shop.available("AB-1") == 3  # the other warehouse's last statement still counts


def test_a_statement_that_is_gone_keeps_the_sum(house: House) -> None:
    """A cleared file does not lower what was written; the next statement counts it as none."""
    engine = house(ONE, SUM)
    engine.feed(stock("AB-1", 7), stock("AB-1", 4, warehouse="003"))
    engine.settle()
    engine.feed(("AB-1", balance(0, "003", gone=True)))
    engine.settle()
    assert engine.shop.available("AB-1") == 9
    engine.feed(stock("AB-1", 8))
    engine.settle()
    assert engine.shop.available("AB-1") == 8


@pytest.mark.parametrize("pieces", [None, "many"])
def test_a_statement_that_writes_nothing_takes_no_other_with_it(
    house: House, pieces: str | None
) -> None:
    """Its neighbour of the same batch is written though a newer row is gone, or is wrong."""
    engine = house(ONE, SUM)
    row: Row = {"IBQOH": pieces or "", "IBQAL": Decimal(0)}
    silent = Stock("AB-1", "003", gone=pieces is None, row={} if pieces is None else row)
    engine.feed(stock("AB-1", 7), ("AB-1", silent))
    engine.settle()
    assert engine.shop.available("AB-1") == 7
    assert engine.states() == ["applied", "skipped" if pieces is None else "parked"]


def test_a_sum_on_its_way_is_not_lost_with_the_row_that_carries_it(house: House) -> None:
    """The shop fails, the carrier waits, its row ends: what its neighbour said is written still."""
    engine = house(ONE, SUM)
    engine.shop.before["set_quantities"] = raiser(Retryable("The shop is closed."))
    engine.feed(stock("AB-1", 7), stock("AB-1", 5, warehouse="003"))
    engine.turn()
    assert engine.states() == ["skipped", "waiting"]
    engine.feed(("AB-1", balance(0, "003", gone=True)))
    engine.settle()
    assert engine.shop.available("AB-1") == 9
    assert engine.states() == ["skipped", "applied", "skipped"]


def test_safety_stock_and_limits(tmp_path: Path) -> None:
    """Taken off each warehouse, then the result is held between two limits."""
    found = rules(tmp_path, "safety = '3'\nleast = 0\nmost = 20")
    pieces = [map_stock(balance(n), found) for n in (2, 10, 500)]
    assert [one.quantity for one in pieces if isinstance(one, StockTarget)] == [0, 7, 20]


def test_a_sum_without_formula_adds_up(tmp_path: Path) -> None:
    """The plain case needs no expression."""
    places = '[entities.stock.formulas."Berlin warehouse"]\nwarehouses = ["001", "003"]\n'
    found = rules(tmp_path, "", places=places)
    target = map_stock(balance(4), found, others={"003": balance(3, "003")})
    assert target == StockTarget("available", "Berlin warehouse", 7)
    assert found.location_of("003") == "Berlin warehouse"


@given(on_hand=st.integers(0, 10_000), orders=st.lists(st.integers(1, 50), max_size=5))
def test_orders_in_flight_are_never_offered_twice(
    tmp_path_factory: pytest.TempPathFactory, on_hand: int, orders: list[int]
) -> None:
    """Free stock less what the shop sold and the ERP does not know: no piece is promised twice."""
    found = rules(tmp_path_factory.mktemp("rules"), "in_flight = true\nleast = 0")
    target = map_stock(balance(on_hand), found, in_flight=sum(orders))
    assert isinstance(target, StockTarget)
    assert 0 <= target.quantity <= max(0, on_hand - sum(orders))


def test_an_order_counts_from_its_webhook_to_the_erps_answer(house: House) -> None:
    """Known by the webhook, then by the hand-over, then the ERP's own figure has it."""
    engine = house('name = "available"', 'name = "available"\nin_flight = true')
    engine.shop.orders[GID] = shop_order(GID)

    def said(pieces: int) -> int:
        engine.feed(stock("AB-1", pieces))
        engine.turn(2)
        return engine.shop.available("AB-1")

    from_webhook = {"order": GID, "updated_at": "2026-11-23T08:00:00Z", "pieces": {"ab-1 ": 2}}
    engine.ring(GID)
    engine.house.database.call(
        lambda db: db.execute("UPDATE event SET body = ?", (json.dumps(from_webhook),))
    )
    assert said(10) == 8
    engine.turn(2)
    assert said(11) == 9  # handed over: two pieces of AB-1, not answered
    engine.feed(result(GID, "accepted", erp_order="4711"))
    engine.turn(2)
    assert said(9) == 9  # the ERP's free stock has the order now


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        ({"line_items": [{"sku": "A", "quantity": 3, "current_quantity": 2}]}, {"A": 2}),
        ({"line_items": [{"sku": "A", "quantity": 3, "fulfillable_quantity": 1}] * 2}, {"A": 2}),
        ({"line_items": [{"sku": None, "quantity": 3}]}, {}),
        ({"line_items": [{"sku": "A", "quantity": 3}], "cancelled_at": "2026-11-23"}, {}),
        ({"id": 1}, None),
    ],
)
def test_what_a_webhook_says_of_pieces(
    body: dict[str, object], pieces: dict[str, int] | None
) -> None:
    """What is still to be fulfilled, by SKU; a body without lines tells nothing."""
    assert pieces_of("orders/create", body) == pieces


@pytest.mark.parametrize(
    ("more", "places", "said"),
    [
        ("", ONE + SUM, "has a warehouse in [locations] already"),
        ("", ONE.replace("Berlin", "Bonn") + SUM, "feeds 'Bonn warehouse' already"),
        ("", SUM.replace("W003", "W004"), "is none of W001, W003"),
        ("least = 9\nmost = 3", ONE, "is more than most"),
        ("safety = 'IBSAF +'", ONE, "entities.stock.safety"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, more: str, places: str, said: str) -> None:
    """No warehouse feeds two locations, no location is fed in two ways."""
    with pytest.raises(Misconfigured) as caught:
        rules(tmp_path, more, places=places)
    assert said in caught.value.what


def test_orders_in_flight_are_not_for_physical_stock(tmp_path: Path) -> None:
    """With on_hand Shopify subtracts its orders itself: twice would be wrong."""
    path = tmp_path / "towline.toml"
    text = RULES.replace('name = "available"', 'name = "on_hand"\nin_flight = true')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match="on_hand leaves it to Shopify"):
        load_rules(path)
