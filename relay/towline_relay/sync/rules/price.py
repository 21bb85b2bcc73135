"""Rules for price lists: which list of the ERP is which price list of the shop.

Every list is named; a list that is not is left out, so that no price ever lands in a list nobody
meant (https://github.com/frappe/erpnext/issues/7920).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from towline_relay.sync.rules.expressions import Expression
from towline_shared.config import Section

__all__ = ["ListRules", "TierRules", "read_lists"]

Compile = Callable[[Section, str], Expression]


@dataclass(frozen=True, slots=True)
class TierRules:
    """One volume price: from which quantity on, and what a piece costs then."""

    minimum: Expression
    price: Expression


@dataclass(frozen=True, slots=True)
class ListRules:
    """How a row of one list of the ERP becomes a fixed price of one price list of the shop.

    Attributes:
        price_list: name or gid of the price list, or the title of the catalog that uses it.
        currency: ISO 4217 code; must be the price list's own.
        price: None takes the expression of the base price.
        compare_at: None writes none.
        tiered: the volume prices of the list are the ERP's.
    """

    price_list: str
    currency: str
    price: Expression | None
    compare_at: Expression | None
    tiers: tuple[TierRules, ...]
    tiered: bool


def read_lists(section: Section, compile_field: Compile, *, base: str) -> Mapping[str, ListRules]:
    """Read ``[entities.price.lists.X]``; X is the list's name in the ERP.

    Raises:
        Misconfigured: the base list is among them, or two are one price list of the shop.
    """
    found: dict[str, ListRules] = {}
    for name, part in section.sections("lists").items():
        part.only("price_list", "currency", "price", "compare_at", "tiers")
        if name == base:
            raise part.wrong("price_list", name, "is the base list; it is set at the variants")
        target = part.text("price_list")
        for other, rules in found.items():
            if rules.price_list == target:
                raise part.wrong("price_list", target, f"is the price list of {other} already")
        tiers = []
        for tier in part.array("tiers"):
            tier.only("minimum", "price")
            tiers.append(TierRules(compile_field(tier, "minimum"), compile_field(tier, "price")))
        found[name] = ListRules(
            price_list=target,
            currency=part.text("currency"),
            price=compile_field(part, "price") if "price" in part.data else None,
            compare_at=compile_field(part, "compare_at") if "compare_at" in part.data else None,
            tiers=tuple(tiers),
            tiered="tiers" in part.data,
        )
    return found
