"""A return as the ERP is told it: its state, what is awaited, and where the pieces ended. Pure.

A state is told when it is another one than was told last, so a return that is closed, reopened and
closed again is told three times. A disposition is final and told once, so that whoever books goods
by it books them once. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Return
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from towline_shared.events import Restock

__all__ = ["Disposed", "ReturnNews", "return_news"]

#: How a disposition is named in the document; a type of a later version is OTHER.
DISPOSITIONS = {
    "RESTOCKED": "RESTOCKED", "NOT_RESTOCKED": "NO_RESTOCK", "MISSING": "MISSING",
    "PROCESSING_REQUIRED": "PROCESSING",
}  # fmt: skip
_AWAITED = ("REQUESTED", "OPEN")


@dataclass(frozen=True, slots=True)
class Disposed:
    """Where some pieces of a line ended; ``at`` is ISO 8601 text."""

    key: str
    at: str
    goods: Restock


@dataclass(frozen=True, slots=True)
class ReturnNews:
    """What is new of a return: keys of what was not told, the first of them names the document."""

    keys: tuple[str, ...]
    happened_at: str
    goods: tuple[Restock, ...]
    reason: str


def return_news(
    given: Mapping[str, Any], told: Sequence[str], skus: Mapping[str, str]
) -> ReturnNews | None:
    """Return what the ERP was not told of a return; None when it knows all.

    Args:
        given: a return as :meth:`Shop.order_returns` gives it.
        told: keys of what was told of the order, oldest first.
        skus: the ERP's item by line of the order; a line that is not there keeps the shop's SKU.
    """
    disposed = list(_disposed(given, skus))
    awaited = tuple(_awaited(given, disposed, skus))
    keys, moments = [], []
    state = _state(given)
    states = [key for key in told if key.startswith(f"{given['id']}#")]
    if not states or states[-1].rpartition("#")[2] != state:
        keys.append(f"{given['id']}#{len(states) + 1}#{state}")
        moments.append(given["closedAt"] or given["createdAt"])
    fresh = [each for each in disposed if each.key not in told]
    keys += [each.key for each in fresh]
    moments += [each.at for each in fresh]
    if not keys:
        return None
    reasons = dict.fromkeys(line.get("returnReasonNote") or "" for line in given["returnLineItems"])
    return ReturnNews(
        keys=tuple(keys),
        happened_at=max(moments),
        goods=(*awaited, *(each.goods for each in fresh)),
        reason="; ".join(reason for reason in reasons if reason),
    )


def _state(given: Mapping[str, Any]) -> str:
    """Name a state: the status, and what lines and pieces it is about, which may change too."""
    lines = sorted((line["id"], line["quantity"]) for line in given["returnLineItems"])
    digest = hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:12]
    return f"{given['status']}.{digest}"


def _awaited(
    given: Mapping[str, Any], disposed: Collection[Disposed], skus: Mapping[str, str]
) -> Iterator[Restock]:
    """Yield the pieces that are still to come back."""
    if given["status"] not in _AWAITED:
        return
    done = Counter[str]()
    for each in disposed:
        done[each.goods.line_gid] += each.goods.quantity
    for line in given["returnLineItems"]:
        if "fulfillmentLineItem" not in line:
            continue  # a return nobody has matched with what was bought has no line
        item = line["fulfillmentLineItem"]["lineItem"]
        came = min(done[item["id"]], line["quantity"])
        done[item["id"]] -= came
        if line["quantity"] > came:
            yield _goods(item, line["quantity"] - came, "EXPECTED", "", skus)


def _disposed(given: Mapping[str, Any], skus: Mapping[str, str]) -> Iterator[Disposed]:
    for work in given["reverseFulfillmentOrders"]:
        for line in work["lineItems"]:
            if not line["fulfillmentLineItem"]:
                continue
            item = line["fulfillmentLineItem"]["lineItem"]
            for each in line["dispositions"]:
                kind = DISPOSITIONS.get(each["type"], "OTHER")
                place = (each["location"] or {}).get("id", "")
                yield Disposed(
                    key=f"{each['id']}#{each['type']}",
                    at=each["createdAt"],
                    goods=_goods(item, each["quantity"], kind, place, skus),
                )


def _goods(
    item: Mapping[str, Any], pieces: int, kind: str, place: str, skus: Mapping[str, str]
) -> Restock:
    sku = skus.get(item["id"]) or (item["sku"] or "").strip()
    return Restock(item["id"], sku, pieces, kind, place)
