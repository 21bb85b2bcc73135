"""The typed heart: Shopify's trimmed schema, resolvers bound to it, documents read once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    specified_directives,
    validate,
)

from towline_sandbox.shopify.cost import CostModel
from towline_sandbox.shopify.paging import MAX_PAGE
from towline_sandbox.shopify.resolvers import FIELDS
from towline_sandbox.shopify.resolvers.base import Info
from towline_sandbox.shopify.wire import decimal_text
from towline_shared.money import plain

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Call", "Document", "Documents", "execute", "run", "schema"]

Resolver = Callable[..., Any]


@dataclass(slots=True)
class Call:
    """The context of one GraphQL call.

    Attributes:
        shop: what it works on.
        contested: idempotency keys that another call was working with when this one came.
        search: warnings for ``extensions.search``.
    """

    shop: Shop
    contested: frozenset[str]
    search: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed and validated document.

    Attributes:
        operations: its operations by name ("" for an anonymous one).
        errors: why it is no valid document; empty when it is.
    """

    node: DocumentNode | None
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    errors: tuple[GraphQLError, ...]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Pick the operation to run.

        Raises:
            GraphQLError: no such operation, or several and no name.
        """
        if name:
            if name not in self.operations:
                raise GraphQLError(f"the document has no operation named {name!r}")
            return self.operations[name]
        if len(self.operations) != 1:
            raise GraphQLError("name the operation: the document has none or several")
        return next(iter(self.operations.values()))


class Documents:
    """Parses and validates each distinct text once; keeps the last few hundred."""

    def __init__(self, *, most: int = 256) -> None:
        self._most = most
        self._seen: OrderedDict[str, Document] = OrderedDict()

    def read(self, text: str) -> Document:
        """Return the document of a text; its errors are part of the result."""
        known = self._seen.get(text)
        if known is None:
            known = _read(text)
            self._seen[text] = known
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(text)
        return known


def _read(text: str) -> Document:
    try:
        node = parse(text)
    except GraphQLError as error:
        return Document(None, {}, {}, (error,))
    errors = validate(schema(), node)
    operations = {
        (definition.name.value if definition.name else ""): definition
        for definition in node.definitions
        if isinstance(definition, OperationDefinitionNode)
    }
    fragments = {
        definition.name.value: definition
        for definition in node.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    return Document(node, operations, fragments, tuple(errors))


@cache
def schema() -> GraphQLSchema:
    """Return the schema with scalars and resolvers bound; built once a process."""
    file = resources.files(__package__).joinpath("schema", "admin_2026-10.graphql")
    text = file.read_text("utf-8")
    if not any(directive.name == "oneOf" for directive in specified_directives):
        text += "\ndirective @oneOf on INPUT_OBJECT\n"  # built in since graphql-core 3.3
    built = build_schema(text)
    _bind_scalar(built, "Decimal", _decimal_out, _decimal_in)
    _bind_scalar(built, "Money", _money_out, _decimal_in)
    _bind_scalar(built, "UnsignedInt64", str, int)
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            bound = FIELDS.get(kind.name, {})
            for name, definition in kind.fields.items():
                resolve = bound.get(name) or _plain(kind.name, name)
                paged = get_named_type(definition.type).name.endswith("Connection")
                definition.resolve = _in_small_pages(resolve) if paged else resolve
    _check_bindings(built)
    return built


def _bind_scalar(
    built: GraphQLSchema, name: str, out: Callable[[Any], Any], into: Callable[[Any], Any]
) -> None:
    kind = built.type_map[name]
    assert isinstance(kind, GraphQLScalarType)
    # graphql-core 3.3 renamed these; both names are set so that 3.2 works as well.
    for attribute in ("serialize", "coerce_output_value"):
        if hasattr(kind, attribute):
            setattr(kind, attribute, out)
    for attribute in ("parse_value", "coerce_input_value"):
        if hasattr(kind, attribute):
            setattr(kind, attribute, into)


def _decimal_out(value: Any) -> str:
    return value if isinstance(value, str) else decimal_text(Decimal(value))


def _money_out(value: Any) -> str:
    return value if isinstance(value, str) else plain(Decimal(value).quantize(Decimal("0.01")))


def _decimal_in(value: Any) -> Decimal:
    try:
        if isinstance(value, bool) or value is None:
            raise InvalidOperation
        number = Decimal(str(value))
    except InvalidOperation:
        raise GraphQLError(f"{value!r} is not a decimal number") from None
    if not number.is_finite():
        raise GraphQLError(f"{value!r} is not a decimal number")
    return number


def _plain(kind: str, name: str) -> Resolver:
    """Read a field off its object; one that is not there is not simulated, and says so."""

    def resolve(source: Any, _info: Info, **_arguments: Any) -> Any:
        if isinstance(source, Mapping) and name in source:
            return source[name]
        raise GraphQLError(f"not simulated: {kind}.{name}")

    return resolve


def _in_small_pages(resolve: Resolver) -> Resolver:
    """Give a list in pages no larger than the shop's, to whoever asks whether there are more.

    A size that Shopify would refuse is left for the list itself to refuse.
    """

    def cut(source: Any, info: Info, **arguments: Any) -> Any:
        most = info.context.shop.settings.largest_page
        for side in ("first", "last"):
            size = arguments.get(side)
            if size is not None and most < size <= MAX_PAGE and _asks_for_more(info):
                arguments[side] = most
        return resolve(source, info, **arguments)

    return cut


def _asks_for_more(info: Info) -> bool:
    return any(
        isinstance(chosen, FieldNode) and chosen.name.value == "pageInfo"
        for node in info.field_nodes
        if node.selection_set is not None
        for chosen in node.selection_set.selections
    )


def _check_bindings(built: GraphQLSchema) -> None:
    for kind, fields in FIELDS.items():
        known = getattr(built.type_map.get(kind), "fields", {})
        unknown = fields.keys() - known.keys()
        if unknown:
            raise LookupError(f"the schema has no {kind}.{', '.join(sorted(unknown))}")


def run(
    call: Call, document: Document, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> ExecutionResult:
    """Execute an operation; a mutation runs in one unit of work with its webhooks."""
    if operation.operation is not OperationType.MUTATION:
        return execute(call, document, operation, variables)
    with call.shop.unit():
        return execute(call, document, operation, variables)


def execute(
    call: Call, document: Document, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> ExecutionResult:
    """Execute an operation; a mutation needs a unit of work around it."""
    assert document.node is not None
    return execute_sync(
        schema(),
        document.node,
        context_value=call,
        variable_values=variables,
        operation_name=operation.name.value if operation.name else None,
        type_resolver=_type_of,
    )


def _type_of(value: Any, _info: Info, _abstract: Any) -> str | None:
    return value.get("__typename") if isinstance(value, Mapping) else None


def model(document: Document, operation: OperationDefinitionNode) -> CostModel:
    """Return the cost model of an operation."""
    return CostModel(schema(), operation, document.fragments)


def root_fields(operation: OperationDefinitionNode) -> list[FieldNode]:
    """Return the operation's root fields that are spelled out."""
    return [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
