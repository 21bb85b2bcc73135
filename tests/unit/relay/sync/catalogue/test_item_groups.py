"""Items beyond single fields: variants of one product, metafields, and what buyers see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.engine_house import RULES, EngineHouse, price, raiser
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.sync.rules.tenant import load_rules
from towline_relay.sync.sweeps.backfill import link_of
from towline_shared.errors import Misconfigured, Retryable
from towline_shared.events import Item

GROUPS = """group = "ITGRP | trim"
[entities.item.options]
Colour = "ITCOL"
[entities.item.metafields."custom.made_of"]
from = "ITMAT"
on = "variant"
[entities.item.fields]
"""
STATUS = """status = "'ACTIVE' if ITREL == 'Y' else 'DRAFT'"
publish = ["Online Store"]
gone = "archive"
[entities.item.fields]
"""
STATUS_OF_GROUPS = STATUS.replace("[entities.item.fields]\n", GROUPS)
CHANNEL = ("gid://shopify/Publication/1",)

House = Callable[[str], EngineHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    made: list[EngineHouse] = []

    def build(more: str) -> EngineHouse:
        monkeypatch.setattr(
            engine_house, "RULES", RULES.replace("[entities.item.fields]\n", more, 1)
        )
        made.append(EngineHouse(tmp_path))
        return made[0]

    yield build
    for engine in made:
        engine.close()


def item(
    sku: str,
    colour: str = "Red",
    *,
    group: str = "SHIRT",
    made_of: str = "wool",
    released: str = "Y",
    web: str = "Y",
    gone: bool = False,
) -> tuple[str, Item]:
    row = {
        "ITWEB": web, "ITDSC": "Shirt", "ITEAN": "", "ITGRP": group, "ITCOL": colour,
        "ITMAT": made_of, "ITREL": released,
    }  # fmt: skip
    return sku, Item(sku, gone=gone, row={} if gone else row)


def product_of(engine: EngineHouse, sku: str) -> str:
    return engine.shop.by_sku(sku).product_gid


def test_items_of_a_group_become_one_product(house: House) -> None:
    """Three items, one call, three variants with their options; a fourth joins later."""
    engine = house(GROUPS)
    for sku in ("S-R", "S-B", "S-G", "S-W"):
        engine.feed(price(sku, "20.00"))
    engine.feed(item("S-R", "Red"), item("S-B", "Blue"), item("S-G", "Green"))
    engine.turn(3)
    assert len({product_of(engine, sku) for sku in ("S-R", "S-B", "S-G")}) == 1
    assert engine.shop.count("make_variants") == 1
    engine.feed(item("S-W", "White"))
    engine.settle()
    assert product_of(engine, "S-W") == product_of(engine, "S-R")
    assert engine.shop.options[engine.shop.by_sku("S-W").variant_gid] == ("White",)
    assert engine.states("item") == ["applied"] * 4
    assert engine.states("price") == ["applied"] * 4


def test_an_item_without_group_stays_a_product_of_its_own(house: House) -> None:
    """A blank group groups nothing."""
    engine = house(GROUPS)
    engine.feed(price("A", "1.00"), price("B", "1.00"), item("A", group=""), item("B", group=""))
    engine.settle()
    assert product_of(engine, "A") != product_of(engine, "B")
    assert engine.shop.count("make_variants") == 0


def test_one_refused_variant_leaves_its_sisters_alone(house: House) -> None:
    """Its item is parked with Shopify's words; the others are made."""
    engine = house(GROUPS)
    refusal = LineOutcome(0, False, "INVALID_INPUT", "Colour is too long.", Remedy.PARK)
    engine.shop.refused_skus["S-B"] = refusal
    engine.feed(price("S-R", "1.00"), price("S-B", "1.00"), item("S-R"), item("S-B", "Blue"))
    engine.settle()
    assert engine.states("item") == ["applied", "parked"]
    assert "Colour is too long" in engine.last("item").reason


def test_a_kill_between_making_and_writing_down_makes_nothing_twice(house: House) -> None:
    """The variants there are read first: the second attempt finds them."""
    engine = house(GROUPS)
    engine.feed(price("S-R", "1.00"), item("S-R"))
    engine.shop.after["make_variants"] = raiser(Retryable("Nobody knows what became of it."))
    engine.settle()
    assert engine.states("item") == ["applied"]
    assert len(engine.shop.catalogue) == 1


def test_a_new_colour_is_written_and_a_new_group_is_not(house: House) -> None:
    """Option values follow the ERP; a variant can't move to another product: ask people."""
    engine = house(GROUPS)
    engine.feed(price("S-R", "1.00"), item("S-R"))
    engine.settle()
    gid = engine.shop.by_sku("S-R").variant_gid
    engine.feed(item("S-R", "Dark red"))
    engine.settle()
    assert engine.shop.options[gid] == ("Dark red",)
    engine.feed(item("S-R", "Dark red", group="COAT"))
    engine.settle()
    assert engine.states("item") == ["applied", "applied", "parked"]
    assert "'COAT' now" in engine.last("item").reason
    del engine.shop.catalogue[gid]  # a person does what the hint says
    engine.run(engine.store.retry("t", engine.last("item").id))
    engine.settle()
    assert engine.states("item")[-1] == "applied"
    assert product_of(engine, "S-R").endswith("/coat")


def test_a_retry_looks_at_the_shop_again_whatever_the_case_of_the_sku(house: House) -> None:
    """A variant the merchant wrote in small letters stays linked; no second product is made."""
    engine = house(GROUPS)
    engine.shop.add_variant("s-r")
    engine.feed(("S-R", Item("S-R", row={"ITWEB": "Y"})))
    engine.settle()
    assert engine.states("item") == ["parked"]
    engine.run(engine.store.retry("t", engine.last("item").id))
    engine.settle()
    engine.feed(price("S-R", "1.00"), item("S-R"))
    engine.settle()
    assert len(engine.shop.catalogue) == 1
    assert engine.states("item")[-1] == "applied"


def test_metafields_are_written_when_they_change(house: House) -> None:
    """With the product, then alone; the same again makes no call."""
    engine = house(GROUPS)
    engine.feed(price("S-R", "1.00"), item("S-R"))
    engine.settle()
    gid = engine.shop.by_sku("S-R").variant_gid
    for _ in range(2):
        engine.feed(item("S-R", made_of="silk"))
        engine.settle()
    assert engine.shop.metafields[gid, "custom.made_of"] == "silk"
    assert engine.shop.count("set_metafields") == 1
    assert engine.shop.count("set_item_fields") == 0


def test_a_released_item_goes_on_sale_and_an_ended_one_off(house: House) -> None:
    """Made as a draft, then active in its channel; gone from the ERP it is archived."""
    engine = house(STATUS)
    engine.feed(price("A", "1.00"), item("A"))
    engine.settle()
    product = product_of(engine, "A")
    assert engine.shop.statuses[product] == ("ACTIVE", CHANNEL)
    engine.feed(item("A", gone=True))
    engine.settle()
    assert engine.shop.statuses[product] == ("ARCHIVED", ())
    engine.feed(item("A", released="N"))
    engine.settle()
    assert engine.shop.statuses[product] == ("DRAFT", ())
    assert engine.states("item") == ["applied"] * 3


def test_a_status_that_did_not_change_is_not_written(house: House) -> None:
    """What the merchant does with the product in between is the merchant's."""
    engine = house(STATUS)
    engine.feed(price("A", "1.00"), item("A", released="N"))
    engine.settle()
    assert engine.shop.statuses == {}  # it was made as a draft
    engine.feed(item("A", released="N"))
    engine.settle()
    assert engine.shop.statuses == {}


def test_a_product_stays_on_sale_while_one_of_its_items_is(house: House) -> None:
    """Only the last item that ends takes the product away."""
    engine = house(STATUS_OF_GROUPS)
    engine.feed(price("S-R", "1.00"), price("S-B", "1.00"), item("S-R"), item("S-B", "Blue"))
    engine.settle()
    product = product_of(engine, "S-R")
    engine.feed(item("S-R", web="N"))
    engine.settle()
    assert engine.shop.statuses[product][0] == "ACTIVE"
    engine.feed(item("S-B", "Blue", web="N"))
    engine.settle()
    assert engine.shop.statuses[product][0] == "ARCHIVED"


def test_the_brake_holds_an_assortment_that_vanishes(house: House) -> None:
    """An item master that is cleared and refilled archives nothing; a retry lets it pass."""
    engine = house(STATUS)
    skus = [f"A-{n}" for n in range(30)]
    engine.feed(*[price(sku, "1.00") for sku in skus], *[item(sku) for sku in skus])
    engine.settle()
    for ref in list(engine.shop.catalogue.values()):
        active = link_of(replace(ref, product_status="ACTIVE"))
        engine.run(engine.store.put_links("t", [active]))
    engine.feed(*[item(sku, gone=True) for sku in skus])
    engine.settle()
    assert {row.state.value for row in engine.rows("item")[30:]} == {"parked"}
    assert "The brake holds it: 30 of 30" in engine.last("item").reason
    assert {status for status, _ in engine.shop.statuses.values()} == {"ACTIVE"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (GROUPS.replace('group = "ITGRP | trim"\n', ""), "and options go together"),
        (GROUPS.replace('on = "variant"', 'on = "product"'), "shared by the items of a group"),
        (GROUPS.replace("custom.made_of", "made_of"), "no namespace.key"),
        (GROUPS + 'vendor = { from = "ITVEN" }\n', "which several items share: create_only"),
        (STATUS.replace("archive", "delete"), "must be one of keep, draft, archive"),
        (STATUS.replace("status =", "state ="), "state is not a setting"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, more: str, said: str) -> None:
    """It names what two items can't both own."""
    path = tmp_path / "towline.toml"
    path.write_text(RULES.replace("[entities.item.fields]\n", more, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load_rules(path)
    assert said in caught.value.what
