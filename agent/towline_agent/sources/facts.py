"""From row images to facts: what a changed row says, entity by entity. Pure.

The columns an entity needs are fixed (aliases in the customer's SELECT); all others travel in
``row`` as they were read. A cell that can't be read makes the whole change an ``Unreadable``: half
a price is worse than a parked one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from towline_agent.ibmi.port import EntityQuery, TableRow, Unread
from towline_shared.errors import BadRecord
from towline_shared.events import (
    Body,
    BusinessCustomer,
    ChangeResult,
    Customer,
    Item,
    OrderResult,
    PartyResult,
    Price,
    Row,
    Scalar,
    Shipment,
    ShipmentLine,
    Stock,
)
from towline_shared.money import plain

__all__ = ["GONE", "Grouped", "bodies", "event_key", "group_rows", "key_of", "readable"]

_OUTCOMES = {
    "A": "accepted", "R": "refused", "X": "cancelled", "L": "locked", "H": "held",
}  # fmt: skip
Grouped = Mapping[tuple[str, ...], Sequence[TableRow]]


def text_of(cell: Scalar) -> str:
    """Write a cell as key text: right-trimmed, numbers without needless zeros."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        whole = cell.to_integral_value()
        return plain(whole if whole == cell else cell)
    return str(cell).rstrip(" ")


def key_of(row: TableRow, key: Sequence[str]) -> tuple[str, ...] | None:
    """Return a row's key as texts; None when a key cell is missing or unreadable."""
    cells = [row.cells.get(column, Unread("", "")) for column in key]
    if any(isinstance(cell, Unread) for cell in cells):
        return None
    return tuple(text_of(cell) for cell in cells if not isinstance(cell, Unread))


def group_rows(
    query: EntityQuery, keys: Sequence[tuple[str, ...]], rows: Sequence[TableRow]
) -> dict[tuple[str, ...], list[TableRow]]:
    """Sort rows to the keys that were asked for; a key without a row gets an empty list.

    Triggers write keys as text, so a number may come with leading zeros: number columns compare
    by value, text columns right-trimmed.
    """
    numeric = {
        place
        for place, column in enumerate(query.key)
        for row in rows
        if isinstance(row.cells.get(column), int | Decimal)
    }
    asked = {_canonical(key, numeric): key for key in keys}
    groups: dict[tuple[str, ...], list[TableRow]] = {key: [] for key in keys}
    for row in rows:
        found = key_of(row, query.key)
        wanted = asked.get(_canonical(found, numeric)) if found is not None else None
        if wanted is not None:
            groups[wanted].append(row)
    return groups


def _canonical(key: tuple[str, ...], numeric: set[int]) -> tuple[str, ...]:
    return tuple(
        part.lstrip("0") or "0" if place in numeric and part.isdigit() else part
        for place, part in enumerate(key)
    )


def readable(row: TableRow, *, where: str) -> Row:
    """Return the row's cells, text right-trimmed.

    Raises:
        BadRecord: a cell could not be read; names it.
    """
    cells: dict[str, Scalar] = {}
    for column, cell in row.cells.items():
        if isinstance(cell, Unread):
            raise BadRecord(
                f"{where}: {column} can't be read: {cell.reason}",
                field=column,
                raw_hex=cell.raw_hex,
                hint="Correct the record on the IBM i; its next change is read again.",
            )
        cells[column] = cell.rstrip(" ") if isinstance(cell, str) else cell
    return MappingProxyType(cells)


def bodies(query: EntityQuery, key: tuple[str, ...], rows: Sequence[TableRow]) -> Iterator[Body]:
    """Yield what is now so for one key; nothing when there is nothing to say yet.

    Raises:
        BadRecord: the row can't be read, lacks a column, or the SELECT multiplies rows.
    """
    where = f"{query.entity} {'/'.join(key)}"
    if not rows:
        yield from GONE[query.entity](key)
        return
    cells = [readable(row, where=where) for row in rows]
    if query.entity == "shipment":
        yield _shipment(cells, where)
    elif query.entity == "price":
        yield from _prices(cells, where)
    elif query.entity == "company":
        yield BusinessCustomer(number=_need(cells[0], "COMPANY", where), rows=tuple(cells))
    elif len(cells) > 1:
        raise BadRecord(
            f"{where}: the SELECT returns {len(cells)} rows for one key.",
            field="",
            hint="Correct the SELECT: a join that multiplies rows can't tell which one counts.",
        )
    else:
        yield from _SINGLE[query.entity](cells[0], where)


def event_key(body: Body, key: tuple[str, ...]) -> str:
    """Return what order is kept by: the SKU, or the gid of the order."""
    if isinstance(body, Item | Price | Stock):
        return body.sku
    if isinstance(body, OrderResult | ChangeResult | Shipment):
        return body.order_gid or key[0]
    if isinstance(body, PartyResult):
        return body.gid or key[0]
    return key[0] if key else ""


def _need(row: Row, column: str, where: str) -> str:
    if column not in row:
        raise BadRecord(
            f"{where}: the SELECT has no column {column}.",
            field=column,
            hint=f"Give it the alias: SELECT ... AS {column}.",
        )
    text = text_of(row[column])
    if not text:
        raise BadRecord(f"{where}: {column} is blank.", field=column)
    return text


def _optional(row: Row, column: str) -> str:
    return text_of(row.get(column)).strip()


def _item(row: Row, where: str) -> Iterator[Body]:
    yield Item(sku=_need(row, "SKU", where), row=row)


def _stock(row: Row, where: str) -> Iterator[Body]:
    warehouse = _need(row, "WAREHOUSE", where)
    yield Stock(sku=_need(row, "SKU", where), warehouse=warehouse, row=row)


def _customer(row: Row, where: str) -> Iterator[Body]:
    number = _need(row, "CUSTOMER", where)
    yield Customer(number=number, row=row)


def _prices(rows: Sequence[Row], where: str) -> Iterator[Body]:
    lists: set[str] = set()
    for row in rows:
        price_list = _optional(row, "PRICE_LIST")
        if price_list in lists:
            raise BadRecord(
                f"{where}: the SELECT returns two prices for the list {price_list or '(none)'}.",
                field="PRICE_LIST",
                hint="Narrow the SELECT to one price for each item and list.",
            )
        lists.add(price_list)
        yield Price(sku=_need(row, "SKU", where), price_list=price_list, row=row)


def _order_result(row: Row, where: str) -> Iterator[Body]:
    order_gid = _need(row, "ORDER_GID", where)
    outcome = _OUTCOMES.get(_optional(row, "OUTCOME"))
    if outcome is None:
        return  # the ERP has not decided yet
    yield OrderResult(
        order_gid=order_gid,
        outcome=outcome,
        erp_order=_optional(row, "ERP_ORDER"),
        reason=_optional(row, "REASON"),
        row=row,
    )


def _change_result(row: Row, where: str) -> Iterator[Body]:
    order_gid = _need(row, "ORDER_GID", where)
    outcome = _OUTCOMES.get(_optional(row, "OUTCOME"))
    if outcome not in ("accepted", "refused"):
        return  # the ERP has not decided yet
    yield ChangeResult(
        order_gid=order_gid,
        change_id=_need(row, "CHANGE_ID", where),
        outcome=outcome,
        reason=_optional(row, "REASON"),
        row=row,
    )


def _party_result(row: Row, where: str) -> Iterator[Body]:
    """Read what the ERP decided about a customer or company of the shop."""
    outcome = _OUTCOMES.get(_optional(row, "OUTCOME"))
    if outcome not in ("accepted", "refused"):
        return  # the ERP has not decided yet
    yield PartyResult(
        document_id=_need(row, "DOCUMENT_ID", where),
        outcome=outcome,
        gid=_optional(row, "GID"),
        number=_optional(row, "ERP_NUMBER"),
        reason=_optional(row, "REASON"),
    )


def _shipment(rows: Sequence[Row], where: str) -> Shipment:
    """Read a shipment: a row a line, and rows without LINE_GID for parcels beyond the first."""
    first = rows[0]
    lines = [row for row in rows if _optional(row, "LINE_GID") or "QUANTITY" not in row]
    if not lines:
        _need(first, "LINE_GID", where)
    parcels = _parcels(rows, where)
    return Shipment(
        shipment=_need(first, "SHIPMENT", where),
        order_gid=_need(first, "ORDER_GID", where),
        warehouse=_optional(first, "WAREHOUSE"),
        lines=tuple(
            ShipmentLine(_need(row, "LINE_GID", where), _quantity(row, where)) for row in lines
        ),
        carrier=_optional(first, "CARRIER"),
        tracking=tuple(parcels),
        shipped_at=_optional(first, "SHIPPED_AT"),
        urls=tuple(parcels.values()) if any(parcels.values()) else (),
        status=_optional(first, "STATUS"),
    )


def _parcels(rows: Sequence[Row], where: str) -> dict[str, str]:
    """Return the page of each tracking number; a cell may hold several, parted by commas."""
    parcels: dict[str, str] = {}
    for row in rows:
        numbers = [part.strip() for part in re.split("[,;]", _optional(row, "TRACKING"))]
        page = _optional(row, "TRACKING_URL")
        for number in filter(None, numbers):
            if page and len(numbers) > 1:
                raise BadRecord(
                    f"{where}: one TRACKING_URL stands beside {len(numbers)} tracking numbers.",
                    field="TRACKING_URL",
                    hint="Give each parcel a row of its own, or leave the page to the rules.",
                )
            parcels[number] = page or parcels.get(number, "")
    return parcels


def _quantity(row: Row, where: str) -> int:
    value = row.get("QUANTITY")
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRecord(f"{where}: QUANTITY is not a whole number.", field="QUANTITY")
    return value


def _gone_stock(key: tuple[str, ...]) -> Iterator[Body]:
    yield Stock(sku=key[0], warehouse=key[1], gone=True)


def _gone_shipment(key: tuple[str, ...]) -> Iterator[Body]:
    yield Shipment(shipment=key[0], order_gid="", warehouse="", lines=(), gone=True)


def _gone_item(key: tuple[str, ...]) -> Iterator[Body]:
    yield Item(sku=key[0], gone=True)


def _gone_price(key: tuple[str, ...]) -> Iterator[Body]:
    yield Price(sku=key[0], gone=True)


def _gone_customer(key: tuple[str, ...]) -> Iterator[Body]:
    yield Customer(number=key[0], gone=True)


def _gone_company(key: tuple[str, ...]) -> Iterator[Body]:
    yield BusinessCustomer(number=key[0], gone=True)


def _nothing(key: tuple[str, ...]) -> Iterator[Body]:
    yield from ()  # an order's staging row that was cleaned away decides nothing


_SINGLE: Mapping[str, Callable[[Row, str], Iterator[Body]]] = {
    "item": _item,
    "stock": _stock,
    "order_result": _order_result,
    "change_result": _change_result,
    "customer": _customer,
    "customer_result": _party_result,
    "company_result": _party_result,
}
GONE: Mapping[str, Callable[[tuple[str, ...]], Iterator[Body]]] = {
    "item": _gone_item,
    "price": _gone_price,
    "stock": _gone_stock,
    "order_result": _nothing,
    "change_result": _nothing,
    "customer_result": _nothing,
    "company_result": _nothing,
    "shipment": _gone_shipment,
    "customer": _gone_customer,
    "company": _gone_company,
}
