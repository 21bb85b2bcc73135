"""Orders and changes of them the checks write: made up, cent-exact, no real person in them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from towline_shared.events import (
    Address,
    BusinessCustomer,
    ChangeLine,
    Charge,
    CompanyContact,
    CompanyPlace,
    Customer,
    Order,
    OrderChange,
    OrderLine,
    Payment,
    Restock,
    ShippingLine,
    TaxLine,
)

__all__ = [
    "CHANGES",
    "long_order",
    "sample_change",
    "sample_company",
    "sample_customer",
    "sample_order",
]

_TAX = TaxLine("MwSt", Decimal("0.19"), Decimal("1.60"))
_BUYER = Address(name="Käthe Grün", address1="Hafenstraße 1", city="Hamburg", country="DE")
_ORDER = Order(
    order_gid="gid://shopify/Order/450789469",
    name="#1001",
    placed_at="2026-11-23T09:00:00+01:00",
    currency="EUR",
    taxes_included=True,
    lines=(
        OrderLine(
            line_gid="gid://shopify/LineItem/669751112", number=1, sku="10-4711",
            title="Sechskantschraube M8", quantity=2, unit_price=Decimal("5.00"),
            discount=Decimal("0.00"), total=Decimal("10.00"), taxes=(_TAX,),
        ),
    ),
    shipping=(
        ShippingLine("DHL", "Standard", Decimal("4.90"), Decimal("0.00"), Decimal("4.90")),
    ),
    payments=(Payment("bogus", "SALE", "SUCCESS", Decimal("14.90")),),
    lines_total=Decimal("10.00"),
    shipping_total=Decimal("4.90"),
    tax_total=Decimal("1.60"),
    adjustment=Decimal("0.00"),
    total=Decimal("14.90"),
    customer_name="Käthe Grün",
    email="kaethe@example.com",
    ship_to=_BUYER,
)  # fmt: skip


_LINE = "gid://shopify/LineItem/669751112"
_PLACE = "gid://shopify/Location/48752903"
_OFF = ChangeLine(
    line_gid=_LINE, sku="10-4711", title="Sechskantschraube M8", quantity=-1,
    amount=Decimal("-5.00"), tax=Decimal("-0.80"),
)  # fmt: skip
_BACK = Payment("bogus", "REFUND", "SUCCESS", Decimal("5.00"))
_NOTHING = Decimal("0.00")

#: Kinds of change the checks write, each in the shape the shop gives it.
CHANGES = ("edit", "refund", "return", "cancel", "hold")
_PARTS: dict[str, dict[str, object]] = {
    "edit": {"lines": (_OFF,)},
    "refund": {
        "lines": (_OFF,), "payments": (_BACK,), "refunded": Decimal("5.00"),
        "restocks": (Restock(_LINE, "10-4711", 1, "RETURN", _PLACE),),
    },
    "return": {
        "restocks": (Restock(_LINE, "10-4711", 1, "EXPECTED"),), "status": "OPEN",
        "total": Decimal("14.90"), "tax_total": Decimal("1.60"),
    },
    "cancel": {
        "lines": (
            replace(_OFF, quantity=-2, amount=Decimal("-10.00"), tax=Decimal("-1.60")),
        ),
        "charges": (Charge("SHIPPING", "Standard", Decimal("-4.90")),),
        "restocks": (Restock(_LINE, "10-4711", 2, "CANCEL", _PLACE),),
        "payments": (replace(_BACK, amount=Decimal("14.90")),),
        "total": _NOTHING, "tax_total": _NOTHING, "refunded": Decimal("14.90"),
    },
    "hold": {
        "restocks": (Restock(_LINE, "10-4711", 2, "HELD", _PLACE),), "status": "ON_HOLD",
        "reason": "high risk of fraud", "total": Decimal("14.90"), "tax_total": Decimal("1.60"),
    },
}  # fmt: skip


def sample_change(kind: str) -> OrderChange:
    """Return a change of the first sample order, of one of the :data:`CHANGES`."""
    order = sample_order(1)
    change = OrderChange(
        order_gid=order.order_gid,
        name=order.name,
        change_gid=f"gid://shopify/SalesAgreement/{CHANGES.index(kind) + 1}",
        kind=kind,
        happened_at="2026-11-24T09:00:00Z",
        currency=order.currency,
        taxes_included=order.taxes_included,
        lines=(),
        total=Decimal("9.90"),
        tax_total=Decimal("0.80"),
        refunded=_NOTHING,
    )
    return replace(change, **_PARTS[kind])  # type: ignore[arg-type]


def sample_order(number: int) -> Order:
    """Return an order of one line, named ``#number``; another number is another order."""
    return replace(_ORDER, order_gid=f"gid://shopify/Order/{number}", name=f"#{number}")


def long_order(number: int, lines: int) -> Order:
    """Return an order of many lines of one cent each, without shipping and tax."""
    cent, none = Decimal("0.01"), Decimal("0.00")
    return replace(
        sample_order(number),
        lines=tuple(
            OrderLine(
                line_gid=f"gid://shopify/LineItem/{number}{place:05d}", number=place,
                sku=f"KIT-{place}", title=f"Teil {place}", quantity=1, unit_price=cent,
                discount=none, total=cent,
            )
            for place in range(1, lines + 1)
        ),
        shipping=(),
        payments=(Payment("bogus", "SALE", "SUCCESS", cent * lines),),
        lines_total=cent * lines,
        shipping_total=none,
        tax_total=none,
        total=cent * lines,
    )  # fmt: skip


def sample_customer() -> Customer:
    """Return a customer of the shop whom the ERP does not know."""
    return Customer(
        customer_gid="gid://shopify/Customer/1073339460",
        name="Käthe Grün",
        first_name="Käthe",
        last_name="Grün",
        email="kaethe@example.com",
        phone="+49401234567",
        address=_BUYER,
        note="Ruft vorher an.",
    )


def sample_company() -> BusinessCustomer:
    """Return a company of the shop with two places, of which the ERP knows one, and a buyer."""
    other = replace(_BUYER, name="", address1="Kai 7", city="Bremen")
    return BusinessCustomer(
        number="4711",
        company_gid="gid://shopify/Company/426793626",
        name="Grün & Söhne GmbH",
        note="Lieferung nur vormittags.",
        places=(
            CompanyPlace(
                "gid://shopify/CompanyLocation/441870438", "4711-1", "Hamburg", "+49401234567",
                tax_id="DE123456789", terms="Net 30", ship_to=_BUYER, bill_to=other,
            ),
            CompanyPlace(
                "gid://shopify/CompanyLocation/441870439", name="Bremen", tax_exempt=True,
                ship_to=other,
            ),
        ),
        contacts=(
            CompanyContact(
                "gid://shopify/CompanyContact/207119551", "gid://shopify/Customer/1073339460",
                number="100010", main=True, title="Einkauf", first_name="Käthe",
                last_name="Grün", email="kaethe@example.com",
            ),
        ),
    )  # fmt: skip
