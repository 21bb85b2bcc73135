"""The shop, its API versions, locations, publications and the app's installation."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from towline_sandbox.shopify import search
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
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
from towline_sandbox.shopify.versions import VERSIONS

__all__ = ["FIELDS"]


def _shop(_root: Any, info: Info) -> Node:
    settings = shop_of(info).settings
    return {
        "__typename": "Shop",
        "id": gid("Shop", 548_380_009),
        "name": settings.shop_name,
        "email": f"owner@{settings.shop_domain}",
        "myshopifyDomain": settings.shop_domain,
        "primaryDomain": {"id": gid("Domain", 1), "host": settings.shop_domain},
        "currencyCode": settings.currency,
        "enabledPresentmentCurrencies": [settings.currency],
        "ianaTimezone": "Europe/Berlin",
        "taxesIncluded": settings.taxes_included,
        "taxShipping": True,
        "weightUnit": "KILOGRAMS",
        "plan": {
            "publicDisplayName": "Shopify Plus",
            "shopifyPlus": True,
            "partnerDevelopment": False,
        },
        "features": {"eligibleForSubscriptions": False},
        "resourceLimits": {
            "locationLimit": 200,
            "maxProductOptions": 3,
            "maxProductVariants": 2048,
            "redirectLimitReached": False,
        },
    }


def _versions(_root: Any, _info: Info) -> list[Node]:
    return [
        {"handle": handle, "displayName": name, "supported": supported}
        for handle, name, supported in VERSIONS
    ]


def _locations(_root: Any, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    fields: dict[str, search.Matcher] = {
        "": lambda row, term: search.phrase(row["name"], term),
        "name": lambda row, term: search.phrase(row["name"], term),
        "id": lambda row, term: search.number(row["id"], term),
        "active": lambda row, term: bool(row["active"]) == (term.value == "true"),
    }
    node = searched(info, arguments.get("query"), fields)
    rows = [
        row
        for row in shop.db.all("SELECT * FROM locations")
        if (row["active"] or arguments.get("includeInactive")) and search.matches(node, row, fields)
    ]
    return connection(rows, arguments, key=lambda row: (row["id"],), load=nodes.location)


def _nodes(_root: Any, info: Info, ids: list[str]) -> list[Node | None]:
    try:
        return [nodes.load(shop_of(info), text) for text in ids]
    except LookupError as reason:
        raise GraphQLError(str(reason)) from None


def _installation(_root: Any, info: Info) -> Node:
    settings = shop_of(info).settings
    return {
        "id": gid("AppInstallation", 700_100_001),
        "app": {
            "__typename": "App",
            "id": gid("App", 131_072),
            "title": "Towline",
            "handle": "towline",
            "apiKey": settings.client_id,
            "webhookApiVersion": "2026-10",
        },
        "accessScopes": [{"handle": scope} for scope in shop_of(info).scopes],
    }


def _publications(_root: Any, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all("SELECT * FROM publications")
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_publication)


def _publication(row: Any) -> Node:
    return {
        "__typename": "Publication",
        "id": gid("Publication", row["id"]),
        "autoPublish": False,
        "supportsFuturePublishing": True,
        "catalog": {
            "__typename": "AppCatalog",
            "id": gid("AppCatalog", row["id"]),
            "title": row["title"],
            "status": "ACTIVE",
        },
    }


def _publish(shop: Shop, *, id: str, input: list[Node]) -> Node:
    number = number_of(id, "Product")
    row = shop.db.one("SELECT * FROM products WHERE id = ?", number)
    if row is None:
        raise Refusal(error(["id"], "Product does not exist"))
    for index, wanted in enumerate(input):
        publication = number_of(wanted.get("publicationId") or "", "Publication")
        if not shop.db.scalar("SELECT 1 FROM publications WHERE id = ?", publication):
            field = ["input", str(index), "publicationId"]
            raise Refusal(error(field, "Publication does not exist or is not publishable"))
        shop.db.run(
            "INSERT OR IGNORE INTO product_publications VALUES (?, ?, ?)",
            number,
            publication,
            shop.now(),
        )
    shop.db.update("products", row["id"], published_at=shop.now(), updated_at=shop.now())
    shop.changes.product(row["id"])
    return {"publishable": nodes.load(shop, id)}


def _publication_count(source: Node, info: Info, **_arguments: Any) -> Node:
    number = source["_n"] if source["__typename"] == "Product" else source["_product"]
    count = shop_of(info).db.scalar(
        "SELECT count(*) FROM product_publications WHERE product_id = ?", number
    )
    return {"count": count, "precision": "EXACT"}


_COUNTS = {
    "availablePublicationsCount": _publication_count,
    "resourcePublicationsCount": _publication_count,
}

FIELDS: Fields = {
    "QueryRoot": {
        "shop": _shop,
        "publicApiVersions": _versions,
        "locations": _locations,
        "nodes": _nodes,
        "currentAppInstallation": _installation,
        "publications": _publications,
    },
    "Mutation": {"publishablePublish": mutation(_publish, empty={"publishable": None})},
    "Product": dict(_COUNTS),
    "ProductVariant": dict(_COUNTS),
}
