"""Lines of bulk operations: variables written, results read. Pure.

One line of variables is one call of the mutation; its result line carries the same number, counted
from 0, wherever it stands in the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from towline_relay.shopify.catalogue import price_line, product_input, variant_ref
from towline_relay.shopify.inventory import quantities_input
from towline_relay.shopify.models import (
    LineOutcome,
    ProductSpec,
    Quantity,
    Remedy,
    VariantPrice,
    VariantRef,
)
from towline_relay.shopify.models_variants import GroupSpec
from towline_relay.shopify.price_lines import ListShape, list_outcomes
from towline_relay.shopify.user_errors import UserError, line_outcomes, read_errors
from towline_relay.shopify.variants import group_input

__all__ = ["Answered", "create_variables", "created", "list_prices_set", "prices_set"]
__all__ += ["prices_variables", "quantities_set", "quantities_variables", "read_line"]
__all__ += ["publish_variables", "seen_now", "status_variables"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a result line says about one line of input.

    Attributes:
        payload: the mutation's payload; None when the line failed as a whole.
        message: Shopify's words when it failed as a whole.
    """

    number: int
    payload: Mapping[str, Any] | None
    message: str = ""

    @property
    def errors(self) -> list[UserError]:
        """Its user errors."""
        return read_errors(self.payload or {})


def read_line(line: bytes) -> Answered | None:
    """Read a result line; None for one that is no answer to a line of input (or is cut off)."""
    try:
        given = json.loads(line, parse_float=Decimal)
        number = given["__lineNumber"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    data, problems = given.get("data"), given.get("errors")
    if isinstance(data, Mapping):
        for payload in data.values():
            if isinstance(payload, Mapping):
                return Answered(number, payload)
    words = [str(p.get("message", "")) for p in problems or () if isinstance(p, Mapping)]
    return Answered(number, None, "; ".join(words)[:300] or "Shopify gave no reason")


def create_variables(spec: ProductSpec | GroupSpec, *, status: str = "DRAFT") -> dict[str, Any]:
    """Write the variables that make a product, with one variant or with several.

    Without an identifier, so that the mutation can only create: a product of the merchant's under
    the same handle gives HANDLE_NOT_UNIQUE instead of losing its variants.
    https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet
    """
    if isinstance(spec, GroupSpec):
        return {"input": group_input(spec, status=status)}
    return {"input": product_input(spec, status=status)}


def created(answered: Answered, skus: Sequence[str]) -> list[VariantRef | LineOutcome]:
    """Read what became of each variant of a product that was to be made.

    One bad variant leaves the shop without the product; the innocent ones get ``SPLIT``.

    Args:
        skus: of its variants, in the order in which they were sent.
    """
    failed = _whole(answered)
    if failed is not None:
        return [replace(failed, index=n) for n in range(len(skus))]
    outcomes = line_outcomes(
        "productSet",
        answered.errors,
        count=len(skus),
        list_field="variants",
        atomic=len(skus) > 1,
    )
    product = (answered.payload or {}).get("product")
    if not product:
        return [one if not one.ok else _unconfirmed(one.index) for one in outcomes]
    about = {"id": product["id"], "status": product["status"]}
    made = {
        edge["node"]["sku"]: variant_ref({**edge["node"], "product": about})
        for edge in product["variants"]["edges"]
    }
    return [
        one if not one.ok else made.get(sku) or _unconfirmed(one.index)
        for one, sku in zip(outcomes, skus, strict=True)
    ]


def prices_variables(product_gid: str, prices: Sequence[VariantPrice]) -> dict[str, Any]:
    """Write the variables that set prices of one product's variants."""
    return {"productId": product_gid, "variants": [price_line(price) for price in prices]}


def prices_set(answered: Answered, gids: Sequence[str]) -> list[LineOutcome]:
    """Read what became of each variant's price."""
    failed = _whole(answered)
    if failed is not None:
        return [replace(failed, index=n) for n in range(len(gids))]
    outcomes = line_outcomes(
        "productVariantsBulkUpdate",
        answered.errors,
        count=len(gids),
        list_field="variants",
        atomic=False,
    )
    written = {node["id"] for node in (answered.payload or {}).get("productVariants") or ()}
    return [
        outcome if not outcome.ok or gids[outcome.index] in written else _unconfirmed(outcome.index)
        for outcome in outcomes
    ]


def quantities_variables(
    name: str, quantities: Sequence[Quantity], *, reference: str, key: str
) -> dict[str, Any]:
    """Write the variables of one call of at most 250 quantities, with its idempotency key.

    https://shopify.dev/docs/api/usage/implementing-idempotency
    """
    return {"input": quantities_input(name, quantities, reference), "idempotencyKey": key}


def quantities_set(answered: Answered, count: int) -> list[LineOutcome]:
    """Read what became of each quantity; one bad one fails all of its line."""
    failed = _whole(answered)
    if failed is not None:
        return [replace(failed, index=n) for n in range(count)]
    return line_outcomes(
        "inventorySetQuantities",
        answered.errors,
        count=count,
        list_field="quantities",
        atomic=True,
    )


def list_prices_set(
    answered: Answered, shapes: Sequence[ListShape], *, tiered: bool
) -> list[LineOutcome]:
    """Read what became of each price of a list; one bad one fails all of its line."""
    failed = _whole(answered)
    if failed is not None:
        return [replace(failed, index=n) for n in range(len(shapes))]
    return list_outcomes(answered.errors, shapes, tiered=tiered)


def status_variables(product_gid: str, status: str) -> dict[str, Any]:
    """Write the variables that set what buyers can see of a product."""
    return {"product": {"id": product_gid, "status": status}}


def publish_variables(product_gid: str, publication_gids: Sequence[str]) -> dict[str, Any]:
    """Write the variables that publish a product to sales channels."""
    return {"id": product_gid, "input": [{"publicationId": gid} for gid in publication_gids]}


def seen_now(answered: Answered, kind: str, status: str) -> LineOutcome:
    """Read what became of a product's status, or of its publishing.

    A product that is published and has another status than we thought is read again: somebody
    changed it meanwhile.

    Args:
        kind: ``status`` or ``publish``.
        status: what the product has to have in the end.
    """
    failed = _whole(answered)
    if failed is not None:
        return failed
    name = "productUpdate" if kind == "status" else "publishablePublish"
    (outcome,) = line_outcomes(name, answered.errors, count=1, list_field="", atomic=False)
    product = (answered.payload or {}).get("product" if kind == "status" else "publishable")
    if outcome.ok and (not product or product["status"] != status):
        return _unconfirmed(0)
    return outcome


def _whole(answered: Answered) -> LineOutcome | None:
    if answered.payload is not None:
        return None
    return LineOutcome(0, False, "", answered.message, Remedy.RETRY)


def _unconfirmed(index: int) -> LineOutcome:
    return LineOutcome(
        index, ok=False, message="Shopify did not confirm it.", verdict=Remedy.REREAD
    )
