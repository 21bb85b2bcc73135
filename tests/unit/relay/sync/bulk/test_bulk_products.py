"""Variant groups and products on sale in bulk: made whole, seen when they should be, seen once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.bulk_house import crash_or_turn, runs, settle, started
from tests.support.engine_house import RULES, EngineHouse, price, raiser, stock
from tests.support.fake_shop import Crash
from tests.unit.relay.sync.catalogue.test_item_groups import (
    CHANNEL,
    GROUPS,
    STATUS,
    STATUS_OF_GROUPS,
    item,
    product_of,
)

MANY = 20
ON_SALE = STATUS.replace('publish = ["Online Store"]\n', "")
House = Callable[..., EngineHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    made: list[EngineHouse] = []

    def build(more: str, *, least: int = 10) -> EngineHouse:
        monkeypatch.setattr(
            engine_house, "RULES", RULES.replace("[entities.item.fields]\n", more, 1)
        )
        made.append(EngineHouse(tmp_path, bulk_from=least))
        return made[0]

    yield build
    for engine in made:
        engine.close()


def styles(engine: EngineHouse, count: int = MANY, *, released: str = "Y") -> None:
    """Feed two colours of each style, with price and stock."""
    skus = [(f"S{n}-{colour[0]}", colour, f"STYLE{n}")
            for n in range(count) for colour in ("Red", "Blue")]  # fmt: skip
    engine.feed(*(price(sku, "20.00") for sku, _, _ in skus))
    engine.feed(*(item(sku, colour, group=group, released=released) for sku, colour, group in skus))
    engine.feed(*(stock(sku, 7) for sku, _, _ in skus))


def singles(engine: EngineHouse, count: int = MANY, *, released: str = "Y") -> None:
    """Feed items of their own, with price."""
    engine.feed(*(price(f"AB-{n}", "5.00") for n in range(count)))
    engine.feed(*(item(f"AB-{n}", released=released) for n in range(count)))


def on_sale(engine: EngineHouse, sku: str) -> tuple[str, tuple[str, ...]]:
    """Return status and channels of a SKU's product."""
    status, channels = engine.shop.statuses.get(product_of(engine, sku), ("", ()))
    return status or engine.shop.by_sku(sku).product_status, channels


def test_groups_are_made_whole_in_one_run(house: House) -> None:
    """A line a product, its variants with their options; prices and stocks wait for it."""
    engine = house(GROUPS)
    styles(engine)
    settle(engine)
    assert started(engine, "create") == 1
    assert [run.lines for run in runs(engine, "create")] == [MANY]
    assert product_of(engine, "S3-R") == product_of(engine, "S3-B")
    assert len({ref.product_gid for ref in engine.shop.catalogue.values()}) == MANY
    assert engine.shop.available("S3-B") == 7
    assert engine.shop.count("make_variants") == 0
    assert set(engine.states("item")) == {"applied"}
    engine.feed(item("S3-R", "Red", group="STYLE3"))
    engine.shop.calls.clear()
    settle(engine)
    assert engine.shop.calls == []  # options, metafields and group are remembered


def test_a_variant_that_comes_while_its_product_is_made_joins_it(house: House) -> None:
    """It waits, with what belongs to it, and is added by call; the product is not made twice."""
    engine = house(GROUPS)
    engine.bulk.looks = 3
    styles(engine)
    for _ in range(20):
        engine.turn()
        if started(engine, "create"):
            break
        engine.house.clock.advance(4)
    engine.feed(price("S3-W", "20.00"), item("S3-W", "White", group="STYLE3"), stock("S3-W", 4))
    engine.turn()
    assert engine.shop.count("make_variants") == 0
    assert engine.last("item").state == "waiting"
    settle(engine)
    assert product_of(engine, "S3-W") == product_of(engine, "S3-R")
    assert engine.shop.available("S3-W") == 4
    assert engine.shop.count("make_variants") == 1
    assert set(engine.states("item")) == {"applied"}


def test_one_bad_variant_is_parked_and_its_product_made_without_it(house: House) -> None:
    """The line failed as a whole; the innocent go by call."""
    engine = house(GROUPS)
    refusal = {"message": "Colour is too long", "code": "INVALID_VARIANT"}
    engine.bulk.refuse["S3-B"] = refusal
    styles(engine)
    settle(engine)
    (parked,) = [row for row in engine.rows("item") if row.state == "parked"]
    assert parked.key == "S3-B"
    assert "Colour is too long" in parked.reason
    assert engine.shop.by_sku("S3-R").price == 20
    assert engine.shop.count("make_variants") == 1


def test_a_product_that_is_there_already_gets_its_variants_by_call(house: House) -> None:
    """In bulk nothing can be looked up, so the line is refused and nothing is replaced."""
    engine = house(GROUPS)
    engine.feed(price("S3-W", "20.00"), item("S3-W", "White", group="STYLE3"))
    engine.settle()
    styles(engine)
    settle(engine)
    assert {product_of(engine, sku) for sku in ("S3-R", "S3-B")} == {product_of(engine, "S3-W")}
    assert set(engine.states("item")) == {"applied"}


def test_products_go_on_sale_with_the_run_that_makes_them(house: House) -> None:
    """Without channels to publish to nothing is left to do; the status told again is no news."""
    engine = house(ON_SALE)
    singles(engine)
    settle(engine)
    assert {on_sale(engine, f"AB-{n}")[0] for n in range(MANY)} == {"ACTIVE"}
    assert engine.bulk.operations.keys() == {"gid://shopify/BulkOperation/1"}
    assert engine.shop.count("set_status") == 0
    assert "a product that is ACTIVE" in engine.rows("item")[0].reason
    engine.feed(item("AB-3"))
    settle(engine)
    assert engine.states("item")[-1] == "skipped"
    assert engine.shop.count("set_status") == 0


def test_channels_follow_in_a_run_of_their_own(house: House) -> None:
    """Two runs instead of three calls a product."""
    engine = house(STATUS)
    singles(engine)
    settle(engine)
    assert {on_sale(engine, f"AB-{n}") for n in range(MANY)} == {("ACTIVE", CHANNEL)}
    assert started(engine, "create") == started(engine, "publish") == 1
    assert started(engine, "status") == 0
    assert engine.shop.count("set_status") == 0
    assert set(engine.states("item")) == {"applied"}


def test_what_follows_a_run_is_one_run_again_and_no_trickle(house: House) -> None:
    """Outcomes are committed 500 at a time; the items wait on until all of them are due."""
    engine = house(STATUS, least=600)
    singles(engine, 700)
    for _ in range(40):
        engine.turn(3)  # no time passes between them
        engine.house.clock.advance(4)
    assert started(engine, "publish") == 1
    assert engine.shop.count("set_status") == 0
    assert {on_sale(engine, f"AB-{n}") for n in (0, 499, 500, 699)} == {("ACTIVE", CHANNEL)}


def test_without_its_channel_no_product_goes_on_sale(house: House) -> None:
    """It is made as a draft, and every item says which publication the shop lacks."""
    engine = house(STATUS.replace("Online Store", "Nowhere"))
    singles(engine)
    settle(engine)
    assert {on_sale(engine, f"AB-{n}") for n in range(MANY)} == {("DRAFT", ())}
    assert set(engine.states("item")) == {"parked"}
    assert "no publication 'Nowhere'" in engine.last("item").reason


def test_the_most_visible_wish_of_a_group_is_its_products_status(house: House) -> None:
    """One colour is released: the product is on sale; the other one's wish is remembered."""
    engine = house(STATUS_OF_GROUPS)
    styles(engine, released="N")
    engine.feed(item("S3-R", "Red", group="STYLE3", released="Y"))
    settle(engine)
    assert on_sale(engine, "S3-B") == ("ACTIVE", CHANNEL)
    assert on_sale(engine, "S4-B")[0] == "DRAFT"
    assert set(engine.states("item")) <= {"applied", "superseded"}


def test_a_season_goes_on_sale_in_bulk(house: House) -> None:
    """Drafts become active in one run and are published in the next."""
    engine = house(STATUS)
    singles(engine, released="N")
    settle(engine)
    assert {on_sale(engine, f"AB-{n}")[0] for n in range(MANY)} == {"DRAFT"}
    engine.feed(*(item(f"AB-{n}") for n in range(MANY)))
    settle(engine)
    assert {on_sale(engine, f"AB-{n}") for n in range(MANY)} == {("ACTIVE", CHANNEL)}
    assert started(engine, "status") == started(engine, "publish") == 1
    assert engine.shop.count("set_status") == 0


def test_a_refused_status_is_parked_with_shopifys_words(house: House) -> None:
    """The others are on sale."""
    engine = house(STATUS)
    singles(engine, released="N")
    settle(engine)
    engine.bulk.refuse["AB-7"] = {}
    engine.feed(*(item(f"AB-{n}") for n in range(MANY)))
    settle(engine)
    (parked,) = [row for row in engine.rows("item") if row.state == "parked"]
    assert parked.key == "AB-7"
    assert "Not this one" in parked.reason
    assert on_sale(engine, "AB-8") == ("ACTIVE", CHANNEL)


def test_another_wish_for_a_product_on_its_way_waits_and_wins(house: House) -> None:
    """A colour is released while the run takes its style off sale: lines have no order."""
    engine = house(STATUS_OF_GROUPS.replace('publish = ["Online Store"]\n', ""))
    styles(engine, released="N")
    settle(engine)
    engine.house.clock.advance(4)
    engine.bulk.looks = 4
    gone = [item(f"S{n}-R", "Red", group=f"STYLE{n}", gone=True) for n in range(MANY)]
    engine.feed(*gone, *(item(f"S{n}-B", "Blue", group=f"STYLE{n}", gone=True)
                         for n in range(MANY)))  # fmt: skip
    for _ in range(20):
        engine.turn()
        if started(engine, "status"):
            break
        engine.house.clock.advance(4)
    engine.feed(item("S3-W", "White", group="STYLE3"), item("S3-B", "Blue", group="STYLE3"))
    engine.turn()
    assert engine.shop.count("set_status") == 0
    engine.feed(price("S3-W", "20.00"))
    settle(engine)
    assert on_sale(engine, "S3-B")[0] == "ACTIVE"
    assert on_sale(engine, "S4-B")[0] == "ARCHIVED"


@pytest.mark.parametrize("kind", ["create", "status", "publish"])
@pytest.mark.parametrize(("verb", "when"), [("start", "after"), ("state", "before"),
                                            ("lines", "before")])  # fmt: skip
def test_a_kill_loses_and_doubles_nothing(house: House, kind: str, verb: str, when: str) -> None:
    """Each kind of run is taken over where it was left."""
    engine = house(STATUS)
    singles(engine, released="Y" if kind == "create" else "N")
    if kind != "create":
        settle(engine)
        engine.feed(*(item(f"AB-{n}") for n in range(MANY)))
    for _ in range(30):
        engine.turn()
        engine.house.clock.advance(4)
        under_way = engine.run(engine.store.bulk_runs("t/catalogue"))
        if any(run.kind == kind for run in under_way):
            break
    hooks = engine.bulk.before if when == "before" else engine.bulk.after
    hooks[verb] = raiser(Crash())
    assert crash_or_turn(engine)
    engine.restart()
    settle(engine)
    assert {on_sale(engine, f"AB-{n}") for n in range(MANY)} == {("ACTIVE", CHANNEL)}
    assert started(engine, kind) == 1
    assert len(engine.shop.catalogue) == MANY
    assert set(engine.states("item")) <= {"applied"}
