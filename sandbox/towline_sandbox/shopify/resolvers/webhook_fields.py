"""Webhook subscriptions that an app makes by the API.

Those of its shopify.app.toml are the shop's settings here, are never deleted and are not listed:
https://shopify.dev/docs/apps/build/webhooks/subscribe
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from towline_sandbox.shopify import search
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.outbox import remove_subscription
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    searched,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.versions import SPOKEN

__all__ = ["FIELDS"]

_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["topic"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "topic": lambda row, term: search.text(row["topic"], term),
    "uri": lambda row, term: search.text(row["uri"], term),
}


def _subscription(row: sqlite3.Row) -> Node:
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", row["id"]),
        "topic": row["topic"],
        "uri": row["uri"],
        "name": row["name"],
        "format": row["format"],
        "filter": row["filter"],
        "includeFields": json.loads(row["include_fields"]),
        "metafieldNamespaces": [],
        "apiVersion": {
            "handle": row["api_version"],
            "displayName": row["api_version"],
            "supported": True,
        },
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def _list(_root: Any, info: Info, **arguments: Any) -> Node:
    node = searched(info, arguments.get("query"), _FIELDS)
    topics, uri = arguments.get("topics"), arguments.get("uri")
    rows = [
        row
        for row in shop_of(info).db.all("SELECT * FROM webhook_subscriptions WHERE origin = 'api'")
        if (not topics or row["topic"] in topics)
        and (uri is None or row["uri"] == uri)
        and search.matches(node, row, _FIELDS)
    ]
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_subscription)


def _address(shop: Shop, topic: str, given: Node, *, but: int = 0) -> str:
    """Return the address of a subscription to be, or refuse it."""
    uri = str(given.get("uri") or given.get("callbackUrl") or "")
    at = ["webhookSubscription", "uri"]
    if urlsplit(uri).scheme not in ("https", "http"):
        raise Refusal(error(at, "Address is not an URL this shop can deliver to"))
    if given.get("filter") or given.get("includeFields"):
        raise Refusal(error(at[:1], "not simulated: filter and includeFields"))
    # the name: at most 50 characters, https://shopify.dev/docs/apps/build/webhooks/delivery-structure
    if len(given.get("name") or "") > 50:
        raise Refusal(error([*at[:1], "name"], "Name is too long (maximum is 50 characters)"))
    if shop.db.scalar(
        "SELECT 1 FROM webhook_subscriptions WHERE topic = ? AND uri = ? AND id <> ?",
        topic,
        uri,
        but,
    ):
        raise Refusal(error(at, "Address for this topic has already been taken"))
    return uri


def _version(shop: Shop) -> str:
    """Return the version of a subscription's bodies: the app's own, else that of the request.

    The guide says the latter, the schema's text of webhookSubscriptionCreate the former.
    https://shopify.dev/docs/apps/build/webhooks/subscribe
    """
    return shop.settings.webhook_version or SPOKEN


def _create(shop: Shop, *, topic: str, webhookSubscription: Node) -> Node:
    given = webhookSubscription
    uri = _address(shop, topic, given)
    number, now = shop.db.next_number("WebhookSubscription"), shop.now()
    shop.db.insert(
        "webhook_subscriptions",
        id=number,
        topic=topic,
        uri=uri,
        name=given.get("name"),
        format=given.get("format") or "JSON",
        origin="api",
        created_at=now,
        updated_at=now,
        api_version=_version(shop),
    )
    row = shop.db.one("SELECT * FROM webhook_subscriptions WHERE id = ?", number)
    assert row is not None
    return {"webhookSubscription": _subscription(row)}


def _found(shop: Shop, id: str) -> sqlite3.Row:
    row = shop.db.one(
        "SELECT * FROM webhook_subscriptions WHERE id = ? AND origin = 'api'",
        number_of(id, "WebhookSubscription"),
    )
    if row is None:
        raise Refusal(error(["id"], "Webhook subscription does not exist"))
    return row


def _update(shop: Shop, *, id: str, webhookSubscription: Node) -> Node:
    row = _found(shop, id)
    given = {"uri": row["uri"], "name": row["name"], **webhookSubscription}
    uri = _address(shop, row["topic"], given, but=row["id"])
    shop.db.update(
        "webhook_subscriptions",
        row["id"],
        uri=uri,
        name=given["name"],
        format=given.get("format") or row["format"],
        filter=given["filter"] if "filter" in webhookSubscription else row["filter"],
        include_fields="[]" if "includeFields" in webhookSubscription else row["include_fields"],
        failures=0,
        updated_at=shop.now(),
        api_version=_version(shop),
    )
    return {"webhookSubscription": _subscription(_found(shop, id))}


def _delete(shop: Shop, *, id: str) -> Node:
    remove_subscription(shop, int(_found(shop, id)["id"]))
    return {"deletedWebhookSubscriptionId": id}


FIELDS: Fields = {
    "QueryRoot": {"webhookSubscriptions": _list},
    "Mutation": {
        "webhookSubscriptionCreate": mutation(_create, empty={"webhookSubscription": None}),
        "webhookSubscriptionUpdate": mutation(_update, empty={"webhookSubscription": None}),
        "webhookSubscriptionDelete": mutation(
            _delete, empty={"deletedWebhookSubscriptionId": None}
        ),
    },
}
