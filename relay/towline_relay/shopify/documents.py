"""The GraphQL documents of the relay, one a file, with what its first line declares.

The first line reads ``# cost: 10; scopes: write_products; idempotent: yes``: the requested cost in
points as estimated before Shopify has told the true one, the access scopes it takes, and whether
repeating it with the same variables is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from towline_shared.errors import Misuse

__all__ = ["HEADER", "Document", "cost_key", "document", "names", "read_document", "scopes"]

HEADER = re.compile(
    r"# cost: (?P<cost>\d+); scopes: (?P<scopes>none|[a-z_]+(?:, [a-z_]+)*); "
    r"idempotent: (?P<repeatable>yes|no)"
)
_OPERATION = re.compile(r"^(?P<kind>query|mutation) (?P<name>\w+)", re.MULTILINE)
_SIZE = re.compile(r"\b(?:first|last): \$(\w+)")
_FOLDER = files("towline_relay.shopify") / "queries"


@dataclass(frozen=True, slots=True)
class Document:
    """One GraphQL document.

    Attributes:
        name: the file's name without its ending.
        text: the GraphQL text without the first line.
        operation: name of its one operation.
        cost: estimated requested cost in points.
        scopes: access scopes it takes.
        repeatable: repeating it with the same variables is harmless.
        mutation: it writes.
        keyed: it takes an idempotency key (``@idempotent``), which then is mandatory.
        sizes: its variables that are page sizes, which decide how many points it costs.
    """

    name: str
    text: str
    operation: str
    cost: int
    scopes: frozenset[str]
    repeatable: bool
    mutation: bool
    keyed: bool
    sizes: tuple[str, ...] = ()


def read_document(name: str, text: str) -> Document:
    """Read a document from the text of its file.

    Raises:
        Misuse: the first line or the operation is not as it must be.
    """
    first, _, body = text.partition("\n")
    header, operation = HEADER.fullmatch(first), _OPERATION.search(body)
    if header is None or operation is None:
        raise Misuse(f"{name}.graphql must begin with a line like {HEADER.pattern!r}.")
    scopes = header["scopes"]
    return Document(
        name=name,
        text=body,
        operation=operation["name"],
        cost=int(header["cost"]),
        scopes=frozenset() if scopes == "none" else frozenset(scopes.split(", ")),
        repeatable=header["repeatable"] == "yes",
        mutation=operation["kind"] == "mutation",
        keyed="@idempotent" in body,
        sizes=tuple(dict.fromkeys(_SIZE.findall(body))),
    )


@cache
def document(name: str) -> Document:
    """Return the document of ``queries/<name>.graphql``; read once."""
    return read_document(name, (_FOLDER / f"{name}.graphql").read_text(encoding="utf-8"))


def names() -> list[str]:
    """Return the names of all documents, sorted."""
    return sorted(
        entry.name.removesuffix(".graphql")
        for entry in _FOLDER.iterdir()
        if entry.name.endswith(".graphql")
    )


def scopes() -> frozenset[str]:
    """Return the access scopes the app needs for everything the relay does."""
    return frozenset().union(*(document(name).scopes for name in names()))


def cost_key(wanted: Document, variables: Mapping[str, Any]) -> str:
    """Return what the learned cost of a call is filed under: its document and its page size.

    Shopify charges connections by the page size asked for, not by what comes back:
    https://shopify.dev/docs/api/usage/limits
    """
    sizes = [str(variables[name]) for name in wanted.sizes if name in variables]
    return ":".join([wanted.name, *sizes])
