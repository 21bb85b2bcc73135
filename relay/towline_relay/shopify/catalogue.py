"""The shop's catalogue: variants, draft products, prices, owned fields."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import (
    ItemFields,
    LineOutcome,
    ProductSpec,
    Remedy,
    ShopInfo,
    VariantPrice,
    VariantRef,
)
from towline_relay.shopify.models_variants import MetafieldValue
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import line_outcomes, raise_first, read_errors
from towline_shared.errors import Misuse, Refused
from towline_shared.money import plain
from towline_shared.sku import fold_sku

__all__ = [
    "create_product",
    "metafield_inputs",
    "price_line",
    "product_input",
    "set_item_fields",
    "set_prices",
    "shop_info",
    "sku_query",
    "variant_fields",
    "variant_ref",
    "variants",
    "variants_by_sku",
]

# A product without options has one option of this name with one value of that name:
# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet
_NO_OPTION, _NO_VALUE = "Title", "Default Title"


async def shop_info(client: Client) -> ShopInfo:
    """Read name, currency, tax habit, granted scopes and the API version that answered."""
    answer = await client.execute(document("shop_info"), {}, priority=Priority.CATALOGUE)
    shop = answer.data["shop"]
    installation = answer.data["currentAppInstallation"]
    return ShopInfo(
        name=shop["name"],
        domain=shop["myshopifyDomain"],
        currency=shop["currencyCode"],
        taxes_included=shop["taxesIncluded"],
        time_zone=shop["ianaTimezone"],
        api_version_used=answer.api_version,
        scopes=frozenset(scope["handle"] for scope in installation["accessScopes"]),
    )


async def variants(client: Client) -> AsyncIterator[VariantRef]:
    """Read every variant, in order of id."""
    async for node in _found(client, query=None, priority=Priority.SWEEP):
        yield variant_ref(node)


async def variants_by_sku(client: Client, sku: str) -> list[VariantRef]:
    """Read the variants with this SKU; see :meth:`Shop.variants_by_sku`.

    Shopify's ``sku:`` matches by tokens, so it also finds longer SKUs that begin alike; the
    comparison happens here: https://shopify.dev/docs/api/usage/search-syntax
    """
    found = _found(client, query=sku_query(sku), priority=Priority.CATALOGUE)
    return [ref async for ref in _refs(found) if fold_sku(ref.sku) == fold_sku(sku)]


def sku_query(sku: str) -> str:
    """Write the search for a SKU, quoted and escaped."""
    escaped = sku.replace("\\", "\\\\").replace('"', '\\"')
    return f'sku:"{escaped}"'


async def create_product(client: Client, spec: ProductSpec) -> VariantRef:
    """Create a draft product with one tracked variant, or return the one made before.

    ``productSet`` replaces the variants of the product it finds under the handle, so one that is
    not ours must never be found by it: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet
    """
    existing = await _under_handle(client, spec)
    if existing is not None:
        return existing
    answer = await client.execute(
        document("product_set"),
        {"identifier": {"handle": spec.handle}, "input": product_input(spec)},
        priority=Priority.CATALOGUE,
    )
    payload = answer.data["productSet"]
    raise_first("productSet", read_errors(payload))
    made = [variant_ref(node) for node in payload["product"]["variants"]["nodes"]]
    for ref in made:
        if ref.sku == spec.sku:
            return ref
    raise Refused(
        f"Shopify made the product {spec.handle} without the SKU {spec.sku}.",
        hint="Look at the product in the shop's admin; it is a draft.",
        code="SKU_MISSING",
    )


async def set_item_fields(
    client: Client, product_gid: str, variant_gid: str, fields: ItemFields
) -> None:
    """Write the given scalar fields: those of the product, then those of the variant."""
    product = {
        name: value
        for name, value in (
            ("title", fields.title),
            ("vendor", fields.vendor),
            ("productType", fields.product_type),
        )
        if value is not None
    }
    if product:
        answer = await client.execute(
            document("product_update"),
            {"product": {"id": product_gid, **product}},
            priority=Priority.CATALOGUE,
        )
        raise_first("productUpdate", read_errors(answer.data["productUpdate"]))
    variant = variant_fields(fields.barcode, fields.weight_kg)
    if variant:
        payload = await _update_variants(client, product_gid, [{"id": variant_gid, **variant}])
        raise_first("productVariantsBulkUpdate", read_errors(payload))


async def set_prices(
    client: Client, product_gid: str, prices: Sequence[VariantPrice]
) -> list[LineOutcome]:
    """Set prices of variants of one product; good lines pass, bad ones don't."""
    if not 1 <= len(prices) <= MOST:
        raise Misuse(f"{len(prices)} prices in one call; 1 to {MOST} are possible.")
    payload = await _update_variants(client, product_gid, [price_line(price) for price in prices])
    outcomes = line_outcomes(
        "productVariantsBulkUpdate",
        read_errors(payload),
        count=len(prices),
        list_field="variants",
        atomic=False,
    )
    written = {node["id"] for node in payload["productVariants"] or ()}
    return [
        outcome
        if not outcome.ok or prices[outcome.index].variant_gid in written
        else LineOutcome(
            outcome.index,
            ok=False,
            message="Shopify did not confirm the price of this variant.",
            verdict=Remedy.REREAD,
        )
        for outcome in outcomes
    ]


async def _under_handle(client: Client, spec: ProductSpec) -> VariantRef | None:
    """Return our variant when its product is there already, None when the handle is free."""
    answer = await client.execute(
        document("product_by_handle"), {"handle": spec.handle}, priority=Priority.CATALOGUE
    )
    product = answer.data["productByIdentifier"]
    if product is None:
        return None
    for node in product["variants"]["nodes"]:
        if node["sku"] == spec.sku:
            return variant_ref(node)
    raise Refused(
        f"The product with the handle {spec.handle} holds other SKUs than {spec.sku}.",
        hint="Give its variant this SKU, or change its handle in the shop, then retry.",
        code="HANDLE_TAKEN",
    )


async def _update_variants(
    client: Client, product_gid: str, lines: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    answer = await client.execute(
        document("variants_update"),
        {"productId": product_gid, "variants": list(lines)},
        priority=Priority.CATALOGUE,
    )
    payload: Mapping[str, Any] = answer.data["productVariantsBulkUpdate"]
    return payload


def _found(
    client: Client, *, query: str | None, priority: Priority
) -> AsyncIterator[Mapping[str, Any]]:
    return pages(
        client,
        document("variants"),
        {"first": MOST if query is None else 50, "after": None, "query": query},
        pick=lambda data: data["productVariants"],
        priority=priority,
    )


async def _refs(nodes: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[VariantRef]:
    async for node in nodes:
        yield variant_ref(node)


def variant_ref(node: Mapping[str, Any]) -> VariantRef:
    """Read a variant with its product and inventory item."""
    compare_at = node["compareAtPrice"]
    return VariantRef(
        product_gid=node["product"]["id"],
        variant_gid=node["id"],
        inventory_item_gid=node["inventoryItem"]["id"],
        sku=node["sku"] or "",
        price=Decimal(node["price"]),
        compare_at=None if compare_at is None else Decimal(compare_at),
        product_status=node["product"]["status"],
        tracked=node["inventoryItem"]["tracked"],
        bundle=node.get("requiresComponents", False),
    )


def product_input(spec: ProductSpec, *, status: str = "DRAFT") -> dict[str, Any]:
    """Write a product with one tracked variant as ``ProductSetInput``."""
    variant = variant_fields(spec.barcode or None, spec.weight_kg)
    variant["inventoryItem"] = {
        "sku": spec.sku,
        "tracked": True,
        **variant.get("inventoryItem", {}),
    }
    variant["optionValues"] = [{"optionName": _NO_OPTION, "name": _NO_VALUE}]
    variant["price"] = plain(spec.price)
    if spec.compare_at is not None:
        variant["compareAtPrice"] = plain(spec.compare_at)
    if of_variant := metafield_inputs(spec.metafields, "variant"):
        variant["metafields"] = of_variant
    given: dict[str, Any] = {
        "handle": spec.handle,
        "title": spec.title,
        "status": status,
        "productOptions": [{"name": _NO_OPTION, "values": [{"name": _NO_VALUE}]}],
        "variants": [variant],
    }
    if spec.vendor:
        given["vendor"] = spec.vendor
    if spec.product_type:
        given["productType"] = spec.product_type
    if spec.tags:
        given["tags"] = list(spec.tags)
    if of_product := metafield_inputs(spec.metafields, "product"):
        given["metafields"] = of_product  # a list replaces what is there; the product is new
    return given


def metafield_inputs(values: Sequence[MetafieldValue], on: str) -> list[dict[str, str]]:
    """Write the metafields of a product, or of a variant, as ``MetafieldInput``."""
    return [
        {"namespace": one.namespace, "key": one.key, "type": one.type, "value": one.value}
        for one in values
        if one.on == on
    ]


def variant_fields(barcode: str | None, weight_kg: Decimal | None) -> dict[str, Any]:
    """Write the fields of a variant that both of its input types share."""
    fields: dict[str, Any] = {}
    if barcode is not None:
        fields["barcode"] = barcode
    if weight_kg is not None:
        # WeightInput.value is a Float in the schema: the one number that can't travel as text
        weight = {"value": float(weight_kg), "unit": "KILOGRAMS"}
        fields["inventoryItem"] = {"measurement": {"weight": weight}}
    return fields


def price_line(price: VariantPrice) -> dict[str, Any]:
    """Write a price as ``ProductVariantsBulkInput``."""
    line: dict[str, Any] = {"id": price.variant_gid, "price": plain(price.price)}
    if price.set_compare_at:
        line["compareAtPrice"] = None if price.compare_at is None else plain(price.compare_at)
    return line
