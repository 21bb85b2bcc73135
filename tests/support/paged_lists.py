"""Which lists of our documents come in pages, and whose second page some calls have read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
)

from tests.support.shop_stand import Call
from towline_relay.shopify.documents import document, names

__all__ = ["Paged", "broken_off", "paged_lists", "read_on", "unpaged"]


@dataclass(frozen=True, slots=True)
class Paged:
    """A list of a document that says whether there is more.

    Attributes:
        path: the keys of the answer that lead to it.
        cursor: the variable it is read on by; empty when another document does that.
    """

    document: str
    path: tuple[str, ...]
    cursor: str

    def __str__(self) -> str:
        return f"{self.document}: {'.'.join(self.path)}"


@cache
def paged_lists() -> tuple[Paged, ...]:
    """Return those of all documents of the relay."""
    return tuple(
        Paged(name, path, _variable(node, "after"))
        for name in names()
        for path, node in _fields(name)
        if any(
            isinstance(part, FieldNode) and part.name.value == "pageInfo"
            for part in _parts(node.selection_set)
        )
    )


@cache
def unpaged() -> frozenset[str]:
    """Return the lists that are asked for by a size and don't say whether there is more."""
    told = {(each.document, each.path) for each in paged_lists()}
    return frozenset(
        f"{name}: {'.'.join(path)}"
        for name in names()
        for path, node in _fields(name)
        if (name, path) not in told and any(a.name.value == "first" for a in node.arguments or ())
    )


def read_on(calls: Sequence[Call]) -> set[Paged]:
    """Return the lists of which a later page was asked for and held something."""
    return {
        each
        for call in calls
        for each in _of(call)
        if each.cursor
        and call.variables.get(each.cursor) is not None
        and any(page.get("nodes") or page.get("edges") for page in _at(call.data, each.path))
    }


def broken_off(calls: Sequence[Call]) -> set[Paged]:
    """Return the lists that said there was more than the page that was given."""
    return {
        each
        for call in calls
        for each in _of(call)
        if any(page["pageInfo"]["hasNextPage"] for page in _at(call.data, each.path))
    }


def _of(call: Call) -> Iterator[Paged]:
    return (each for each in paged_lists() if document(each.document).text == call.text)


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for inner in value:
            yield from _at(inner, path)
    elif isinstance(value, Mapping):
        if not path:
            yield value
        elif path[0] in value:
            yield from _at(value[path[0]], path[1:])


def _fields(name: str) -> Iterator[tuple[tuple[str, ...], FieldNode]]:
    tree = parse(document(name).text)
    (operation,) = (n for n in tree.definitions if isinstance(n, OperationDefinitionNode))
    yield from _below(operation.selection_set, (), tree)


def _below(
    chosen: SelectionSetNode | None, path: tuple[str, ...], tree: DocumentNode
) -> Iterator[tuple[tuple[str, ...], FieldNode]]:
    for part in _parts(chosen):
        if isinstance(part, FieldNode):
            there = (*path, (part.alias or part.name).value)
            yield there, part
            yield from _below(part.selection_set, there, tree)
        elif isinstance(part, FragmentSpreadNode):
            (spread,) = (
                n
                for n in tree.definitions
                if isinstance(n, FragmentDefinitionNode) and n.name.value == part.name.value
            )
            yield from _below(spread.selection_set, path, tree)
        else:
            yield from _below(part.selection_set, path, tree)


def _parts(chosen: SelectionSetNode | None) -> Sequence[Any]:
    return () if chosen is None else chosen.selections


def _variable(node: FieldNode, argument: str) -> str:
    for given in node.arguments or ():
        if given.name.value == argument and isinstance(given.value, VariableNode):
            return given.value.name.value
    return ""
