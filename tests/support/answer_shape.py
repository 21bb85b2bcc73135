"""Is an answer what its document and the schema promise? An independent look at the result.

graphql-core types what resolvers return; this looks at what left the house: exactly the selected
keys, no null where none may be, known enum values, and scalars in the form Shopify writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

__all__ = ["faults"]

_FORMS = {
    # ids of nodes are gids; cursors and handles are other scalars
    "ID": re.compile(r"gid://shopify/\w+/[^\s]+"),
    "Decimal": re.compile(r"-?\d+(\.\d+)?"),
    "Money": re.compile(r"-?\d+\.\d+"),
    "UnsignedInt64": re.compile(r"\d+"),
    "URL": re.compile(r"https?://\S+"),
}


def faults(schema: GraphQLSchema, text: str, data: Mapping[str, Any] | None) -> list[str]:
    """Return what is wrong with the data of an answer, one sentence a fault.

    Args:
        schema: what it is held against.
        text: the document that was run.
        data: the ``data`` object; None is right where an error took it away.
    """
    if data is None:
        return []
    document = parse(text)
    (operation,) = (n for n in document.definitions if isinstance(n, OperationDefinitionNode))
    mutation = operation.operation is OperationType.MUTATION
    root = schema.mutation_type if mutation else schema.query_type
    assert root is not None
    return list(_Look(schema, document).object(operation.selection_set, root, data, "data"))


class _Look:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def object(self, selected: SelectionSetNode, kind: Any, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path} is no object"
            return
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            kind = self._concrete(kind, value)
        fields = dict(self._fields(selected, kind))
        if isinstance(kind, GraphQLObjectType):
            for extra in value.keys() ^ fields.keys():
                yield f"{path}.{extra} is missing or was not asked for"
        for key, (node, owner) in fields.items():
            if key not in value or node.name.value == "__typename":
                continue
            field_type = owner.fields[node.name.value].type
            yield from self._value(node, field_type, value[key], f"{path}.{key}")

    def _concrete(self, kind: Any, value: Mapping[str, Any]) -> Any:
        """Return the object type a value says it is, else the abstract one."""
        return self._schema.type_map.get(str(value.get("__typename", "")), kind)

    def _fields(
        self, selected: SelectionSetNode, kind: Any
    ) -> Iterator[tuple[str, tuple[FieldNode, Any]]]:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                alias = node.alias.value if node.alias else node.name.value
                yield alias, (node, kind)
                continue
            if isinstance(node, FragmentSpreadNode):
                inner: Any = self._fragments[node.name.value]
            else:
                inner = node
            assert isinstance(inner, FragmentDefinitionNode | InlineFragmentNode)
            on = inner.type_condition
            wanted = self._schema.type_map[on.name.value] if on else kind
            if self._applies(wanted, kind):
                owner = kind if isinstance(kind, GraphQLObjectType) else wanted
                yield from self._fields(inner.selection_set, owner)

    def _applies(self, wanted: Any, kind: Any) -> bool:
        if wanted is kind or not isinstance(kind, GraphQLObjectType):
            return True
        if isinstance(wanted, GraphQLInterfaceType | GraphQLUnionType):
            return self._schema.is_sub_type(wanted, kind)
        return False

    def _value(self, node: FieldNode, kind: Any, value: Any, path: str) -> Iterator[str]:
        if isinstance(kind, GraphQLNonNull):
            if value is None:
                yield f"{path} is null and must not be"
                return
            kind = kind.of_type
        if value is None:
            return
        if isinstance(kind, GraphQLList):
            if not isinstance(value, list):
                yield f"{path} is no list"
                return
            for index, item in enumerate(value):
                yield from self._value(node, kind.of_type, item, f"{path}[{index}]")
        elif node.selection_set is not None:
            yield from self.object(node.selection_set, kind, value, path)
        elif isinstance(kind, GraphQLEnumType):
            if value not in kind.values:
                yield f"{path} = {value!r} is no {kind.name}"
        elif not _scalar(kind.name, value):
            yield f"{path} = {value!r} is no {kind.name}"


def _scalar(name: str, value: Any) -> bool:
    if name in _FORMS:
        return isinstance(value, str) and _FORMS[name].fullmatch(value) is not None
    if name == "DateTime":
        return isinstance(value, str) and _moment(value)
    if name in ("Int", "Float"):
        return isinstance(value, int if name == "Int" else int | float) and value is not True
    if name == "Boolean":
        return isinstance(value, bool)
    return isinstance(value, str) if name == "String" else True


def _moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.tzinfo is not None
