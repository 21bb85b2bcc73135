"""GraphQL nodes of orders and their parts, made of rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from towline_sandbox.shopify.checkout import unit_after_discounts
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.order_body import TAX_TITLE
from towline_sandbox.shopify.orders import document
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import Node
from towline_sandbox.shopify.wire import decimal_text, money_bag

__all__ = ["address", "allocations", "application", "line", "order", "shipping_line"]
__all__ += ["shown_in", "tax_lines", "transaction"]

Bag = Callable[[Decimal | str], Node]

_RECOMMENDED = {
    "LOW": "ACCEPT", "MEDIUM": "INVESTIGATE", "HIGH": "CANCEL", "PENDING": "NONE", "NONE": "NONE",
}  # fmt: skip


def order(row: sqlite3.Row) -> Node:
    """Make an Order; what needs other tables is resolved field by field."""
    extra = document(row)
    money = shown_in(row)
    return {
        **_identity(row, extra),
        **_status(row, extra),
        **_amounts(row, extra, money),
        "_extra": extra,
        "_n": row["id"],
        "_customer": row["customer_id"],
        "_currency": row["currency"],
        "_money": money,
        "shippingAddress": address(extra["shipping_address"], row["id"]),
        "billingAddress": address(extra["billing_address"], row["id"] + 1),
        "taxLines": tax_lines(row["total_tax"], row["currency"], extra["tax_rate"]),
        "risk": {
            "recommendation": _RECOMMENDED[extra["risk"]],
            "assessments": [{"riskLevel": extra["risk"], "provider": None, "facts": []}],
        },
        "localizedFields": {
            "nodes": [
                {"key": key, "purpose": "TAX", "title": key.title(), "value": value}
                for key, value in extra["localized"]
            ]
        },
    }


def shown_in(row: sqlite3.Row) -> Bag:
    """Return what makes a MoneyBag of an order: in the shop's and in the buyer's currency."""

    def bag(amount: Decimal | str) -> Node:
        return money_bag(
            amount, row["currency"], presentment=row["presentment"], rate=Decimal(row["rate"])
        )

    return bag


def _identity(row: sqlite3.Row, extra: dict[str, Any]) -> Node:
    return {
        "__typename": "Order",
        "id": gid("Order", row["id"]),
        "legacyResourceId": str(row["id"]),
        "name": row["name"],
        "number": row["number"],
        "confirmationNumber": f"NW{row['number']:07d}",
        "poNumber": extra["po_number"],
        "sourceName": extra["source"],
        "sourceIdentifier": None,
        "app": {"id": gid("App", 580_111), "name": "Online Store"},
        "publication": None,
        "note": row["note"],
        "customAttributes": extra["attributes"],
        "email": extra["email"],
        "phone": extra["phone"],
        "customerLocale": "de-DE",
        "discountCodes": [given["code"] for given in extra["discounts"] if given["code"]],
        "paymentGatewayNames": [extra["gateway"]],
        "paymentTerms": _terms(row, extra),
    }


def _terms(row: sqlite3.Row, extra: dict[str, Any]) -> Node | None:
    if extra["terms"] is None:
        return None
    placed = datetime.fromisoformat(row["created_at"])
    due = placed + timedelta(days=extra["terms"])
    balance = {"__typename": "MoneyV2", "amount": row["total"], "currencyCode": row["currency"]}
    return {
        "__typename": "PaymentTerms",
        "id": gid("PaymentTerms", row["id"]),
        "paymentTermsName": f"Net {extra['terms']}",
        "paymentTermsType": "NET",
        "dueInDays": extra["terms"],
        "paymentSchedules": {
            "nodes": [
                {
                    "id": gid("PaymentSchedule", row["id"]),
                    "dueAt": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "totalBalance": balance,
                }
            ]
        },
    }


def _status(row: sqlite3.Row, extra: dict[str, Any]) -> Node:
    pending = row["financial_status"] == "PENDING"
    return {
        "createdAt": row["created_at"],
        "processedAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "cancelledAt": row["cancelled_at"],
        "closedAt": None,
        "cancelReason": row["cancel_reason"],
        "cancellation": None,
        "test": bool(row["test"]),
        "edited": bool(row["edited"]),
        "confirmed": True,
        "capturable": row["financial_status"] == "AUTHORIZED",
        "unpaid": pending,
        "taxesIncluded": bool(row["taxes_included"]),
        "taxExempt": False,
        "estimatedTaxes": False,
        "dutiesIncluded": False,
        "returnStatus": extra.get("return_status", "NO_RETURN"),
        "displayFinancialStatus": row["financial_status"],
        "displayFulfillmentStatus": row["fulfillment_status"],
        "currencyCode": row["currency"],
        "presentmentCurrencyCode": row["presentment"],
    }


def _amounts(row: sqlite3.Row, extra: dict[str, Any], bag: Bag) -> Node:
    nothing = bag("0")
    duty = bag(extra["duty"]) if Decimal(extra["duty"]) else None
    return {
        "subtotalPriceSet": bag(row["subtotal"]),
        "totalDiscountsSet": bag(row["total_discounts"]),
        "totalShippingPriceSet": bag(row["total_shipping"]),
        "totalTaxSet": bag(row["total_tax"]),
        "totalPriceSet": bag(row["total"]),
        "currentTotalPriceSet": bag(row["current_total"]),
        "currentTotalTaxSet": bag(row["current_tax"]),
        "originalTotalDutiesSet": duty,
        "currentTotalDutiesSet": duty,
        "totalTipReceivedSet": bag(extra["tip"]),
        "totalOutstandingSet": bag(row["total"] if row["financial_status"] == "PENDING" else "0"),
        "totalRefundedSet": bag(row["refunded"]),
        "totalCashRoundingAdjustment": {"paymentSet": bag(extra["rounding"]), "refundSet": nothing},
        "additionalFees": [
            {"id": gid("AdditionalFee", row["id"] + place), "name": name, "price": bag(amount)}
            for place, (name, amount) in enumerate(extra["fees"])
        ],
    }


def address(given: dict[str, Any] | None, number: int) -> Node | None:
    """Make a MailingAddress of an order's snapshot."""
    if given is None:
        return None
    return {
        "__typename": "MailingAddress",
        "id": gid("MailingAddress", number),
        "firstName": given["first_name"],
        "lastName": given["last_name"],
        "name": f"{given['first_name']} {given['last_name']}",
        "company": given["company"],
        "address1": given["address1"],
        "address2": given["address2"],
        "city": given["city"],
        "zip": given["zip"],
        "province": given["province"],
        "provinceCode": None,
        "country": given["country"],
        "countryCodeV2": given["country_code"],
        "phone": given["phone"],
        "latitude": None,
        "longitude": None,
        "validationResultSummary": "NO_ISSUES",
    }


def tax_lines(tax: str, currency: str, rate: str) -> list[Node]:
    """Make the tax lines of one amount; none when there is no tax."""
    if Decimal(tax) == 0:
        return []
    return [
        {
            "title": TAX_TITLE,
            "rate": float(rate),
            "ratePercentage": float(Decimal(rate) * 100),
            "source": "Shopify",
            "channelLiable": False,
            "priceSet": money_bag(tax, currency),
        }
    ]


def application(given: dict[str, Any], index: int, currency: str) -> Node:
    """Make a DiscountApplication: by code or automatic."""
    value: Node = {"__typename": "PricingPercentageValue", "percentage": 0.0}
    if given["percent"] is not None:
        value["percentage"] = float(given["percent"])
    else:
        amount = decimal_text(Decimal(given["amount"]))
        value = {"__typename": "MoneyV2", "amount": amount, "currencyCode": currency}
    kind = "DiscountCodeApplication" if given["code"] else "AutomaticDiscountApplication"
    return {
        "__typename": kind,
        "index": index,
        "code": given["code"],
        "title": given["title"],
        "allocationMethod": "ACROSS",
        "targetSelection": "ALL",
        "targetType": "SHIPPING_LINE" if given["on_shipping"] else "LINE_ITEM",
        "value": value,
    }


def allocations(
    shares: list[list[Any]], extra: dict[str, Any], currency: str, bag: Bag | None = None
) -> list[Node]:
    """Make the DiscountAllocations of a line."""
    return [
        {
            "allocatedAmountSet": bag(share) if bag else money_bag(share, currency),
            "discountApplication": application(extra["discounts"][index], index, currency),
        }
        for index, share in shares
    ]


def line(row: sqlite3.Row, extra: dict[str, Any], currency: str, bag: Bag | None = None) -> Node:
    """Make a LineItem; without ``bag`` the shop's currency is shown on both sides."""
    own = json.loads(row["extra"])
    bag = bag or (lambda amount: money_bag(amount, currency))
    total = Decimal(row["original_total"]) - Decimal(row["total_discount"])
    variant_title = row["variant_title"]
    return {
        "__typename": "LineItem",
        "_variant": row["variant_id"],
        "_product": row["product_id"],
        "id": gid("LineItem", row["id"]),
        "sku": row["sku"],
        "title": row["title"],
        "name": f"{row['title']} - {variant_title}" if variant_title else row["title"],
        "variantTitle": variant_title,
        "vendor": row["vendor"],
        "quantity": row["quantity"],
        "currentQuantity": row["current"],
        "refundableQuantity": row["current"],
        "unfulfilledQuantity": row["unfulfilled"],
        "nonFulfillableQuantity": 0,
        "requiresShipping": bool(row["requires_shipping"]),
        "isGiftCard": bool(own.get("gift_card")),
        "taxable": bool(row["taxable"]),
        "customAttributes": [
            {"key": key, "value": value} for key, value in own.get("attributes", {}).items()
        ],
        "originalUnitPriceSet": bag(row["unit_price"]),
        "originalTotalSet": money_bag(row["original_total"], currency),
        "discountedUnitPriceAfterAllDiscountsSet": money_bag(
            unit_after_discounts(total, row["quantity"], currency=currency), currency
        ),
        "discountAllocations": allocations(json.loads(row["allocations"]), extra, currency, bag),
        "_tax": (row["tax"], currency, extra["tax_rate"]),
        "duties": _duties(row, own, bag),
        "sellingPlan": {"name": own["selling_plan"]} if own.get("selling_plan") else None,
        "lineItemGroup": _group(own.get("group")),
    }


def _duties(row: sqlite3.Row, own: dict[str, Any], bag: Bag) -> list[Node]:
    if not own.get("duty"):
        return []
    duty = {"id": gid("Duty", row["id"]), "harmonizedSystemCode": "7318.15", "taxLines": []}
    return [{"__typename": "Duty", **duty, "price": bag(own["duty"])}]


def _group(own: dict[str, Any] | None) -> Node | None:
    """Make the bundle a line is part of."""
    if not own:
        return None
    return {
        "__typename": "LineItemGroup",
        "id": gid("LineItemGroup", int(own["number"])),
        "title": own["title"],
        "quantity": own.get("quantity", 1),
        "variantSku": own.get("sku"),
    }


def shipping_line(given: dict[str, Any], extra: dict[str, Any], currency: str) -> Node:
    """Make a ShippingLine."""
    off = sum((Decimal(share) for _, share in given["allocations"]), Decimal(0))
    return {
        "__typename": "ShippingLine",
        "id": gid("ShippingLine", given["id"]),
        "title": given["title"],
        "code": given["code"],
        "source": "shopify",
        "carrierIdentifier": None,
        "isRemoved": False,
        "originalPriceSet": money_bag(given["price"], currency),
        "discountedPriceSet": money_bag(Decimal(given["price"]) - off, currency),
        "discountAllocations": allocations(given["allocations"], extra, currency),
        "taxLines": tax_lines(given["tax"], currency, extra["tax_rate"]),
    }


def transaction(given: dict[str, Any], currency: str) -> Node:
    """Make an OrderTransaction."""
    card = given["gateway"] == "shopify_payments"
    details = {
        "__typename": "CardPaymentDetails",
        "company": "Visa",
        "number": "•••• •••• •••• 4242",
        "paymentMethodName": "visa",
    }
    return {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", given["id"]),
        "kind": given["kind"],
        "status": given["status"],
        "gateway": given["gateway"],
        "test": False,
        "paymentId": f"pay-{given['id']}" if card else None,
        "processedAt": given["processed_at"],
        "authorizationExpiresAt": given.get("expires_at"),
        "amountSet": money_bag(given["amount"], currency),
        "parentTransaction": (
            {"id": gid("OrderTransaction", given["parent"])} if given.get("parent") else None
        ),
        "paymentDetails": details if card else None,
    }


nodes.register("Order", "SELECT * FROM orders WHERE id = ?", order)
