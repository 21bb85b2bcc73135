"""What a query must keep to in order to run in bulk. Pure.

One to five connections, at most two levels of them below the outermost, none inside a list, every
object with a nested connection selects its plain ``id``, and ``node`` and ``nodes`` can't be asked
for: https://shopify.dev/docs/api/usage/bulk-operations/queries. The same page wants nodes with an
id in every connection; connections without have been seen to run, their lines without an id
(https://github.com/gatsbyjs/gatsby-source-shopify/pull/4), so that rule can be switched on.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_composite_type,
)

from towline_sandbox.shopify.execution import schema

__all__ = ["query_limits"]

_MOST, _DEEPEST = 5, 2


def query_limits(operation: OperationDefinitionNode, *, nodes_only: bool) -> str:
    """Say which limit a query breaks; empty when it keeps to all.

    Args:
        nodes_only: connections of objects without an id are refused.
    """
    found: list[int] = []
    wrong = _walk(operation.selection_set, schema().query_type, 0, found, nodes_only)
    if wrong:
        return wrong
    if not 1 <= len(found) <= _MOST:
        return f"one to {_MOST} connections are possible"
    if max(found) > _DEEPEST:
        return f"at most {_DEEPEST} levels of nested connections are possible"
    return ""


def _walk(selection: Any, parent: Any, depth: int, found: list[int], nodes_only: bool) -> str:
    """Collect the depths of all connections below a selection."""
    fields = getattr(parent, "fields", {})
    for node in selection.selections if selection else ():
        if not isinstance(node, FieldNode) or node.name.value not in fields:
            continue
        given = fields[node.name.value].type
        kind = get_named_type(given)
        if parent is schema().query_type and node.name.value in ("node", "nodes"):
            return "node and nodes can't be asked for"
        inner = depth
        if kind.name.endswith("Connection"):
            wrong = _connection(kind, selection, parent, nodes_only)
            if wrong:
                return wrong
            found.append(depth)
            inner = depth + 1
        before = len(found)
        if is_composite_type(kind):
            wrong = _walk(node.selection_set, kind, inner, found, nodes_only)
            if wrong:
                return wrong
        if _is_list(given) and node.name.value not in ("edges", "nodes") and len(found) > before:
            return "a connection inside a list is not possible"
    return ""


def _connection(kind: Any, beside: Any, parent: Any, nodes_only: bool) -> str:
    holds = get_named_type(kind.fields["nodes"].type)
    if nodes_only and not _has_id(holds):
        return f"{holds.name} does not implement Node"
    if parent is schema().query_type:
        return ""
    names = [node.name.value for node in beside.selections if isinstance(node, FieldNode)]
    if "id" not in names:
        return f"{parent.name} must select its id, since a connection is nested in it"
    return ""


def _has_id(kind: Any) -> bool:
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return False
    return any(each.name == "Node" for each in kind.interfaces)


def _is_list(kind: Any) -> bool:
    while isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    return isinstance(kind, GraphQLList)
