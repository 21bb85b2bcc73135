"""Idempotency keys: kept 24 hours, one set of parameters each.

https://shopify.dev/docs/api/usage/implementing-idempotency; the directive is mandatory on these
mutations since 2026-04, though the schema can't say so:
https://shopify.dev/changelog/making-idempotency-mandatory-for-inventory-adjustments-and-refund-mutations
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["KEPT_S", "MANDATORY", "Verdict", "judge", "remember"]

KEPT_S = 24 * 3600.0

MANDATORY = frozenset(
    {
        "inventoryActivate",
        "inventoryAdjustQuantities",
        "inventoryMoveQuantities",
        "inventorySetOnHandQuantities",
        "inventorySetQuantities",
        "inventoryShipmentAddItems",
        "inventoryShipmentCreate",
        "inventoryShipmentCreateInTransit",
        "inventoryShipmentReceive",
        "inventoryTransferCreate",
        "inventoryTransferCreateAsReadyToShip",
        "inventoryTransferDuplicate",
        "inventoryTransferSetItems",
        "locationActivate",
        "locationDeactivate",
        "refundCreate",
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a call that carries a key.

    Attributes:
        answer: the stored payload to replay, or None.
        code: the user error's code when the call is refused, or None.
        message: the user error's sentence.
    """

    answer: dict[str, Any] | None = None
    code: str | None = None
    message: str = ""


def judge(
    shop: Shop, *, key: str, mutation: str, parameters: dict[str, Any], contested: bool
) -> Verdict:
    """Decide: work, replay or refuse; ``contested`` when another call holds the key."""
    if contested:
        return Verdict(
            code="IDEMPOTENCY_CONCURRENT_REQUEST",
            message="This request is currently in progress, please try again.",
        )
    now = shop.clock.now().timestamp()
    shop.db.run("DELETE FROM idempotency_keys WHERE at_s <= ?", now - KEPT_S)
    row = shop.db.one('SELECT * FROM idempotency_keys WHERE "key" = ?', key)
    if row is None:
        return Verdict()
    if row["mutation"] != mutation or row["parameters_hash"] != _hash(parameters):
        return Verdict(
            code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
            message="The same idempotency key cannot be used with different operation parameters.",
        )
    if row["outcome"] == "failed":
        return Verdict(
            code="IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
            message="The previous attempt with this idempotency key failed; use a new key.",
        )
    answer: dict[str, Any] = json.loads(row["answer"])
    return Verdict(answer=answer)


def remember(
    shop: Shop, *, key: str, mutation: str, parameters: dict[str, Any], answer: dict[str, Any]
) -> None:
    """Keep the outcome of a key; user errors make it a failed attempt."""
    shop.db.insert(
        "idempotency_keys",
        key=key,
        mutation=mutation,
        parameters_hash=_hash(parameters),
        outcome="failed" if answer["userErrors"] else "done",
        answer=json.dumps(answer),
        at_s=shop.clock.now().timestamp(),
    )


def _hash(parameters: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parameters, default=str).encode()).hexdigest()
