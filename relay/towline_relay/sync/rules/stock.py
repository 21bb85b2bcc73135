"""Rules for stock beside the simple case: sums of warehouses, safety stock, limits.

A location of the shop is fed by one warehouse (``[entities.stock.locations]``) or by several with a
formula (``[entities.stock.formulas]``). A warehouse feeds one location: the same pieces in two
places would be sold twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from towline_relay.sync.rules.expressions import Expression
from towline_shared.config import Section

__all__ = ["Formula", "StockShape", "read_shape", "warehouse_name"]

Compile = Callable[[Section, str], Expression]


@dataclass(frozen=True, slots=True)
class Formula:
    """How the balances of several warehouses become the quantity of one location.

    Attributes:
        quantity: over the names :func:`warehouse_name` gives; None sums them up.
    """

    location: str
    warehouses: tuple[str, ...]
    quantity: Expression | None


@dataclass(frozen=True, slots=True)
class StockShape:
    """What is done to balances on their way to a location.

    Attributes:
        safety: pieces of each warehouse that are never offered; over the row's columns.
        least: a smaller quantity becomes this one.
        most: a greater quantity becomes this one; None for no limit.
        in_flight: free stock does not know of the shop's orders that are still on their way to the
            ERP, so they are taken off.
    """

    safety: Expression | None = None
    least: int | None = None
    most: int | None = None
    in_flight: bool = False
    formulas: tuple[Formula, ...] = ()

    def formula_of(self, warehouse: str) -> Formula | None:
        """Return the formula a warehouse is part of."""
        for formula in self.formulas:
            if warehouse in formula.warehouses:
                return formula
        return None


def warehouse_name(warehouse: str) -> str:
    """Return what a formula calls a warehouse: ``W`` and its code, ``W001``."""
    return "W" + re.sub(r"\W", "_", warehouse)


def read_shape(
    section: Section, compile_field: Compile, *, name: str, locations: Mapping[str, str]
) -> StockShape:
    """Read what ``[entities.stock]`` says beyond its quantity.

    Raises:
        Misconfigured: a warehouse or a location stands twice, a formula names a warehouse it does
            not have, or orders in flight are to be taken off physical stock.
    """
    formulas: list[Formula] = []
    taken = dict(locations)
    for location, part in section.sections("formulas").items():
        part.only("warehouses", "quantity")
        if location in locations.values():
            raise part.wrong("warehouses", location, "has a warehouse in [locations] already")
        warehouses = part.texts("warehouses")
        for warehouse in warehouses:
            if warehouse in taken:
                raise part.wrong("warehouses", warehouse, f"feeds {taken[warehouse]!r} already")
            taken[warehouse] = location
        formula = compile_field(part, "quantity") if "quantity" in part.data else None
        names = {warehouse_name(warehouse) for warehouse in warehouses}
        unknown = sorted(set(formula.columns) - names) if formula else []
        if unknown:
            raise part.wrong("quantity", unknown[0], f"is none of {', '.join(sorted(names))}")
        formulas.append(Formula(location, warehouses, formula))
    in_flight = section.flag("in_flight", False)
    if in_flight and name != "available":
        raise section.wrong(
            "in_flight", True, 'is for name = "available": on_hand leaves it to Shopify'
        )
    shape = StockShape(
        safety=compile_field(section, "safety") if "safety" in section.data else None,
        least=section.number("least", least=-1_000_000_000) if "least" in section.data else None,
        most=section.number("most") if "most" in section.data else None,
        in_flight=in_flight,
        formulas=tuple(formulas),
    )
    if shape.least is not None and shape.most is not None and shape.least > shape.most:
        raise section.wrong("least", shape.least, f"is more than most = {shape.most}")
    return shape
