"""Products with several variants: made, added to, never taken from.

Variants are added with ``PRESERVE_STANDALONE_VARIANT``, ``productSet`` only makes a product that
is not there: neither can delete what the merchant added. The default strategy of
``productVariantsBulkCreate`` did that to others:
https://community.shopify.dev/t/productvariantsbulkcreate-api-remove-standalone-variant-after-i-add-the-parameters-and-upload-the-variants-the-platform-will-delete-the-corresponding-variants-in-1-2-minutes/10947
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from towline_relay.shopify.catalogue import metafield_inputs, variant_fields, variant_ref
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.inventory import next_batches
from towline_relay.shopify.models import LineOutcome, Remedy, VariantRef
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_relay.shopify.paging import cursor_after
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import line_outcomes, raise_first, read_errors
from towline_shared.errors import Refused
from towline_shared.money import plain

__all__ = ["AT_ONCE", "MOST_VARIANTS", "group_input", "make_variants", "set_option_values"]

# https://shopify.dev/docs/apps/build/graphql/migrate/new-product-model
MOST_VARIANTS = 2_048
AT_ONCE = 100  # variants of one call; answers with more cost more than one query may


@dataclass(frozen=True, slots=True)
class _Product:
    """A product as it is in the shop.

    Attributes:
        taken: values of its options -> the SKU that has them.
    """

    gid: str
    options: tuple[str, ...]
    refs: tuple[VariantRef, ...]
    taken: Mapping[tuple[str, ...], str]


async def make_variants(client: Client, spec: GroupSpec) -> list[VariantRef | LineOutcome]:
    """Make sure that a product has variants; see :meth:`Shop.make_variants`."""
    found: dict[str, VariantRef | LineOutcome] = {}
    product = await _under_handle(client, spec.handle)
    if product is None:
        fit, clashing = _apart(spec, {})
        gid, made = await _make(client, replace(spec, variants=tuple(fit[:AT_ONCE])))
        product = _Product(gid, spec.options, tuple(made), {})
    elif product.options != spec.options:
        raise Refused(
            f"The product {spec.handle} has the options {', '.join(product.options)}; the rules"
            f" say {', '.join(spec.options)}.",
            hint="Give it these options in the shop, or change its handle, then retry.",
            code="OPTIONS_DIFFER",
        )
    else:
        there = {ref.sku for ref in product.refs}
        new = tuple(one for one in spec.variants if one.sku not in there)
        fit, clashing = _apart(replace(spec, variants=new), product.taken)
    found.update(clashing)
    found.update((ref.sku, ref) for ref in product.refs)
    missing = [one for one in fit if one.sku not in found]
    room = MOST_VARIANTS - len(product.refs)
    for one in missing[room:]:
        found[one.sku] = LineOutcome(
            0,
            False,
            "VARIANTS_OVER_LIMIT",
            f"The product {spec.handle} has {MOST_VARIANTS} variants, as many as Shopify allows.",
            Remedy.PARK,
        )
    missing = missing[:room]
    for start in range(0, len(missing), AT_ONCE):
        found.update(await _add(client, product.gid, spec, missing[start : start + AT_ONCE]))
    return [found.get(one.sku) or _unconfirmed() for one in spec.variants]


def _apart(
    spec: GroupSpec, taken: Mapping[tuple[str, ...], str]
) -> tuple[list[VariantSpec], dict[str, LineOutcome]]:
    """Divide variants into those that can be made and those whose option values are taken.

    One of these would fail the others of its call, and with a new product all of it.
    """
    fit, clashing, owners = list[VariantSpec](), dict[str, LineOutcome](), dict(taken)
    for one in spec.variants:
        owner = owners.setdefault(one.values, one.sku)
        if owner == one.sku:
            fit.append(one)
            continue
        shown = " / ".join(one.values)
        clashing[one.sku] = LineOutcome(
            0,
            False,
            "VARIANT_ALREADY_EXISTS",
            f"The variant {shown!r} of the product {spec.handle} is {owner!r}; {one.sku!r} would be"
            " a second one. Give one of the two another option value.",
            Remedy.PARK,
        )
    return fit, clashing


def group_input(spec: GroupSpec, *, status: str = "DRAFT") -> dict[str, Any]:
    """Write a product with all its variants as ``ProductSetInput``."""
    given: dict[str, Any] = {
        "handle": spec.handle,
        "title": spec.title,
        "status": status,
        "productOptions": [
            {
                "name": name,
                "values": [
                    {"name": value}
                    for value in dict.fromkeys(one.values[position] for one in spec.variants)
                ],
            }
            for position, name in enumerate(spec.options)
        ],
        "variants": [_variant(one, spec.options) for one in spec.variants],
    }
    for name, value in (
        ("vendor", spec.vendor),
        ("productType", spec.product_type),
        ("tags", list(spec.tags)),
    ):
        if value:
            given[name] = value
    return given


async def set_option_values(
    client: Client,
    product_gid: str,
    variant_gid: str,
    options: Sequence[str],
    values: Sequence[str],
) -> None:
    """Give a variant other option values; see :meth:`Shop.set_option_values`."""
    line = {"id": variant_gid, "optionValues": _values(options, values)}
    answer = await client.execute(
        document("variants_update"),
        {"productId": product_gid, "variants": [line]},
        priority=Priority.CATALOGUE,
    )
    name = "productVariantsBulkUpdate"
    raise_first(name, read_errors(answer.data[name]))


async def _under_handle(client: Client, handle: str) -> _Product | None:
    """Read a product with all pages of its variants."""
    sent: dict[str, Any] = {"identifier": {"handle": handle}, "first": 100, "after": None}
    nodes: list[Mapping[str, Any]] = []
    while True:
        answer = await client.execute(
            document("product_variants"), sent, priority=Priority.CATALOGUE
        )
        product = answer.data["productByIdentifier"]
        if product is None:
            return None
        nodes += product["variants"]["nodes"]
        sent["after"] = cursor_after(product["variants"])
        if sent["after"] is None:
            break
    options = tuple(option["name"] for option in nodes[0]["selectedOptions"]) if nodes else ()
    taken = {
        tuple(option["value"] for option in node["selectedOptions"]): node["sku"] or node["id"]
        for node in nodes
    }
    refs = tuple(variant_ref(node) for node in nodes)
    return _Product(product["id"], options, refs, taken)


async def _make(client: Client, spec: GroupSpec) -> tuple[str, list[VariantRef]]:
    """Make the product as a draft. Without an identifier ``productSet`` can only create."""
    answer = await client.execute(
        document("product_set_group"), {"input": group_input(spec)}, priority=Priority.CATALOGUE
    )
    payload = answer.data["productSet"]
    raise_first("productSet", read_errors(payload))
    product = payload["product"]
    return product["id"], [variant_ref(node) for node in product["variants"]["nodes"]]


async def _add(
    client: Client, product_gid: str, spec: GroupSpec, missing: Sequence[VariantSpec]
) -> dict[str, VariantRef | LineOutcome]:
    """Add variants; one bad one fails the call, so the innocent go again without it."""
    name = "productVariantsBulkCreate"
    found: dict[str, VariantRef | LineOutcome] = {}
    batches = [list(missing)]
    while batches:
        batch = batches.pop()
        lines = [_variant(one, spec.options) for one in batch]
        answer = await client.execute(
            document("variants_create"),
            {"productId": product_gid, "variants": lines},
            priority=Priority.CATALOGUE,
        )
        payload = answer.data[name]
        outcomes = line_outcomes(
            name, read_errors(payload), count=len(batch), list_field="variants", atomic=True
        )
        for node in payload["productVariants"] or ():
            ref = variant_ref(node)
            found[ref.sku] = ref
        again = next_batches(outcomes) if len(batch) > 1 else []
        left = {index for indexes in again for index in indexes}
        for outcome in outcomes:
            if not outcome.ok and outcome.index not in left:
                found[batch[outcome.index].sku] = _final(outcome)
        batches += [[batch[index] for index in indexes] for indexes in again]
    return found


def _final(outcome: LineOutcome) -> LineOutcome:
    """Return the outcome of a line that is alone: nothing is left to split."""
    return replace(outcome, verdict=Remedy.PARK) if outcome.verdict is Remedy.SPLIT else outcome


def _variant(one: VariantSpec, options: Sequence[str]) -> dict[str, Any]:
    """Write a variant; both of Shopify's input types for it take these fields."""
    given = variant_fields(one.barcode or None, one.weight_kg)
    given["inventoryItem"] = {"sku": one.sku, "tracked": True, **given.get("inventoryItem", {})}
    given["optionValues"] = _values(options, one.values)
    given["price"] = plain(one.price)
    if one.compare_at is not None:
        given["compareAtPrice"] = plain(one.compare_at)
    if one.metafields:
        given["metafields"] = metafield_inputs(one.metafields, "variant")
    return given


def _values(options: Sequence[str], values: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"optionName": name, "name": value} for name, value in zip(options, values, strict=True)
    ]


def _unconfirmed() -> LineOutcome:
    return LineOutcome(
        0, ok=False, message="Shopify did not confirm the variant.", verdict=Remedy.REREAD
    )
