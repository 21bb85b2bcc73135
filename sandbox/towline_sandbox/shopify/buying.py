"""From what a buyer says to an order: find the variants, check the shop window, place it."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.checkout import Cart, CartLine, Discount
from towline_sandbox.shopify.extras import read_extras
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.orders import Buyer, Purchase, place
from towline_shared.money import decimal_from_text

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["NotForSale", "buy", "cart_line", "summary"]

DEFAULT_SHIPPING = "4.90"
_BUYER_FIELDS = (
    "email", "first_name", "last_name", "company", "phone", "address1", "zip", "city", "province",
    "country", "country_code",
)  # fmt: skip


class NotForSale(Exception):
    """The shop window would not sell this; ``hint`` says what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def buy(shop: Shop, given: dict[str, Any]) -> int:
    """Place an order inside the caller's unit of work; return its number.

    Raises:
        NotForSale: unknown SKU, a draft, or too little stock, unless ``force`` is set.
        ValueError: the order itself makes no sense.
    """
    if not given.get("lines"):
        raise ValueError("an order needs lines")
    force = given.get("force") is True
    settings = shop.settings
    cart = Cart(
        lines=tuple(cart_line(shop, wanted, force=force) for wanted in given["lines"]),
        currency=settings.currency,
        tax_rate=settings.tax_rate,
        taxes_included=given.get("taxes_included", settings.taxes_included) is True,
        shipping=decimal_from_text(str(given.get("shipping", DEFAULT_SHIPPING))),
        discounts=tuple(_discounts(given)),
    )
    return place(
        shop,
        Purchase(
            cart=cart,
            buyer=_buyer(given.get("customer")),
            note=given.get("note"),
            attributes={str(k): str(v) for k, v in (given.get("attributes") or {}).items()},
            po_number=given.get("po_number"),
            paid=given.get("paid", True) is True,
            test=given.get("test") is True,
            extras=read_extras(given, duty=_duty(cart)),
        ),
    )


def summary(shop: Shop, number: int) -> dict[str, Any]:
    """Return the facts of an order that its buyer is shown."""
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", number)
    assert row is not None
    return {
        "id": gid("Order", number),
        "name": row["name"],
        "number": row["number"],
        "total": row["total"],
        "total_tax": row["total_tax"],
        "currency": row["currency"],
        "created_at": row["created_at"],
    }


def cart_line(shop: Shop, wanted: dict[str, Any], *, force: bool) -> CartLine:
    """Return what a buyer wants as a line: a variant by SKU, or a custom one by title."""
    quantity = wanted.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise ValueError("quantity must be a whole number, 1 or more")
    if "title" in wanted:
        return CartLine(
            title=str(wanted["title"]),
            unit_price=decimal_from_text(str(wanted["price"])),
            quantity=quantity,
            sku=str(wanted.get("sku", "")),
            requires_shipping=not wanted.get("gift_card"),
            taxable=not wanted.get("gift_card"),
            extra=_extra(wanted),
        )
    row = _variant(shop, wanted)
    if row is None:
        name = wanted.get("sku") or wanted.get("variant_id")
        raise NotForSale(f"The shop has no {name!r}.", "Choose an item of the catalogue.")
    if not force:
        _check_window(shop, row, quantity)
    return CartLine(
        title=row["product_title"],
        unit_price=Decimal(row["price"]),
        quantity=quantity,
        sku=row["sku"] or "",
        variant_id=row["id"],
        product_id=row["product_id"],
        inventory_item_id=row["inventory_item_id"],
        variant_title=None if row["title"] == "Default Title" else row["title"],
        vendor=row["vendor"],
        taxable=bool(row["taxable"]),
        requires_shipping=bool(row["requires_shipping"]),
        grams=row["grams"],
        extra=_extra(wanted),
    )


def _extra(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what a line may have beside goods and price."""
    names = ("gift_card", "attributes", "group", "selling_plan", "duty")
    return {name: wanted[name] for name in names if wanted.get(name)}


def _duty(cart: Cart) -> Decimal:
    return sum((Decimal(str(line.extra.get("duty", "0"))) for line in cart.lines), Decimal(0))


_SELECT = (
    "SELECT v.*, p.title AS product_title, p.vendor AS vendor, p.status AS status,"
    " i.requires_shipping AS requires_shipping, i.grams AS grams, i.tracked AS tracked"
    " FROM variants v JOIN products p ON p.id = v.product_id"
    " JOIN inventory_items i ON i.id = v.inventory_item_id"
)


def _variant(shop: Shop, wanted: dict[str, Any]) -> sqlite3.Row | None:
    if wanted.get("variant_id"):
        number = number_of(str(wanted["variant_id"]), "ProductVariant")
        return shop.db.one(f"{_SELECT} WHERE v.id = ?", number)
    return shop.db.one(
        f"{_SELECT} WHERE v.sku = ? ORDER BY p.status <> 'ACTIVE', v.id", wanted.get("sku")
    )


def _check_window(shop: Shop, row: sqlite3.Row, quantity: int) -> None:
    name = row["sku"] or row["product_title"]
    if row["status"] != "ACTIVE":
        what = f"{name} is {row['status'].lower()} and not in the shop window."
        raise NotForSale(what, "Publish the product first.")
    if not row["tracked"] or row["inventory_policy"] == "CONTINUE":
        return
    available = shop.db.scalar(
        "SELECT coalesce(sum(available), 0) FROM inventory_levels"
        " WHERE inventory_item_id = ? AND active = 1",
        row["inventory_item_id"],
    )
    if available < quantity:
        what = f"Only {max(0, available)} of {name} can be sold, {quantity} are wanted."
        raise NotForSale(what, "Wait for stock, or order less.")


def _discounts(given: dict[str, Any]) -> list[Discount]:
    discounts = []
    wanted = given.get("discount")
    if wanted:
        discounts.append(
            Discount(
                title=str(wanted.get("title") or wanted.get("code") or "Discount"),
                code=wanted.get("code"),
                percent=_number(wanted.get("percent")),
                amount=_number(wanted.get("amount")),
            )
        )
    off = _number(given.get("shipping_discount"))
    if off is not None:
        discounts.append(Discount(title="Free shipping", amount=off, on_shipping=True))
    return discounts


def _number(value: Any) -> Decimal | None:
    return None if value is None else decimal_from_text(str(value))


def _buyer(given: dict[str, Any] | None) -> Buyer | None:
    if given is None:
        return Buyer(email="erika.mustermann@example.com", first_name="Erika",
                     last_name="Mustermann")  # fmt: skip
    unknown = given.keys() - set(_BUYER_FIELDS)
    if unknown or not {"email", "first_name", "last_name"} <= given.keys():
        raise ValueError(
            f"a customer has email, first_name, last_name and may have {_BUYER_FIELDS[3:]}"
        )
    return Buyer(**given)
