"""A return is told by its states, and what became of each piece once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.changed_order import GID, LINE, bought, handed_over, sent
from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import shop_order
from tests.support.hooks import hook
from tests.support.shop_history import disposed, returned
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.orders.returns import return_news
from towline_shared.events import Order, OrderChange, Restock

BERLIN = "gid://shopify/Location/1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    yield house
    house.close()


def told(engine: EngineHouse, status: str, *goods: dict[str, object], minute: int) -> None:
    """Let the order be read with its return in a state."""
    engine.shop.ledgers[GID] = [bought()]
    engine.shop.returns[GID] = [returned("ret-1", LINE, 2, status, *goods)]
    engine.shop.orders[GID] = shop_order(returnStatus="IN_PROGRESS")
    engine.ring(GID, minute=minute)
    engine.turn()


def changes(engine: EngineHouse) -> list[OrderChange]:
    return [body for body in sent(engine) if isinstance(body, OrderChange)]


def test_a_return_that_is_reopened_is_told_again(engine: EngineHouse) -> None:
    """Closed, open, closed: each is news, although each was said before; a repeat is none."""
    handed_over(engine)
    for minute, status in enumerate(("OPEN", "CLOSED", "CLOSED", "OPEN", "CLOSED"), start=5):
        told(engine, status, minute=minute)
    assert [change.status for change in changes(engine)] == ["OPEN", "CLOSED", "OPEN", "CLOSED"]


def test_a_return_that_stands_at_the_hand_over_follows_the_order_at_once(
    engine: EngineHouse,
) -> None:
    """Nobody will ring for it: it goes down right behind the order, and once."""
    for minute in (5, 6):
        told(engine, "OPEN", disposed("d-1", 1, "RESTOCKED", BERLIN), minute=minute)
    order, change = sent(engine)
    assert isinstance(order, Order)
    assert isinstance(change, OrderChange)
    assert (change.kind, change.status, change.total) == ("return", "OPEN", order.total)
    assert [goods.kind for goods in change.restocks] == ["EXPECTED", "RESTOCKED"]


def test_each_disposition_is_told_once_with_its_place(engine: EngineHouse) -> None:
    """One piece restocked, later the other missing; what is awaited goes down with them."""
    handed_over(engine)
    first = disposed("d-1", 1, "RESTOCKED", BERLIN)
    told(engine, "OPEN", minute=5)
    told(engine, "OPEN", first, minute=6)
    told(engine, "OPEN", first, minute=7)
    told(engine, "CLOSED", first, disposed("d-2", 1, "MISSING"), minute=8)
    assert [change.restocks for change in changes(engine)] == [
        (Restock(LINE, "AB-1", 2, "EXPECTED"),),
        (
            Restock(LINE, "AB-1", 1, "EXPECTED"),
            Restock(LINE, "AB-1", 1, "RESTOCKED", BERLIN),
        ),
        (Restock(LINE, "AB-1", 1, "MISSING"),),
    ]


def test_a_return_that_loses_pieces_is_told_anew(engine: EngineHouse) -> None:
    """returns/update: the status stays, what is awaited does not."""
    handed_over(engine)
    told(engine, "OPEN", minute=5)
    engine.shop.returns[GID] = [returned("ret-1", LINE, 1, "OPEN")]
    engine.ring(GID, minute=6)
    engine.turn()
    assert [change.restocks[0].quantity for change in changes(engine)] == [2, 1]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("NOT_RESTOCKED", "NO_RESTOCK"),
        ("PROCESSING_REQUIRED", "PROCESSING"),
        ("SOMETHING_NEW", "OTHER"),
    ],
)
def test_a_disposition_is_named_so_that_it_fits_the_file(kind: str, shown: str) -> None:
    """Ten characters; one of a later version is told too."""
    news = return_news(returned("ret-1", LINE, 1, "CLOSED", disposed("d", 1, kind)), (), {})
    assert news is not None
    assert [goods.kind for goods in news.goods] == [shown]


def test_the_item_of_the_order_goes_before_the_sku_of_the_return() -> None:
    """A custom line has its item from the rules."""
    news = return_news(returned("ret-1", LINE, 1, "OPEN"), (), {LINE: "MISC"})
    assert news is not None
    assert news.goods[0].sku == "MISC"


def test_a_delivery_that_names_its_return_alone_finds_the_order(engine: EngineHouse) -> None:
    """The shop is asked whose it is, then the order is read as by any other bell."""
    handed_over(engine)
    gid = "gid://shopify/Return/5"
    engine.shop.ledgers[GID] = [bought()]
    engine.shop.returns[GID] = [returned(gid, LINE, 2, "OPEN")]
    engine.shop.orders[GID] = shop_order(returnStatus="IN_PROGRESS")
    kept = take_in(hook("returns/update", {"admin_graphql_api_id": gid}))
    engine.run(engine.store.put_delivery(kept))
    engine.turn(2)
    assert engine.last("return").state == "applied"
    assert [change.kind for change in changes(engine)] == ["return"]


def test_a_return_the_shop_does_not_know_is_skipped(engine: EngineHouse) -> None:
    """It was deleted, or it belongs to an order this app may not see."""
    kept = take_in(hook("returns/update", {"admin_graphql_api_id": "gid://shopify/Return/9"}))
    engine.run(engine.store.put_delivery(kept))
    engine.turn()
    assert engine.last("return").state == "skipped"
