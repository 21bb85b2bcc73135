"""Products that are to be made, each with all its items that are known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.shopify.variants import AT_ONCE
from towline_relay.sync.catalogue.decide import Create
from towline_relay.sync.catalogue.visibility import most_visible

__all__ = ["NewProduct", "new_products"]


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product, with one item or with the items of one group.

    Attributes:
        status: what buyers see of it from the first; what its items ask for.
        follows: more is to be done before buyers see it (its sales channels), so that events of
            items that want that stay open.
    """

    items: tuple[Create, ...]
    status: str = "DRAFT"
    follows: bool = False

    @property
    def handle(self) -> str:
        """Its handle, derived from its group or its SKU."""
        return self.items[0].target.handle

    @property
    def grouped(self) -> bool:
        """It has options, and may get more variants later."""
        return bool(self.items[0].target.group)

    @property
    def fits_a_line(self) -> bool:
        """It may be made in bulk: for the first time, and the answer names all its variants."""
        return len(self.items) <= AT_ONCE and not any(
            one.event.attempts or one.anew for one in self.items
        )


def new_products(
    creates: Sequence[Create], *, channels: Sequence[str], lacking: bool
) -> list[NewProduct]:
    """Group what is to be made by product.

    Args:
        channels: sales channels a product on sale is published to.
        lacking: the shop lacks one of them; then nothing goes on sale.
    """
    groups: dict[str, list[Create]] = {}
    for found in creates:
        key = found.target.handle if found.target.group else f"serial {found.event.serial}"
        groups.setdefault(key, []).append(found)
    return [_product(tuple(items), channels, lacking) for items in groups.values()]


def _product(items: tuple[Create, ...], channels: Sequence[str], lacking: bool) -> NewProduct:
    status = most_visible(one.target.status or "DRAFT" for one in items)
    if status != "ACTIVE" or not channels:
        return NewProduct(items, status)
    return NewProduct(items, "DRAFT" if lacking else status, follows=True)
