"""Rows of the ERP to what the shop should hold, by one tenant's rules. Pure.

A row that the rules leave out gives :class:`LeftOut` with the rules' own sentence. A value that
can't be worked out raises :class:`~towline_shared.errors.BadRecord`, which names rule and value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from towline_relay.shopify.models_variants import MetafieldValue
from towline_relay.sync.rules.expressions import Expression
from towline_relay.sync.rules.item import MetafieldRules
from towline_relay.sync.rules.tenant import Field, ItemRules, PriceRules, When
from towline_shared.events import Item, Price, Row
from towline_shared.money import exponent, plain

__all__ = [
    "ItemTarget",
    "LeftOut",
    "PriceTarget",
    "StockTarget",
    "amount_of",
    "handle_of",
    "left_out",
    "map_item",
    "map_price",
]

_STATUSES = ("ACTIVE", "DRAFT", "ARCHIVED")
_MOST_TITLE = 255  # https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The rules leave this row out; one sentence says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class ItemTarget:
    """What a product should hold.

    Attributes:
        fields: field -> value, all that can be written when the product is made.
        kept: names of those that are kept in step afterwards.
        group: items of one group are variants of one product; empty for a product of its own.
        options: (name, value) of each option; empty without a group.
        status: ``ACTIVE``, ``DRAFT`` or ``ARCHIVED``; empty when the merchant decides.
    """

    sku: str
    handle: str
    fields: dict[str, str | Decimal | tuple[str, ...]]
    kept: frozenset[str]
    group: str = ""
    options: tuple[tuple[str, str], ...] = ()
    metafields: tuple[MetafieldValue, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class PriceTarget:
    """What a variant should cost, in the shop's currency.

    ``writes_compare_at`` is false when the rules don't own the compare-at price.
    """

    price: Decimal
    compare_at: Decimal | None
    writes_compare_at: bool

    @property
    def shown(self) -> str:
        """The value for people and for comparison."""
        if not self.writes_compare_at:
            return plain(self.price)
        return f"{plain(self.price)} (was {plain(self.compare_at) if self.compare_at else '-'})"


@dataclass(frozen=True, slots=True)
class StockTarget:
    """What a location should hold of an item; ``location`` is a gid or a name of the rules."""

    name: str
    location: str
    quantity: int


def map_item(item: Item, rules: ItemRules) -> ItemTarget | LeftOut:
    """Map a row of the item master; one that is gone never deletes anything in the shop."""
    if item.gone:
        stays = "; its product stays in the shop as it is" if rules.shape.gone == "keep" else ""
        return LeftOut(f"The item is gone on the IBM i{stays}.")
    out = left_out(rules.when, item.row)
    if out is not None:
        return out
    fields: dict[str, str | Decimal | tuple[str, ...]] = {}
    for name, field in rules.fields.items():
        value = _item_value(name, field, item.row)
        if value not in ("", None, ()):
            fields[name] = value
    if not fields.get("title"):
        raise rules.fields["title"].source.bad("the title is empty", item.row)
    kept = frozenset(name for name, field in rules.fields.items() if not field.create_only)
    shape, row = rules.shape, item.row
    group = _text(shape.group, row) if shape.group else ""
    return ItemTarget(
        item.sku,
        handle_of(group or item.sku),
        fields,
        kept,
        group,
        _options(shape.options, row) if group else (),
        _metafields(shape.metafields, row),
        _status(shape.status, row) if shape.status else "",
    )


def map_price(price: Price, rules: PriceRules, *, currency: str) -> PriceTarget | LeftOut:
    """Map a row of the price file.

    Args:
        currency: the shop's; prices are rounded half up to its minor unit.
    """
    if price.price_list and price.price_list != rules.price_list:
        return LeftOut(
            f"The price list {price.price_list} is not the base list {rules.price_list}."
        )
    if price.gone:
        return LeftOut("The price is gone on the IBM i; the shop keeps the one it has.")
    out = left_out(rules.when, price.row)
    if out is not None:
        return out
    if rules.currency is not None:
        given = rules.currency(price.row)
        if given != currency:
            raise rules.currency.bad(f"the shop sells in {currency}", price.row)
    amount = amount_of(rules.fields["price"].source, price.row, currency)
    if amount is None:
        raise rules.fields["price"].source.bad("there is no price", price.row)
    field = rules.fields.get("compare_at")
    compare_at = None if field is None else amount_of(field.source, price.row, currency)
    if compare_at is not None and compare_at <= amount:
        compare_at = None  # nothing to strike through; zero is how the ERP says none
    return PriceTarget(amount, compare_at, field is not None)


def handle_of(sku: str) -> str:
    """Derive a product's handle from a SKU: the same SKU always gives the same handle.

    Characters a handle can't hold become hyphens; so that two SKUs never share a handle by that,
    what was lost is appended as hexadecimal.
    """
    ascii_text = unicodedata.normalize("NFKD", sku).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    folded = sku.strip().casefold()
    if readable == folded:
        return readable
    lost = "".join(f"{ord(char):x}" for char in folded if not re.match(r"[a-z0-9]", char))
    return f"{readable}-{lost}".strip("-")


def _options(options: Mapping[str, Expression], row: Row) -> tuple[tuple[str, str], ...]:
    found = []
    for name, source in options.items():
        value = _text(source, row)
        if not value:
            raise source.bad(f"the option {name} is empty", row)
        found.append((name, value[:_MOST_TITLE]))
    return tuple(found)


def _metafields(rules: Sequence[MetafieldRules], row: Row) -> tuple[MetafieldValue, ...]:
    """Work out the metafields; one without a value stays as it is in the shop."""
    values = ((rule, _text(rule.source, row)) for rule in rules)
    return tuple(
        MetafieldValue(rule.on, rule.namespace, rule.key, rule.type, value)
        for rule, value in values
        if value
    )


def _status(source: Expression, row: Row) -> str:
    status = _text(source, row)
    if status not in _STATUSES:
        raise source.bad(f"{status!r} is none of {', '.join(_STATUSES)}", row)
    return status


def _text(source: Expression, row: Row) -> str:
    value = source(row)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return plain(value)
    return "" if value is None else str(value).strip()


def left_out(when: When, row: Row) -> LeftOut | None:
    """Tell whether a condition of the rules leaves a row out."""
    if when.condition is None:
        return None
    return None if when.condition(row) is True else LeftOut(when.otherwise)


def _item_value(name: str, field: Field, row: Row) -> str | Decimal | tuple[str, ...] | None:
    value = field.source(row)
    if value is None:
        return None
    if name == "weight_kg":
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise field.source.bad(f"{value!r} is not a weight in kilograms", row)
        return Decimal(value) if value > 0 else None
    text = plain(value) if isinstance(value, Decimal) else str(value).strip()
    if name == "tags":
        return tuple(tag.strip() for tag in text.split(",") if tag.strip())
    return text[:_MOST_TITLE]


def amount_of(source: Expression, row: Row, currency: str) -> Decimal | None:
    """Work out a price, rounded half up to the currency's minor unit; None when there is none."""
    value = source(row)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise source.bad(f"{value!r} is not a price", row)
    amount = Decimal(value)
    if amount < 0:
        raise source.bad(f"{plain(amount)} is negative", row)
    step = Decimal(1).scaleb(-exponent(currency))
    return amount.quantize(step, rounding=ROUND_HALF_UP)
