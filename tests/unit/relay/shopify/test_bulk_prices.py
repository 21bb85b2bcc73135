"""Price lists in bulk against the simulated shop, and files that are longer than it takes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.relay.shopify.test_bulk_shop import SEEDS, Stand, line, lines_of, run
from towline_relay.shopify.bulk_lines import list_prices_set, read_line
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.shopify.models_prices import ListPrice, Tier
from towline_relay.shopify.price_lines import list_variables, shape_of
from towline_relay.shopify.prices import fixed_prices
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.errors import Refused, Retryable

KINDS = pytest.mark.parametrize(("kind", "tiered"), [("list_price", False), ("volume_price", True)])
LIST = (SeedPriceList(name="B2B"),)


def variants(stand: Stand) -> list[str]:
    """Return the gids of the shop's variants."""
    rows = stand.shop.db.all("SELECT id FROM variants ORDER BY id")
    return [f"gid://shopify/ProductVariant/{row['id']}" for row in rows]


async def written(
    stand: Stand, kind: str, mark: str, lines: list[list[ListPrice]]
) -> list[list[LineOutcome]]:
    """Run lines of prices in bulk; returns the outcomes, line by line."""
    tiered = kind == "volume_price"
    number = stand.shop.db.scalar("SELECT id FROM price_lists")
    gid = f"gid://shopify/PriceList/{number}"
    sent = [list_variables(gid, "EUR", prices, tiered=tiered) for prices in lines]
    path = await stand.uploaded(mark, sent)
    state = await stand.over(await stand.bulk.start(kind, path=path, mark=mark))
    assert state.completed
    found: dict[int, list[LineOutcome]] = {}
    for answer in await lines_of(stand, state):
        answered = read_line(answer)
        assert answered is not None
        shapes = [shape_of(price) for price in lines[answered.number]]
        found[answered.number] = list_prices_set(answered, shapes, tiered=tiered)
    return [found[number] for number in range(len(lines))]


def held(stand: Stand) -> dict[str, Any]:
    """Return what the shop's only price list holds: price and volume prices by variant."""
    prices = {
        f"gid://shopify/ProductVariant/{row['variant_id']}": [row["price"]]
        for row in stand.shop.db.all("SELECT variant_id, price FROM list_prices")
    }
    for row in stand.shop.db.all("SELECT * FROM price_breaks ORDER BY minimum"):
        prices[f"gid://shopify/ProductVariant/{row['variant_id']}"].append(row["price"])
    return prices


@KINDS
def test_every_line_of_a_list_is_written_and_answered(
    tmp_path: Path, kind: str, tiered: bool
) -> None:
    """Three hundred prices in two lines, set and then taken away."""

    async def work(stand: Stand) -> None:
        tiers = (Tier(10, Decimal("1.50")),) if tiered else ()
        gids = variants(stand)
        prices = [ListPrice(gid, Decimal("2.00"), None, tiers) for gid in gids]
        done = await written(stand, kind, "towline_list_1", [prices[:250], prices[250:]])
        assert [len(one) for one in done] == [250, len(SEEDS) - 250]
        assert all(outcome.ok for one in done for outcome in one)
        assert held(stand) == {gid: ["2.00", "1.50"] if tiered else ["2.00"] for gid in gids}
        gone = [[ListPrice(gid, None) for gid in gids[:250]]]
        (done_now,) = await written(stand, kind, "towline_list_2", gone)
        assert all(outcome.ok for outcome in done_now)
        assert sorted(held(stand)) == sorted(gids[250:])

    run(tmp_path, work, price_lists=LIST)


@KINDS
def test_a_refused_line_is_reverted_whole_and_names_the_guilty(
    tmp_path: Path, kind: str, tiered: bool
) -> None:
    """The line beside it is written; of its own nothing is."""

    async def work(stand: Stand) -> None:
        gids = variants(stand)
        lost = ListPrice("gid://shopify/ProductVariant/999999", Decimal("1.00"))
        lines = [
            [ListPrice(gids[0], Decimal("1.00")), lost, ListPrice(gids[1], Decimal("1.00"))],
            [ListPrice(gids[2], Decimal("1.00"))],
        ]
        first, second = await written(stand, kind, "towline_list_1", lines)
        assert [one.verdict for one in first] == [Remedy.SPLIT, Remedy.REREAD, Remedy.SPLIT]
        assert second[0].ok
        assert list(held(stand)) == [gids[2]]

    run(tmp_path, work, price_lists=LIST)


def test_a_file_over_the_limit_is_refused_and_nothing_starts(tmp_path: Path) -> None:
    """That is why a run's file is closed before it gets there."""

    async def work(stand: Stand) -> None:
        fits = [line(number) for number in range(2)]
        await stand.uploaded("towline_small", fits)
        with pytest.raises(Retryable, match="HTTP 400"):
            await stand.uploaded("towline_large", [line(number) for number in range(40)])

    run(tmp_path, work, upload_bytes=2_000)


def test_what_a_list_holds_is_read_by_variant(tmp_path: Path) -> None:
    """Six readings of fifty; volume prices in order, a variant without a fixed price left out."""

    async def work(stand: Stand) -> None:
        gids = variants(stand)
        tiers = (Tier(10, Decimal("1.50")), Tier(100, Decimal("1.25")))
        prices = [ListPrice(gid, Decimal("2.00"), Decimal("3.00"), tiers) for gid in gids[:-1]]
        lines = [prices[n : n + 125] for n in range(0, len(prices), 125)]
        await written(stand, "volume_price", "towline_list_1", lines)
        number = stand.shop.db.scalar("SELECT id FROM price_lists")
        gid = f"gid://shopify/PriceList/{number}"
        found = await fixed_prices(stand.client, gid, gids)
        assert found == {price.variant_gid: price for price in prices}
        lost = "gid://shopify/PriceList/999"
        with pytest.raises(Refused, match="no price list"):
            await fixed_prices(stand.client, lost, gids[:1])

    run(tmp_path, work, price_lists=LIST)
