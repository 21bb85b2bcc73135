"""Queries in bulk: a page at a time behind the scenes, flat objects in the result.

Every object of a connection is a line. A child names the object it belongs to in ``__parentId`` and
stands behind it: directly below it when the operation groups objects, else anywhere behind it, here
behind all roots of its page.
https://shopify.dev/docs/api/usage/bulk-operations/queries and
https://shopify.dev/changelog/posts/bulk-operations-group-objects-default-changed-to-false
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLError,
    IntValueNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

from towline_sandbox.shopify.execution import Call, Document, run, schema
from towline_sandbox.shopify.paging import WHOLE, without_pages
from towline_sandbox.shopify.resolvers.base import Node

__all__ = ["Page", "pages"]

_PAGE = 250


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a bulk query.

    Attributes:
        lines: the result's lines, children after their parents.
        roots: how many of them are no children.
        cursor: where the next page begins; None after the last one.
    """

    lines: list[Node]
    roots: int
    cursor: str | None


def pages(call: Call, document: Document, cursor: str | None, *, grouped: bool) -> Page:
    """Run a query over its next page.

    Args:
        grouped: children stand directly below their parents.

    Raises:
        GraphQLError: the query failed.
    """
    assert document.node is not None
    info = TypeInfo(schema())
    node = visit(document.node, TypeInfoVisitor(info, _Paging(info, cursor)))
    operation = next(d for d in node.definitions if isinstance(d, OperationDefinitionNode))
    paged = Document(node, {"": operation}, document.fragments, ())
    with without_pages():
        result = run(call, paged, operation, {})
    if result.errors:
        raise GraphQLError(result.errors[0].message)
    assert result.data is not None
    (found,) = result.data.values()
    lines = [line for edge in found["edges"] for line in _flat(edge["node"], None)]
    if not grouped:
        lines.sort(key=lambda line: "__parentId" in line)
    page = found["pageInfo"]
    return Page(lines, len(found["edges"]), page["endCursor"] if page["hasNextPage"] else None)


class _Paging(Visitor):
    """Asks the root for pages and every other connection for all; sizes of its own don't count."""

    def __init__(self, info: TypeInfo, cursor: str | None) -> None:
        super().__init__()
        self._info = info
        self._cursor = cursor

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        kind = get_named_type(self._info.get_type())
        if kind is None or not kind.name.endswith("Connection") or node.selection_set is None:
            return None
        root = self._info.get_parent_type() is schema().query_type
        size = str(_PAGE if root else WHOLE)
        arguments = [
            *(each for each in node.arguments or () if each.name.value not in ("first", "last")),
            _argument("first", IntValueNode(value=size)),
        ]
        selections = list(node.selection_set.selections)
        if root:
            selections.append(_PAGE_INFO)
            if self._cursor is not None:
                arguments.append(_argument("after", StringValueNode(value=self._cursor)))
        return FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=tuple(arguments),
            directives=node.directives,
            selection_set=SelectionSetNode(selections=tuple(selections)),
        )


def _argument(name: str, value: Any) -> ArgumentNode:
    return ArgumentNode(name=NameNode(value=name), value=value)


def _page_info() -> FieldNode:
    node = parse("{ pageInfo { hasNextPage endCursor } }").definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    field = node.selection_set.selections[0]
    assert isinstance(field, FieldNode)
    return field


_PAGE_INFO = _page_info()


def _flat(node: Node, parent: str | None) -> Iterator[Node]:
    """Yield an object without its connections, then the objects of these."""
    own: Node = {}
    children: list[Node] = []
    for name, value in node.items():
        if isinstance(value, dict) and "edges" in value:
            children += [edge["node"] for edge in value["edges"]]
        else:
            own[name] = value
    if parent is not None:
        own["__parentId"] = parent
    yield own
    for child in children:
        yield from _flat(child, node.get("id"))
