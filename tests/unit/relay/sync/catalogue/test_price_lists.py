"""Price lists: which list goes where, in which currency, and what becomes of one bad line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.engine_house import RULES, EngineHouse, price
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.shopify.models_prices import ListPrice, PriceListRef, Tier
from towline_relay.sync.catalogue.list_prices import ListTarget, map_list_price
from towline_relay.sync.rules.tenant import load_rules
from towline_relay.sync.sweeps.backfill import price_lists_of
from towline_shared.errors import Misconfigured
from towline_shared.events import Price

B2B = PriceListRef("gid://shopify/PriceList/1", "B2B Germany", "EUR", "Wholesale")
USA = PriceListRef("gid://shopify/PriceList/2", "USA", "USD")
LISTS = """
[entities.price.lists."B2B-DE"]
price_list = "Wholesale"
currency = "EUR"
[[entities.price.lists."B2B-DE".tiers]]
minimum = "QTY1"
price = "PRC1"
[[entities.price.lists."B2B-DE".tiers]]
minimum = "QTY2"
price = "PRC2"
[entities.price.lists.USD]
price_list = "USA"
currency = "USD"
price = "IPPRC * 1.1"
[entities.stock]
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHouse]:
    monkeypatch.setattr(engine_house, "RULES", RULES.replace("[entities.stock]\n", LISTS))
    engine = EngineHouse(tmp_path)
    engine.shop.lists = [B2B, USA]
    engine.shop.add_variant("AB-1")
    engine.shop.add_variant("AB-2")
    yield engine
    engine.close()


def b2b(
    sku: str,
    amount: str,
    tier: tuple[int, str] = (0, "0"),
    more: tuple[int, str] = (0, "0"),
    *,
    gone: bool = False,
) -> tuple[str, Price]:
    row = {
        "IPPRC": Decimal(amount),
        "QTY1": Decimal(tier[0]),
        "PRC1": Decimal(tier[1]),
        "QTY2": Decimal(more[0]),
        "PRC2": Decimal(more[1]),
    }
    return sku, Price(sku, price_list="B2B-DE", gone=gone, row={} if gone else row)


def held(engine: EngineHouse, name: str, sku: str) -> ListPrice | None:
    return engine.shop.list_prices.get((name, engine.shop.by_sku(sku).variant_gid))


def test_each_list_lands_in_its_own_price_list(engine: EngineHouse) -> None:
    """The base price stays at the variant; two lists go where the rules name, in their currency."""
    engine.feed(price("AB-1", "10.00"), b2b("AB-1", "8.00"), price("AB-1", "10", price_list="USD"))
    engine.settle()
    variant = engine.shop.by_sku("AB-1").variant_gid
    assert engine.shop.by_sku("AB-1").price == Decimal("10.00")
    assert held(engine, "B2B Germany", "AB-1") == ListPrice(variant, Decimal("8.00"))
    assert held(engine, "USA", "AB-1") == ListPrice(variant, Decimal("11.00"))
    assert engine.states() == ["applied"] * 3


def test_volume_prices_travel_with_the_price(engine: EngineHouse) -> None:
    """A tier of the ERP's columns is a price from that quantity on; zero is no tier."""
    engine.feed(b2b("AB-1", "8.00", (10, "7.50")), b2b("AB-2", "4.00"))
    engine.settle()
    first, second = held(engine, "B2B Germany", "AB-1"), held(engine, "B2B Germany", "AB-2")
    assert first is not None
    assert second is not None
    assert first.tiers == (Tier(10, Decimal("7.50")),)
    assert second.tiers == ()


def test_no_call_holds_more_volume_prices_than_shopify_takes(engine: EngineHouse) -> None:
    """250 prices with two tiers each are 500 volume prices: two calls, although one has room."""
    for number in range(250):
        engine.shop.add_variant(f"SC-{number}")
    engine.feed(*(b2b(f"SC-{n}", "8.00", (10, "7.50"), (100, "7.00")) for n in range(250)))
    engine.settle()
    assert engine.shop.count("set_list_prices") == 2
    assert engine.states() == ["applied"] * 250


def test_only_what_changed_is_sent_and_what_is_gone_is_taken_away(engine: EngineHouse) -> None:
    """The same price again makes no call; one that is gone is deleted once."""
    for _ in range(2):
        engine.feed(b2b("AB-1", "8.00"))
        engine.settle()
    assert engine.states() == ["applied", "skipped"]
    for _ in range(2):
        engine.feed(b2b("AB-1", "0", gone=True))
        engine.settle()
    assert held(engine, "B2B Germany", "AB-1") is None
    assert engine.states()[2:] == ["applied", "skipped"]
    assert engine.shop.count("set_list_prices") == 2
    engine.feed(b2b("AB-1", "8.00"))
    engine.settle()
    assert held(engine, "B2B Germany", "AB-1") is not None


def test_one_bad_line_does_not_hold_the_others(engine: EngineHouse) -> None:
    """The guilty line is parked with Shopify's words, the innocent one is sent again."""
    refusal = LineOutcome(0, False, "BLANK", "Price can't be blank.", Remedy.PARK)
    engine.shop.refused_skus["AB-1"] = refusal
    engine.feed(b2b("AB-1", "8.00"), b2b("AB-2", "4.00"))
    engine.settle()
    assert sorted(engine.states()) == ["applied", "parked"]
    assert held(engine, "B2B Germany", "AB-2") is not None


def test_a_price_list_the_shop_lacks_is_said(engine: EngineHouse) -> None:
    """The prices are kept, parked with the list's name; nothing lands elsewhere."""
    engine.shop.lists = []
    engine.feed(b2b("AB-1", "8.00"))
    engine.settle()
    assert engine.states() == ["parked"]
    assert "no price list 'Wholesale'" in engine.last("price").reason
    assert engine.shop.list_prices == {}


def test_another_currency_is_refused(engine: EngineHouse) -> None:
    """An amount is never written as another currency's."""
    engine.shop.lists = [PriceListRef(B2B.gid, B2B.name, "CHF", B2B.catalog)]
    engine.feed(b2b("AB-1", "8.00"))
    engine.settle()
    assert "is in CHF, the rules say EUR" in engine.last("price").reason


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('price_list = "USA"', 'price_list = "Wholesale"', "is the price list of B2B-DE already"),
        ("lists.USD]", "lists.STD]", "is the base list"),
        ('price = "IPPRC * 1.1"', 'price = "IPPRC *"', "lists.USD.price"),
        ('minimum = "QTY1"', 'least = "QTY1"', "least is not a setting"),
    ],
)
def test_a_mistake_in_a_list_is_one_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    """It names the table and what is wrong with it."""
    path = tmp_path / "towline.toml"
    text = RULES.replace("[entities.stock]\n", LISTS)
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load_rules(path)
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("was", "shown"), [("8.00", None), ("7.99", None), ("0", None), ("8.01", Decimal("8.01"))]
)
def test_a_compare_at_price_of_a_list_must_be_above_its_price(
    tmp_path: Path, was: str, shown: Decimal | None
) -> None:
    """Else there is nothing to strike through; zero is how the ERP says none."""
    path = tmp_path / "towline.toml"
    more = 'price = "IPPRC * 1.1"\ncompare_at = "IPCMP"'
    lists = LISTS.replace('price = "IPPRC * 1.1"', more)
    path.write_text(RULES.replace("[entities.stock]\n", lists), encoding="utf-8")
    rules = load_rules(path).price
    assert rules is not None
    row = {"IPPRC": Decimal("8.00") / Decimal("1.1"), "IPCMP": Decimal(was)}
    found = map_list_price(Price("AB-1", price_list="USD", row=row), rules, rules.lists["USD"])
    assert found == ListTarget(Decimal("8.00"), shown)


def test_a_name_that_two_lists_have_means_neither(engine: EngineHouse) -> None:
    """A price must not land in a list nobody meant; each is still found by its gid."""
    twin = PriceListRef("gid://shopify/PriceList/3", "Export", "EUR", "Wholesale")
    engine.shop.lists = [B2B, USA, twin]
    found = engine.run(price_lists_of(engine.shop))
    assert "Wholesale" not in found
    assert {found[ref.gid] for ref in (B2B, twin)} == {B2B, twin}
    engine.feed(b2b("AB-1", "8.00"))
    engine.settle()
    assert "has no price list 'Wholesale'" in engine.last("price").reason
    assert engine.shop.list_prices == {}


def test_when_nobody_is_named_halves_find_the_guilty_price(engine: EngineHouse) -> None:
    """One of four prices is refused and Shopify does not say which: the others are written."""
    skus = ["AB-1", "AB-2", "AB-3", "AB-4"]
    for sku in skus[2:]:
        engine.shop.add_variant(sku)
    guilty, take = engine.shop.by_sku("AB-3").variant_gid, engine.shop.set_list_prices

    async def refuse(
        price_list: PriceListRef, lines: Sequence[ListPrice], *, tiered: bool
    ) -> list[LineOutcome]:
        if guilty not in {line.variant_gid for line in lines}:
            return await take(price_list, lines, tiered=tiered)
        words = "Something is wrong."
        return [LineOutcome(n, False, "", words, Remedy.SPLIT) for n in range(len(lines))]

    engine.shop.set_list_prices = refuse  # type: ignore[method-assign]
    engine.feed(*(b2b(sku, "8.00") for sku in skus))
    engine.turn()
    assert {row.key: row.state.value for row in engine.rows()} == {
        "AB-1": "applied", "AB-2": "applied", "AB-3": "parked", "AB-4": "applied",
    }  # fmt: skip
