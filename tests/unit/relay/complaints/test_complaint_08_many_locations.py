"""Complaint 8: shops with over 50 locations are not loaded.

Source: https://github.com/frappe/ecommerce_integrations/issues/277
"""

from __future__ import annotations

from pathlib import Path

from tests.support.shop_stand import Stand, play
from towline_sandbox.shopify.settings import SeedLocation

PLACES = tuple(
    SeedLocation(name=f"Store {number:03}", city="Berlin", zip="10115") for number in range(230)
)


def test_every_location_is_read(tmp_path: Path) -> None:
    """230 locations in three pages, each with its name and whether it is active."""

    async def scene(on: Stand) -> None:
        found = await on.shop.locations()
        assert [one.name for one in found] == [one.name for one in PLACES]
        assert all(one.active for one in found)

    play(tmp_path, scene, locations=PLACES)
