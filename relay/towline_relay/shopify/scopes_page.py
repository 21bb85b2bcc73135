"""docs/scopes.md, written from the documents: ``python -m towline_relay.shopify.scopes_page``.

A test holds the page against this, so that it can't be out of date.
"""

from __future__ import annotations

from collections.abc import Iterable

from towline_relay.shopify.documents import document, names, scopes
from towline_relay.shopify.features import FEATURES, Feature, feature_of, needs

__all__ = ["page"]

_HEAD = """\
# Access scopes
<!-- Written by `make scopes` from the first lines of the GraphQL documents; don't edit. -->

Which rights the app takes, and for what. The relay reads at its start, and every ten minutes, which
ones it has. What an ungranted scope would be needed for is switched off: it is not sent, what waits
for it waits, and a check says so in one sentence. Once the scope is granted, it goes on by itself.
Whoever may write may read, so `write_orders` stands for `read_orders` too.

Everything, as `scopes` of `[access_scopes]` in the app's shopify.app.toml:

    {all_scopes}

Without the optional features:

    {core_scopes}

Two things no list of scopes shows. `read_orders` reaches back 60 days; Towline needs no more, and
not `read_all_orders`. And names, addresses, phone numbers and e-mails are protected customer data:
an app for one merchant has them, a public app has them only after Shopify's review, and fields
that were not approved come back empty
(https://shopify.dev/docs/apps/launch/protected-customer-data).

## By feature
| feature | what it does | scopes | documents |
|---|---|---|---|
"""

_BY_SCOPE = """
## By scope
| scope | features |
|---|---|
"""


def page() -> str:
    """Return the whole page."""
    core = [name for name in names() if feature_of(name).core]
    head = _HEAD.format(
        all_scopes=_quoted(scopes()),
        core_scopes=_quoted(scope for name in core for scope in document(name).scopes),
    )
    features = "".join(_row(feature) for feature in FEATURES if _documents(feature))
    by_scope = "".join(
        f"| `{scope}` | {', '.join(sorted({feature_of(name).name for name in used}))} |\n"
        for scope, used in needs().items()
    )
    return head + features + _BY_SCOPE + by_scope


def _documents(feature: Feature) -> list[str]:
    return [name for name in names() if feature_of(name) is feature]


def _row(feature: Feature) -> str:
    used = _documents(feature)
    taken = _needed(scope for name in used for scope in document(name).scopes)
    optional = "" if feature.core else " (optional)"
    cells = (
        f"{feature.name}{optional}",
        feature.words,
        ", ".join(f"`{scope}`" for scope in taken) or "none",
        ", ".join(used),
    )
    return f"| {' | '.join(cells)} |\n"


def _needed(taken: Iterable[str]) -> list[str]:
    """Return scopes in order, without those that a writing one implies."""
    given = set(taken)
    return sorted(
        scope
        for scope in given
        if not (scope.startswith("read_") and f"write_{scope[5:]}" in given)
    )


def _quoted(taken: Iterable[str]) -> str:
    return f'scopes = "{",".join(_needed(taken))}"'


if __name__ == "__main__":
    print(page(), end="")
