"""Run-time rules of the Admin API that its schema can't express."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    VariableNode,
    Visitor,
    visit,
)

from towline_sandbox.shopify.idempotency import MANDATORY

__all__ = ["MAX_INPUT", "idempotency_keys", "violation"]

MAX_INPUT = 250  # https://shopify.dev/docs/api/usage/limits

# Lists with limits of their own: a product may have 2,048 variants, and so many option values.
_OWN_LIMIT = frozenset({"variants", "values", "inventoryQuantities"})


def violation(
    operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> GraphQLError | None:
    """Return why an operation may not run, None when it may."""
    if operation.operation is not OperationType.MUTATION:
        return None
    roots = list(_roots(operation))
    for field in roots:
        if field.name.value in MANDATORY and _key_node(field) is None:
            return GraphQLError(
                f"The @idempotent directive is required for the mutation {field.name.value}.",
                nodes=field,
                extensions={"code": "BAD_REQUEST"},
            )
    own = _OWN_LIMIT if any(f.name.value == "productSet" for f in roots) else frozenset()
    size = max([*_sizes(variables, own), *_literal_sizes(operation)], default=0)
    if size > MAX_INPUT:
        return GraphQLError(
            f"The input array size of {size} is greater than the maximum allowed of {MAX_INPUT}.",
            extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
        )
    return None


def idempotency_keys(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> list[str]:
    """Return the keys of the operation's root fields, as far as they are given."""
    keys = []
    for field in _roots(operation):
        node = _key_node(field)
        if isinstance(node, VariableNode):
            keys.append(str(variables.get(node.name.value)))
        elif isinstance(node, StringValueNode):
            keys.append(node.value)
    return keys


def _roots(operation: OperationDefinitionNode) -> Iterator[FieldNode]:
    for node in operation.selection_set.selections:
        if isinstance(node, FieldNode):
            yield node


def _key_node(field: FieldNode) -> Any:
    for directive in field.directives or ():
        if directive.name.value == "idempotent":
            for argument in directive.arguments or ():
                if argument.name.value == "key":
                    return argument.value
    return None


def _sizes(value: Any, own: frozenset[str]) -> Iterator[int]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, list) and name not in own:
                yield len(inner)
            yield from _sizes(inner, own)
    elif isinstance(value, list):
        for inner in value:
            yield from _sizes(inner, own)


def _literal_sizes(operation: OperationDefinitionNode) -> list[int]:
    sizes: list[int] = []

    class Lists(Visitor):
        def enter_list_value(self, node: ListValueNode, *_: Any) -> None:
            sizes.append(len(node.values))

    visit(operation, Lists())
    return sizes
