"""GraphQL nodes of orders and their parts, made of rows."""

from __future__ import annotations

import json
import sqlite3
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
__all__ += ["tax_lines", "transaction"]


def order(row: sqlite3.Row) -> Node:
    """Make an Order; what needs other tables is resolved field by field."""
    extra = document(row)
    return {
        **_identity(row, extra),
        **_status(row),
        **_amounts(row),
        "_extra": extra,
        "_n": row["id"],
        "_customer": row["customer_id"],
        "_currency": row["currency"],
        "shippingAddress": address(extra["shipping_address"], row["id"]),
        "billingAddress": address(extra["billing_address"], row["id"] + 1),
        "taxLines": tax_lines(row["total_tax"], row["currency"], extra["tax_rate"]),
        "risk": {
            "recommendation": "ACCEPT",
            "assessments": [{"riskLevel": "LOW", "provider": None, "facts": []}],
        },
    }


def _identity(row: sqlite3.Row, extra: dict[str, Any]) -> Node:
    return {
        "__typename": "Order",
        "id": gid("Order", row["id"]),
        "legacyResourceId": str(row["id"]),
        "name": row["name"],
        "number": row["number"],
        "confirmationNumber": f"NW{row['number']:07d}",
        "poNumber": extra["po_number"],
        "sourceName": "web",
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
        "paymentTerms": None,
    }


def _status(row: sqlite3.Row) -> Node:
    pending = row["financial_status"] == "PENDING"
    return {
        "createdAt": row["created_at"],
        "processedAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "cancelledAt": row["cancelled_at"],
        "closedAt": None,
        "cancelReason": None,
        "cancellation": None,
        "test": bool(row["test"]),
        "edited": False,
        "confirmed": True,
        "capturable": False,
        "unpaid": pending,
        "taxesIncluded": bool(row["taxes_included"]),
        "taxExempt": False,
        "estimatedTaxes": False,
        "dutiesIncluded": False,
        "returnStatus": "NO_RETURN",
        "displayFinancialStatus": row["financial_status"],
        "displayFulfillmentStatus": row["fulfillment_status"],
        "currencyCode": row["currency"],
        "presentmentCurrencyCode": row["currency"],
    }


def _amounts(row: sqlite3.Row) -> Node:
    def bag(amount: str) -> Node:
        return money_bag(amount, row["currency"])

    nothing = bag("0")
    return {
        "subtotalPriceSet": bag(row["subtotal"]),
        "totalDiscountsSet": bag(row["total_discounts"]),
        "totalShippingPriceSet": bag(row["total_shipping"]),
        "totalTaxSet": bag(row["total_tax"]),
        "totalPriceSet": bag(row["total"]),
        "currentTotalPriceSet": bag(row["total"]),
        "currentTotalTaxSet": bag(row["total_tax"]),
        "originalTotalDutiesSet": None,
        "currentTotalDutiesSet": None,
        "totalTipReceivedSet": nothing,
        "totalOutstandingSet": bag(row["total"] if row["financial_status"] == "PENDING" else "0"),
        "totalRefundedSet": nothing,
        "totalCashRoundingAdjustment": {"paymentSet": nothing, "refundSet": nothing},
        "additionalFees": [],
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


def allocations(shares: list[list[Any]], extra: dict[str, Any], currency: str) -> list[Node]:
    """Make the DiscountAllocations of a line."""
    return [
        {
            "allocatedAmountSet": money_bag(share, currency),
            "discountApplication": application(extra["discounts"][index], index, currency),
        }
        for index, share in shares
    ]


def line(row: sqlite3.Row, extra: dict[str, Any], currency: str) -> Node:
    """Make a LineItem."""
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
        "currentQuantity": row["quantity"],
        "refundableQuantity": row["quantity"],
        "unfulfilledQuantity": row["unfulfilled"],
        "nonFulfillableQuantity": 0,
        "requiresShipping": bool(row["requires_shipping"]),
        "isGiftCard": False,
        "taxable": bool(row["taxable"]),
        "customAttributes": [],
        "originalUnitPriceSet": money_bag(row["unit_price"], currency),
        "originalTotalSet": money_bag(row["original_total"], currency),
        "discountedUnitPriceAfterAllDiscountsSet": money_bag(
            unit_after_discounts(total, row["quantity"], currency=currency), currency
        ),
        "discountAllocations": allocations(json.loads(row["allocations"]), extra, currency),
        "_tax": (row["tax"], currency, extra["tax_rate"]),
        "duties": [],
        "sellingPlan": None,
        "lineItemGroup": None,
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
        "authorizationExpiresAt": None,
        "amountSet": money_bag(given["amount"], currency),
        "parentTransaction": None,
        "paymentDetails": details if card else None,
    }


nodes.register("Order", "SELECT * FROM orders WHERE id = ?", order)
