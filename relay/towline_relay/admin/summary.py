"""What may be shown of an event's body: named fields that never hold personal data, nothing else.

An allow-list: a field that is added to an event tomorrow stays hidden until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["body_summary"]

_SHOWN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "item": (("sku", "SKU"), ("gone", "Gone from the ERP")),
    "price": (("sku", "SKU"), ("price_list", "Price list"), ("gone", "Gone from the ERP")),
    "stock": (("sku", "SKU"), ("warehouse", "Warehouse"), ("gone", "Gone from the ERP")),
    "order": (
        ("order", "Order"),
        ("updated_at", "Changed in the shop"),
        ("order_gid", "Order"),
        ("name", "Order name"),
        ("placed_at", "Placed at"),
        ("currency", "Currency"),
        ("lines_total", "Lines total"),
        ("shipping_total", "Shipping total"),
        ("tax_total", "Tax total"),
        ("total", "Total"),
    ),
    "order_result": (
        ("order_gid", "Order"),
        ("outcome", "Outcome"),
        ("erp_order", "ERP order"),
        ("reason", "The ERP's reason"),
    ),
    "authorization": (("order", "Order"), ("level", "Days of warning")),
    "fulfillment_order": (("fulfillment_order", "Fulfillment order"),),
    "shipment": (
        ("shipment", "Shipment"),
        ("order_gid", "Order"),
        ("warehouse", "Warehouse"),
        ("carrier", "Carrier"),
    ),
    "delivered": (("outcome", "Outcome"), ("reason", "Reason")),
    "unreadable": (
        ("source", "Source"),
        ("keys", "Key"),
        ("field", "Field"),
        ("raw_hex", "Bytes (hex)"),
        ("reason", "Reason"),
    ),
    "customer": (),
}

# Entities whose mapped row describes goods, not people.
_ROWS = frozenset({"item", "price", "stock"})


def body_summary(entity: str, body: Mapping[str, object]) -> list[dict[str, str]]:
    """Return label and value pairs of what may be shown, in a fixed order."""
    lines = [
        {"label": label, "value": _text(body[name])}
        for name, label in _SHOWN.get(entity, ())
        if _text(body.get(name))
    ]
    if entity in ("order", "shipment") and isinstance(positions := body.get("lines"), list | tuple):
        lines.append({"label": "Positions", "value": str(len(positions))})
    row = body.get("row")
    if entity in _ROWS and isinstance(row, Mapping):
        lines += [{"label": str(name), "value": _text(value)} for name, value in row.items()]
    return lines


def _text(value: object) -> str:
    if value is None or value == "" or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, Mapping):
        # The codec writes a Decimal as {"d": text}; any other object is not for showing.
        return str(value["d"]) if set(value) == {"d"} else ""
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return str(value)
