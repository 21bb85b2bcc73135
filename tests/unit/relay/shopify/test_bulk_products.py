"""Groups of variants and what buyers see of products, in bulk against the simulated shop."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.unit.relay.shopify.test_bulk_shop import Stand, lines_of, run
from towline_relay.shopify.bulk_lines import (
    Answered,
    create_variables,
    created,
    publish_variables,
    read_line,
    seen_now,
    status_variables,
)
from towline_relay.shopify.models import LineOutcome, Remedy, VariantRef
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_relay.shopify.variants import AT_ONCE, make_variants

CHANNEL = "SELECT id FROM publications"


def screws(number: int, count: int, *, price: str = "1.50") -> GroupSpec:
    """Return a group of screws, one variant a size."""
    return GroupSpec(
        handle=f"screw-{number}",
        title=f"Screw {number}",
        options=("Size",),
        variants=tuple(
            VariantSpec(f"SC-{number}-{size}", (f"{size} mm",), Decimal(price))
            for size in range(count)
        ),
    )


async def answers(
    stand: Stand, kind: str, mark: str, lines: list[dict[str, Any]]
) -> list[Answered]:
    """Run lines in bulk; returns their answers in order."""
    path = await stand.uploaded(mark, lines)
    state = await stand.over(await stand.bulk.start(kind, path=path, mark=mark))
    assert state.completed
    found = [read_line(answer) for answer in await lines_of(stand, state)]
    return sorted((one for one in found if one is not None), key=lambda one: one.number)


def skus(spec: GroupSpec) -> list[str]:
    return [one.sku for one in spec.variants]


def test_groups_come_back_with_all_their_variants(tmp_path: Path) -> None:
    """As many as a line may have; drafts and products on sale side by side."""

    async def work(stand: Stand) -> None:
        specs = [screws(1, AT_ONCE), screws(2, 2)]
        lines = [
            create_variables(spec, status=status)
            for spec, status in zip(specs, ("DRAFT", "ACTIVE"), strict=True)
        ]
        for spec, answered, status in zip(
            specs, await answers(stand, "create", "towline_group_1", lines),
            ("DRAFT", "ACTIVE"), strict=True,
        ):  # fmt: skip
            refs = created(answered, skus(spec))
            assert [ref.sku for ref in refs if isinstance(ref, VariantRef)] == skus(spec)
            assert {ref.product_status for ref in refs if isinstance(ref, VariantRef)} == {status}
            assert len({ref.product_gid for ref in refs if isinstance(ref, VariantRef)}) == 1

    run(tmp_path, work)


def test_a_group_that_is_there_is_refused_and_loses_no_variant(tmp_path: Path) -> None:
    """A line can only create; by call the missing variant joins the others."""

    async def work(stand: Stand) -> None:
        await make_variants(stand.client, screws(1, 3))
        bigger = screws(1, 4)
        lines = [create_variables(bigger)]
        (answered,) = await answers(stand, "create", "towline_group_1", lines)
        outcomes = created(answered, skus(bigger))
        assert {one.verdict for one in outcomes if isinstance(one, LineOutcome)} == {Remedy.REREAD}
        assert len(outcomes) == 4
        assert stand.shop.db.scalar("SELECT count(*) FROM variants WHERE sku LIKE 'SC-1-%'") == 3
        refs = await make_variants(stand.client, bigger)
        assert all(isinstance(ref, VariantRef) for ref in refs)

    run(tmp_path, work)


def test_status_and_channels_are_written_line_by_line(tmp_path: Path) -> None:
    """A product that is gone, and a channel that is gone, are told with Shopify's words."""

    async def work(stand: Stand) -> None:
        ids = [row["id"] for row in stand.shop.db.all("SELECT id FROM products LIMIT 3")]
        gids = [f"gid://shopify/Product/{number}" for number in (*ids, 999_999)]
        lines = [status_variables(gid, "ARCHIVED") for gid in gids]
        done = await answers(stand, "status", "towline_status_1", lines)
        outcomes = [seen_now(one, "status", "ARCHIVED") for one in done]
        assert [one.ok for one in outcomes] == [True, True, True, False]
        assert outcomes[3].verdict is Remedy.PARK
        channel = f"gid://shopify/Publication/{stand.shop.db.scalar(CHANNEL)}"
        lines = [publish_variables(gids[0], [channel]), publish_variables(gids[1], ["gid://x/1"])]
        first, second = await answers(stand, "publish", "towline_publish_1", lines)
        assert seen_now(first, "publish", "ARCHIVED").ok
        changed = seen_now(first, "publish", "ACTIVE")
        assert (changed.ok, changed.verdict) == (False, Remedy.REREAD)
        assert "publication" in seen_now(second, "publish", "ARCHIVED").message.lower()

    run(tmp_path, work)
