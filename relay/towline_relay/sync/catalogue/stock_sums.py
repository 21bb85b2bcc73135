"""From balances to the quantity of a location: safety stock, sums, orders in flight. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from towline_relay.store.rows import EventRow
from towline_relay.sync.rules.expressions import Expression
from towline_relay.sync.rules.mapping import LeftOut, StockTarget, left_out
from towline_relay.sync.rules.stock import Formula, warehouse_name
from towline_relay.sync.rules.tenant import StockRules
from towline_shared.errors import BadRecord
from towline_shared.events import Row, Stock

__all__ = ["carries", "map_stock", "part_of_a_newer_sum"]

_MOST_QUANTITY = 1_000_000_000  # Shopify refuses more than this in an inventory quantity
_ALONE: Mapping[str, Stock] = MappingProxyType({})


def map_stock(
    stock: Stock, rules: StockRules, *, others: Mapping[str, Stock] = _ALONE, in_flight: int = 0
) -> StockTarget | LeftOut:
    """Map a row of the item balance file.

    Args:
        others: the last statement about the same item by warehouse, for a location that sums
            several. One that is missing, gone, left out or wrong counts as none: too little is
            offered until it is stated, never too much.
        in_flight: pieces of the item in orders of the shop that the ERP has not taken yet; they
            are taken off wherever the rules say so, at every location, because the shop chose the
            location and the ERP will choose the warehouse.

    Raises:
        BadRecord: a balance or the result is no quantity a shop can hold.
    """
    formula = rules.shape.formula_of(stock.warehouse)
    location = rules.location_of(stock.warehouse)
    if not location:
        return LeftOut(f"The rules name no location for warehouse {stock.warehouse}.")
    if stock.gone:
        # A work file that is cleared and refilled at night must not empty the shop.
        return LeftOut("The balance is gone on the IBM i; the shop keeps the quantity it has.")
    out = left_out(rules.when, stock.row)
    if out is not None:
        return out
    if formula is None:
        value, judge, row = _balance(stock, rules), rules.quantity, stock.row
    else:
        value, judge, row = _sum(stock, rules, formula, others)
    quantity = int(value.to_integral_value(rounding="ROUND_FLOOR"))
    if rules.shape.in_flight:
        quantity -= in_flight
    if rules.shape.least is not None:
        quantity = max(quantity, rules.shape.least)
    if rules.shape.most is not None:
        quantity = min(quantity, rules.shape.most)
    if abs(quantity) > _MOST_QUANTITY:
        raise judge.bad(f"{quantity} exceeds what a shop can hold", row)
    return StockTarget(rules.name, location, quantity)


def _balance(stock: Stock, rules: StockRules) -> Decimal:
    """Work out what one warehouse offers."""
    value = _number(rules.quantity, stock.row)
    if rules.shape.safety is not None:
        value -= _number(rules.shape.safety, stock.row)
    return value


def _sum(
    stock: Stock, rules: StockRules, formula: Formula, others: Mapping[str, Stock]
) -> tuple[Decimal, Expression, Row]:
    row = {
        warehouse_name(warehouse): (
            _balance(stock, rules)
            if warehouse == stock.warehouse
            else _beside(others.get(warehouse), rules)
        )
        for warehouse in formula.warehouses
    }
    if formula.quantity is None:
        return sum(row.values(), Decimal(0)), rules.quantity, row
    return _number(formula.quantity, row), formula.quantity, row


def _beside(stock: Stock | None, rules: StockRules) -> Decimal:
    """Work out what another warehouse adds; its own event says what is wrong with its record."""
    if stock is None or stock.gone:
        return Decimal(0)
    try:
        return Decimal(0) if left_out(rules.when, stock.row) else _balance(stock, rules)
    except BadRecord:
        return Decimal(0)


def _number(expression: Expression, row: Row) -> Decimal:
    value = expression(row)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise expression.bad(f"{value!r} is not a quantity", row)
    return Decimal(value)


def carries(stock: Stock, rules: StockRules, others: Mapping[str, Stock]) -> bool:
    """Tell whether a statement gives a quantity, so that it may carry those of other warehouses.

    One that is gone, left out or wrong writes nothing, and must not take others with it.
    """
    try:
        return isinstance(map_stock(stock, rules, others=others), StockTarget)
    except BadRecord:
        return False


def part_of_a_newer_sum(rows: Sequence[EventRow], rules: StockRules) -> dict[int, str]:
    """Find the events of which a newer one in the batch carries the sum, with its location.

    Two warehouses of one location are two events and one quantity: it is written once.

    Args:
        rows: those that :func:`carries` is true of.
    """
    newest: dict[tuple[str, str], EventRow] = {}
    for row in sorted(rows, key=lambda row: row.serial):
        formula = rules.shape.formula_of(row.subkey)
        if formula is not None:
            newest[row.key, formula.location] = row
    lead = {row.serial for row in newest.values()}
    return {
        row.serial: formula.location
        for row in rows
        if row.serial not in lead and (formula := rules.shape.formula_of(row.subkey)) is not None
    }
