"""Which access scopes which part of the relay's work takes; derived from the documents.

A document belongs to the feature whose prefix its name begins with. A merchant may grant less than
everything: what an ungranted scope switches off follows from here, and so does docs/scopes.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from towline_relay.shopify.documents import Document, document, names

__all__ = ["FEATURES", "Feature", "Gap", "feature_of", "gaps", "lacking", "needs"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One part of the work.

    Attributes:
        name: one or two words.
        words: what it does, for the page.
        prefixes: of the names of its documents.
        core: nobody runs the relay without it, so a missing scope is always worth a warning.
    """

    name: str
    words: str
    prefixes: tuple[str, ...]
    core: bool = False


# The first that fits counts: special names stand before general ones.
FEATURES: tuple[Feature, ...] = (
    Feature("shop", "know the shop, its versions and the app's rights", ("shop_", "app_"), True),
    Feature("stock", "write quantities to locations", ("inventory_", "locations"), True),
    Feature(
        "price lists",
        "write prices of markets and B2B catalogs, and volume prices",
        ("price_list", "quantity_pric", "catalog", "market"),
    ),
    Feature("publishing", "publish products to sales channels", ("publi",)),
    Feature(
        "items",
        "match, create and change products and variants, with base prices and metafields",
        ("product", "variant", "metafield", "tags_", "item_", "option"),
        True,
    ),
    Feature("returns", "read and report returns", ("order_return", "return", "reverse_")),
    Feature("refunds", "read and write refunds", ("order_refund", "refund", "suggested_refund")),
    Feature(
        "payments", "capture what was authorised", ("order_capture", "transaction", "order_mark")
    ),
    Feature(
        "orders", "read orders and what became of them, cancel and mark them", ("order",), True
    ),
    Feature("shipments", "read fulfillment orders, write fulfillments", ("fulfillment",), True),
    Feature("companies", "keep B2B companies, their locations and contacts", ("compan",)),
    Feature("customers", "keep customers", ("customer",)),
    Feature("bulk runs", "write and read very many at once", ("bulk", "staged_upload")),
    Feature("webhooks", "keep the subscriptions alive", ("webhook",)),
    Feature("jobs", "ask whether work that Shopify does later is done", ("job", "node")),
)
_NONE = Feature("other", "work no feature lists", ())


@dataclass(frozen=True, slots=True)
class Gap:
    """A scope the app was not granted, and the documents that are off for it, by name."""

    scope: str
    documents: tuple[str, ...]

    @property
    def core(self) -> bool:
        """Tell whether one of them belongs to what nobody does without."""
        return any(feature_of(name).core for name in self.documents)

    def sentence(self) -> str:
        """Return one sentence for people."""
        features = sorted({feature_of(name).name for name in self.documents})
        return (
            f"The app was not granted {self.scope}, so {_listed(features)} can't be done in full: "
            f"{_listed(self.documents)} {'is' if len(self.documents) == 1 else 'are'} switched off."
        )


def feature_of(name: str) -> Feature:
    """Return the feature a document belongs to."""
    for feature in FEATURES:
        if name.startswith(feature.prefixes):
            return feature
    return _NONE


def needs() -> Mapping[str, tuple[str, ...]]:
    """Return, by scope in order of name, the documents that take it."""
    found: dict[str, list[str]] = {}
    for name in names():
        for scope in document(name).scopes:
            found.setdefault(scope, []).append(name)
    return {scope: tuple(found[scope]) for scope in sorted(found)}


def lacking(wanted: Document, granted: Collection[str]) -> tuple[str, ...]:
    """Return the scopes a document takes and the app does not have, in order of name.

    Whoever may write may read: Shopify's own libraries take ``write_x`` for ``read_x`` too.
    """
    return tuple(sorted(scope for scope in wanted.scopes if not _has(scope, granted)))


def gaps(granted: Collection[str]) -> list[Gap]:
    """Return what is missing, one entry a scope, in order of name."""
    return [Gap(scope, used) for scope, used in needs().items() if not _has(scope, granted)]


def _has(scope: str, granted: Collection[str]) -> bool:
    if scope in granted:
        return True
    kind, _, rest = scope.partition("_")
    return kind == "read" and f"write_{rest}" in granted


def _listed(words: Collection[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
