"""What all resolvers share: refusals, the unit of a mutation, searches with their warnings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import search
from towline_sandbox.shopify.ids import number_of

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from towline_sandbox.shopify.shop import Shop

    Info = GraphQLResolveInfo[Any]
else:
    Info = Any  # generic since graphql-core 3.3 only; 3.2 can't subscript it at run time

__all__ = ["Fields", "Info", "Node", "Refusal", "error", "found", "mutation", "searched", "shop_of"]

Node = dict[str, Any]
Fields = dict[str, dict[str, Callable[..., Any]]]


class Refusal(Exception):
    """User errors: the mutation is undone and answers them."""

    def __init__(self, *errors: Node) -> None:
        super().__init__("; ".join(str(e["message"]) for e in errors))
        self.errors = list(errors)


def error(field: list[str] | None, message: str, code: str | None = None, **more: Any) -> Node:
    """Make a user error."""
    return {"field": field, "message": message, "code": code, **more}


def shop_of(info: Info) -> Shop:
    """Return the shop a call works on."""
    shop: Shop = info.context.shop
    return shop


def mutation(work: Callable[..., Node], *, empty: Mapping[str, Any]) -> Callable[..., Node]:
    """Make a root field of work that writes: all of it or, when it is refused, nothing.

    Args:
        work: called with the shop and the field's arguments; returns the payload.
        empty: the payload of a refusal, without its user errors.
    """

    def resolve(_root: Any, info: Info, **arguments: Any) -> Node:
        shop = shop_of(info)
        before = copy.deepcopy(shop.changes)
        try:
            with shop.db.savepoint():
                return {"userErrors": [], **work(shop, **arguments)}
        except Refusal as refusal:
            shop.changes = before
            return {**empty, "userErrors": refusal.errors}
        except BaseException:
            shop.changes = before
            raise

    return resolve


def searched(
    info: Info, query: str | None, fields: Mapping[str, search.Matcher]
) -> search.Node | None:
    """Parse a query argument; unknown fields become warnings in ``extensions.search``."""
    node = search.parse(query)
    unknown = search.unknown_fields(node, fields)
    if unknown:
        info.context.search.append(
            {
                "path": [str(step) for step in info.path.as_list()],
                "query": query,
                "warnings": [
                    {
                        "field": term.field,
                        "message": "Invalid search field for this query.",
                        "code": "invalid_field",
                    }
                    for term in unknown
                ],
            }
        )
    return node


def found(text: str, kind: str, *, field: list[str], code: str | None = None) -> int:
    """Read the number of a gid argument or refuse it."""
    number = number_of(text, kind)
    if number is None:
        raise Refusal(error(field, f"{text} is no {kind}", code))
    return number
