"""Complaint 19: one internal location mapped to two shops mixes their stock.

All mappings are keyed by shop: rules, links, known values and lanes belong to one tenant. Source:
https://github.com/odoo/documentation/pull/19309
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_house import RULES, EngineHouse, stock
from towline_relay.store.rows import LinkRow
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.errors import Misconfigured


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def test_links_and_known_values_of_one_shop_are_not_the_others(engine: EngineHouse) -> None:
    """The same SKU of another tenant's shop, with the same gids, is another thing."""
    ref = engine.shop.add_variant("AB-1")
    theirs = LinkRow("AB-1", "gid://p/9", ref.variant_gid, "gid://i/9", erp_key="THEIRS")
    engine.run(engine.store.put_links("other", [theirs]))
    engine.feed(stock("AB-1", 7))
    engine.settle()
    assert engine.shop.available("AB-1") == 7
    assert engine.run(engine.store.links("other", ["AB-1"]))["ab-1"][0].erp_key == "THEIRS"
    target = f"{ref.inventory_item_gid}|gid://shopify/Location/1|available"
    assert engine.run(engine.store.known("t", "stock", [target]))
    assert engine.run(engine.store.known("other", "stock", [target])) == {}


def test_two_warehouses_never_overwrite_each_other_at_one_location(tmp_path: Path) -> None:
    """Within a shop, a location has one warehouse or a formula; the rules refuse anything else."""
    path = tmp_path / "towline.toml"
    path.write_text(RULES + '"002" = "Berlin warehouse"\n', encoding="utf-8")
    with pytest.raises(Misconfigured, match="is the location of warehouse 001 already"):
        load_rules(path)
