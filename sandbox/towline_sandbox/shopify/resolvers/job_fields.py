"""Cancelling an order by a job, and looking at jobs.

A job is over at once, unless the fault ``slow_jobs`` makes it take some looks. What came between
the call and its end (a parcel that left) lets it end without its effect, and it says so to nobody.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/orderCancel
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from towline_sandbox.shopify import aftersales
from towline_sandbox.shopify.ids import number_of
from towline_sandbox.shopify.order_work import NotPossible
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import compact

__all__ = ["FIELDS"]

_JOB = "gid://shopify/Job/"


def _cancel(shop: Shop, **given: Any) -> Node:
    number = number_of(given["orderId"], "Order")
    refund = (given.get("refundMethod") or {}).get("originalPaymentMethodsRefund")
    if number is None or nodes.one(shop, "Order", number) is None:
        raise Refusal(error(["orderId"], "Order does not exist", "NOT_FOUND"))
    work = {"order": number, "reason": given["reason"], "restock": given["restock"],
            "money": bool(refund)}  # fmt: skip
    looks = shop.faults.slow_jobs
    try:
        if looks:
            aftersales.check_cancel(shop, number)
        else:
            _carry_out(shop, work)
    except NotPossible as reason:
        raise Refusal(error(["orderId"], f"Can't cancel: {reason}", "INVALID")) from None
    job = f"{_JOB}{uuid.uuid4()}"
    shop.db.insert("jobs", id=job, looks=looks, done=int(not looks), cancel=compact(work))
    return {"job": {"__typename": "Job", "id": job, "done": not looks}}


def _cancelled(_root: Any, info: Info, **given: Any) -> Node:
    """Answer as orderCancel does: its user errors have a name of their own beside the usual one."""
    found = mutation(_cancel, empty={"job": None})(_root, info, **given)
    return {**found, "orderCancelUserErrors": found["userErrors"]}


def _carry_out(shop: Shop, work: Node) -> None:
    aftersales.cancel(
        shop, work["order"], reason=work["reason"], restock=work["restock"], money=work["money"]
    )


def _job(_root: Any, info: Info, id: str) -> Node | None:
    """Look at a job; the last look that it takes carries it out."""
    shop = shop_of(info)
    row = shop.db.one("SELECT * FROM jobs WHERE id = ?", id)
    if row is None:
        return None
    done = bool(row["done"])
    if not done:
        done = row["looks"] <= 1
        with shop.unit():
            shop.db.run(
                "UPDATE jobs SET looks = looks - 1, done = ? WHERE id = ?", int(done), row["id"]
            )
            if done:
                _end(shop, json.loads(row["cancel"]))
    return {"__typename": "Job", "id": row["id"], "done": done}


def _end(shop: Shop, work: Node) -> None:
    try:
        with shop.db.savepoint():
            _carry_out(shop, work)
    except NotPossible:
        return  # it is over all the same


FIELDS: Fields = {"QueryRoot": {"job": _job}, "Mutation": {"orderCancel": _cancelled}}
