"""One tenant's rules from ``towline.toml``: what is sold, how it is mapped, who owns what.

Everything is read and compiled when the relay starts, so that a mistake is one sentence with file,
line and field before the first event, and never a surprise in the night.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towline_relay.sync.rules.bulk import BulkRules, read_bulk
from towline_relay.sync.rules.companies import CompanyRules, read_companies
from towline_relay.sync.rules.customers import CustomerRules, read_customers
from towline_relay.sync.rules.expressions import Expression, Lookups, Place, compile_expression
from towline_relay.sync.rules.item import ItemShape, read_item_shape
from towline_relay.sync.rules.orders import OrderRules, read_orders
from towline_relay.sync.rules.price import ListRules, read_lists
from towline_relay.sync.rules.shipments import ShipmentRules, read_shipments
from towline_relay.sync.rules.stock import StockShape, read_shape
from towline_shared.config import Section, load_toml
from towline_shared.errors import Misconfigured

__all__ = [
    "ITEM_FIELDS",
    "Field",
    "ItemRules",
    "OrderRules",
    "PriceRules",
    "Rules",
    "StockRules",
    "When",
    "load_rules",
]

ITEM_FIELDS = ("title", "vendor", "product_type", "barcode", "weight_kg", "tags")
PRICE_FIELDS = ("price", "compare_at")
_OWNERS = ("ibmi", "shopify")


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of the shop is filled.

    Attributes:
        owner: the system of record, ``ibmi`` or ``shopify``.
        create_only: written when the product is made, then left to the shop.
    """

    name: str
    source: Expression
    owner: str
    create_only: bool


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a row, and the sentence for the rows it leaves out."""

    condition: Expression | None
    otherwise: str


@dataclass(frozen=True, slots=True)
class ItemRules:
    """How an item becomes a draft product, and which of its fields are kept in step."""

    when: When
    fields: Mapping[str, Field]
    shape: ItemShape = ItemShape()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True, slots=True)
class PriceRules:
    """How a row of the price file becomes a price.

    Attributes:
        price_list: the ERP's list that is the base price; other lists are left out.
        currency: None when every price is in the shop's currency.
        lists: the ERP's other lists that are price lists of the shop, by name.
    """

    when: When
    fields: Mapping[str, Field]
    price_list: str
    currency: Expression | None
    lists: Mapping[str, ListRules]


@dataclass(frozen=True, slots=True)
class StockRules:
    """How a balance becomes a quantity at a location.

    Attributes:
        name: ``available`` (the ERP reports free stock) or ``on_hand`` (physical stock).
        locations: warehouse -> name or gid of a location; no two of one location.
        shape: sums of several warehouses, safety stock, limits.
    """

    when: When
    name: str
    quantity: Expression
    locations: Mapping[str, str]
    shape: StockShape = StockShape()  # noqa: RUF009 - it is frozen

    def location_of(self, warehouse: str) -> str:
        """Return the location a warehouse feeds, alone or with others; empty when none."""
        formula = self.shape.formula_of(warehouse)
        return formula.location if formula else self.locations.get(warehouse, "")


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one tenant; an entity without rules is not kept in step.

    Attributes:
        fingerprint: SHA-256 of the file, so that people can tell two versions apart.
    """

    file: str
    fingerprint: str
    item: ItemRules | None
    price: PriceRules | None
    stock: StockRules | None
    customer: CustomerRules | None
    company: CompanyRules | None
    orders: OrderRules
    shipments: ShipmentRules
    lookups: Lookups
    bulk: BulkRules


def load_rules(path: Path) -> Rules:
    """Read and compile a rules file.

    Raises:
        Misconfigured: one sentence with file, line where it can be told, field and value.
    """
    root = load_toml(path)
    root.only("version", "entities", "orders", "lookup", "bulk", "shipments")
    if root.number("version") != 1:
        raise root.wrong("version", root.data["version"], "must be 1")
    text = path.read_text(encoding="utf-8")
    reader = _Reader(text, _lookups(root))
    entities = root.section("entities")
    entities.only("item", "price", "stock", "customer", "company")
    orders = read_orders(root.section("orders"))
    return Rules(
        file=path.name,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        item=reader.item(entities.section("item")) if "item" in entities.data else None,
        price=reader.price(entities.section("price")) if "price" in entities.data else None,
        stock=reader.stock(entities.section("stock")) if "stock" in entities.data else None,
        customer=reader.customer(entities.section("customer"))
        if "customer" in entities.data
        else None,
        company=reader.company(entities.section("company")) if "company" in entities.data else None,
        orders=orders,
        shipments=read_shipments(root.section("shipments"), notify=orders.notify),
        lookups=reader.lookups,
        bulk=read_bulk(root.section("bulk")),
    )


@dataclass(frozen=True)
class _Reader:
    """Compiles the expressions of one file."""

    text: str
    lookups: Lookups

    def item(self, section: Section) -> ItemRules:
        section.only(
            "when", "otherwise", "fields", "group", "options", "metafields", "status", "publish",
            "gone",
        )  # fmt: skip
        fields = self._fields(section, ITEM_FIELDS)
        if "title" not in fields:
            raise Misconfigured(
                f"{section.file}: {section.name}.fields.title is missing.",
                hint="A product can't be made without a title.",
            )
        kept = frozenset(name for name, field in fields.items() if not field.create_only)
        shape = read_item_shape(section, self._expression, kept=kept)
        return ItemRules(self._when(section), fields, shape)

    def price(self, section: Section) -> PriceRules:
        section.only("when", "otherwise", "fields", "list", "currency", "lists")
        fields = self._fields(section, PRICE_FIELDS)
        if "price" not in fields:
            raise Misconfigured(f"{section.file}: {section.name}.fields.price is missing.")
        for field in fields.values():
            if field.create_only:
                raise section.wrong("fields", field.name, "can't be create_only; leave it out")
        currency = self._expression(section, "currency") if "currency" in section.data else None
        base = section.text("list", "")
        lists = read_lists(section, self._expression, base=base)
        return PriceRules(self._when(section), fields, base, currency, lists)

    def stock(self, section: Section) -> StockRules:
        section.only(
            "when", "otherwise", "name", "quantity", "locations", "formulas", "safety", "least",
            "most", "in_flight",
        )  # fmt: skip
        places = section.section("locations", required="formulas" not in section.data)
        locations = {warehouse: places.text(warehouse) for warehouse in places.data}
        for place in set(locations.values()):
            both = sorted(name for name, found in locations.items() if found == place)
            if len(both) > 1:
                raise places.wrong(
                    both[1], place, f"is the location of warehouse {both[0]} already"
                )
        name = section.text("name", "on_hand", among=("on_hand", "available"))
        shape = read_shape(section, self._expression, name=name, locations=locations)
        return StockRules(
            when=self._when(section),
            name=name,
            quantity=self._expression(section, "quantity"),
            locations=locations,
            shape=shape,
        )

    def customer(self, section: Section) -> CustomerRules:
        return read_customers(section, fields=self._fields, when=self._when)

    def company(self, section: Section) -> CompanyRules:
        return read_companies(
            section, fields=self._fields, when=self._when, expression=self._expression
        )

    def _fields(self, section: Section, known: tuple[str, ...]) -> dict[str, Field]:
        section.section("fields", required=True).only(*known)
        fields = {}
        for name, part in section.sections("fields").items():
            part.only("from", "owner", "create_only")
            owner = part.text("owner", "ibmi", among=_OWNERS)
            create_only = part.flag("create_only", False)
            if owner == "shopify" and not create_only:
                raise part.wrong(
                    "owner", owner, "means it is never written; add create_only or leave it out"
                )
            fields[name] = Field(name, self._expression(part, "from"), owner, create_only)
        return fields

    def _when(self, section: Section) -> When:
        if "when" not in section.data:
            return When(None, "")
        return When(self._expression(section, "when"), section.text("otherwise"))

    def _expression(self, section: Section, field: str) -> Expression:
        text = section.text(field)
        # The sentence reaches the events page: the file's name is enough there, and safe.
        file = Path(section.file).name
        place = Place(file, f"{section.name}.{field}", self._line(section.name, field))
        return compile_expression(text, place=place, lookups=self.lookups)

    def _line(self, table: str, field: str) -> int | None:
        """Find the line of a field; None when it is written in a way this does not look for."""
        current = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\[?([^\]]+)\]", line)
            if header:
                current = header.group(1).replace('"', "").replace(" ", "")
                continue
            name = re.match(r'\s*([A-Za-z0-9_."-]+)\s*=', line)
            if name:
                dotted = f"{current}.{name.group(1)}".strip(".").replace('"', "")
                if dotted in (f"{table}.{field}", table):
                    return number
        return None


def _lookups(root: Section) -> Lookups:
    tables = {}
    for name, section in root.sections("lookup").items():
        section.only("file")
        tables[name] = _table(section.path("file"))
    return tables


def _table(path: Path) -> dict[str, str]:
    """Read a CSV file of two columns, key and value, after one line of headings."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"The lookup table {path} can't be read: {error}.") from None
    table: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != 2:
            raise Misconfigured(f"{path} line {number}: {len(row)} columns, not two.")
        key, value = row[0].strip(), row[1].strip()
        if key in table:
            raise Misconfigured(f"{path} line {number}: {key!r} stands there twice.")
        table[key] = value
    return table
