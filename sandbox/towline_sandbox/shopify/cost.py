"""What a document costs: asked for before, and used after.

The rules that Shopify publishes (https://shopify.dev/docs/api/usage/limits): an object 1 point, a
scalar 0, a mutation 10, a connection by its page size, and at most 1,000 points a query. How a
connection grows with its page is not published; one measured point is
``product.variants(first: 250) { inventoryItem }`` = 25 requested points
(https://community.shopify.dev/t/unexpectedly-low-graphql-query-cost-in-shopify-admin-api-seeking-clarification/23101).
Taken here: ``1 + node cost * first ** 0.45``, which meets that point. productSet costs extra per
variant (0.2), metafield (0.4) and file (1.9), as its reference page says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

__all__ = ["MAX_QUERY_COST", "CostModel"]

MAX_QUERY_COST = 1_000
_MUTATION = 10.0
_GROWTH = 0.45


class CostModel:
    """Prices one operation of one document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments

    def requested(self, variables: Mapping[str, Any]) -> int:
        """Return the cost before execution, from page sizes."""
        if self._operation.operation is OperationType.MUTATION:
            return math.ceil(self._mutation(variables))
        root = self._schema.query_type
        return math.ceil(self._asked(root, self._operation.selection_set, variables))

    def actual(self, data: Mapping[str, Any] | None, variables: Mapping[str, Any]) -> int:
        """Return the cost after execution, from the rows that came."""
        if self._operation.operation is OperationType.MUTATION:
            return math.ceil(self._mutation(variables))
        root = self._schema.query_type
        return math.ceil(self._used(root, self._operation.selection_set, data or {}))

    def _mutation(self, variables: Mapping[str, Any]) -> float:
        cost = 0.0
        for field in self._fields(self._operation.selection_set):
            cost += _MUTATION
            if field.name.value == "productSet":
                cost += _product_set_extra(variables.get("input"))
        return cost

    def _asked(
        self, parent: Any, selection: SelectionSetNode, variables: Mapping[str, Any]
    ) -> float:
        cost = 0.0
        for field, kind in self._composite(parent, selection):
            inner = field.selection_set
            if inner is None:
                continue
            if kind.name.endswith("Connection"):
                size = _page_size(field, variables)
                cost += 1.0 + self._node_asked(kind, inner, variables) * size**_GROWTH
            else:
                times = _list_size(field, "ids", variables)
                cost += times * (1.0 + self._asked(kind, inner, variables))
        return cost

    def _node_asked(
        self, kind: Any, selection: SelectionSetNode, variables: Mapping[str, Any]
    ) -> float:
        for field, inner_kind in self._composite(kind, selection):
            if field.name.value in ("nodes", "edges") and field.selection_set:
                return 1.0 + self._asked(inner_kind, field.selection_set, variables)
        return 1.0

    def _used(self, parent: Any, selection: SelectionSetNode, data: Mapping[str, Any]) -> float:
        cost = 0.0
        for field, kind in self._composite(parent, selection):
            inner = field.selection_set
            value = data.get((field.alias or field.name).value)
            if inner is None or value is None:
                continue
            if kind.name.endswith("Connection"):
                rows = value.get("nodes") or value.get("edges") or []
                node = sum(self._rows_used(kind, inner, rows)) / (len(rows) or 1)
                cost += 1.0 + node * len(rows) ** _GROWTH
            else:
                rows = [row for row in value if row] if isinstance(value, list) else [value]
                cost += sum(1.0 + self._used(kind, inner, row) for row in rows)
        return cost

    def _rows_used(
        self, kind: Any, selection: SelectionSetNode, rows: Sequence[Mapping[str, Any]]
    ) -> Iterator[float]:
        for field, inner_kind in self._composite(kind, selection):
            if field.name.value in ("nodes", "edges") and field.selection_set:
                for row in rows:
                    yield 1.0 + self._used(inner_kind, field.selection_set, row)
                return

    def _composite(
        self, parent: Any, selection: SelectionSetNode
    ) -> Iterator[tuple[FieldNode, GraphQLCompositeType]]:
        for field, owner in self._fields_of(parent, selection):
            definition = getattr(owner, "fields", {}).get(field.name.value)
            if definition is not None and field.name.value != "pageInfo":
                kind = get_named_type(definition.type)
                if is_composite_type(kind):
                    yield field, kind

    def _fields(self, selection: SelectionSetNode) -> Iterator[FieldNode]:
        for field, _ in self._fields_of(None, selection):
            yield field

    def _fields_of(
        self, parent: Any, selection: SelectionSetNode
    ) -> Iterator[tuple[FieldNode, Any]]:
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                owner = self._schema.type_map[condition.name.value] if condition else parent
                yield from self._fields_of(owner, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                owner = self._schema.type_map[fragment.type_condition.name.value]
                yield from self._fields_of(owner, fragment.selection_set)


def _argument(field: FieldNode, name: str, variables: Mapping[str, Any]) -> Any:
    for argument in field.arguments or ():
        if argument.name.value == name:
            value = argument.value
            if isinstance(value, VariableNode):
                return variables.get(value.name.value)
            if isinstance(value, IntValueNode):
                return int(value.value)
            if isinstance(value, ListValueNode):
                return list(value.values)
    return None


def _page_size(field: FieldNode, variables: Mapping[str, Any]) -> int:
    size = _argument(field, "first", variables) or _argument(field, "last", variables)
    return size if isinstance(size, int) and size > 0 else 1


def _list_size(field: FieldNode, name: str, variables: Mapping[str, Any]) -> int:
    values = _argument(field, name, variables)
    return max(1, len(values)) if isinstance(values, list) else 1


def _product_set_extra(given: Any) -> float:
    if not isinstance(given, Mapping):
        return 0.0
    variants = given.get("variants") or ()
    metafields = len(given.get("metafields") or ())
    for variant in variants:
        if isinstance(variant, Mapping):
            metafields += len(variant.get("metafields") or ())
    return 0.2 * len(variants) + 0.4 * metafields + 1.9 * len(given.get("files") or ())
