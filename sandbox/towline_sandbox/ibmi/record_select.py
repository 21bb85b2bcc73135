"""The SELECT behind record-level reads, the same for both partitions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import Stored, store
from towline_sandbox.ibmi.erp import Where
from towline_shared.errors import Permanent
from towline_shared.events import Scalar

__all__ = ["order_text", "stored_key", "where_key", "where_text"]


def where_text(shape: FileLayout, where: Sequence[Where]) -> tuple[str, list[Stored]]:
    """Return `` WHERE ...`` (empty without conditions) and the values of its markers.

    Raises:
        Permanent: SQL0206 no such column, or a value the column could not hold.
    """
    values: list[Stored] = []
    parts: list[str] = []
    for each in where:
        parts.append(_condition(shape, each))
        values += _values(shape, each)
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def order_text(shape: FileLayout, order: Sequence[str], *, arrival: str = "") -> str:
    """Return `` ORDER BY ...``.

    Args:
        arrival: the expression that tells which record came first; empty where there is none, and
            the key decides among equals.
    """
    terms = [(each.removeprefix("-"), " DESC" if each.startswith("-") else "") for each in order]
    parts = [f'"{_known(shape, name)}"{way}' for name, way in terms]
    # Among equals a list that is read backwards shows the newest first, too.
    way = terms[-1][1] if terms else ""
    if arrival:
        parts.append(arrival + way)
    else:
        named = {name for name, _ in terms}
        parts += [f'"{name}"{way}' for name in shape.key if name not in named]
    return " ORDER BY " + ", ".join(parts) if parts else ""


def where_key(shape: FileLayout) -> str:
    """Return the condition on the unique key, with markers."""
    return " AND ".join(f'"{name}" = ?' for name in shape.key)


def stored_key(shape: FileLayout, key: Sequence[Scalar]) -> tuple[Stored, ...]:
    """Return a key's values as the file holds them.

    Raises:
        Permanent: SQL0117 the key has another number of fields, or a value does not fit.
    """
    if len(key) != len(shape.key):
        raise Permanent(f"SQL0117: the key of {shape.object} is {', '.join(shape.key)}.")
    return tuple(
        store(shape.by_name[name], value, where=f"{shape.object} {name}")
        for name, value in zip(shape.key, key, strict=True)
    )


def _condition(shape: FileLayout, where: Where) -> str:
    name = f'"{_known(shape, where.column)}"'
    if where.operator == "alike":
        return f"rtrim(lower({name})) = ?"
    if where.operator == "in":
        marks = ", ".join("?" for _ in where.several)
        return f"{name} IN ({marks})" if marks else "1 = 0"
    return f"{name} {where.operator} ?"


def _values(shape: FileLayout, where: Where) -> Iterator[Stored]:
    kind = shape.by_name[where.column]
    for value in where.several:
        if not kind.is_text:
            yield store(kind, value, where=f"{shape.object} {where.column}")
        elif where.operator == "alike":
            yield str(value).rstrip(" ").lower()
        else:
            yield str(value)  # any length: a search position need not be a value


def _known(shape: FileLayout, column: str) -> str:
    if column not in shape.by_name:
        raise Permanent(f"SQL0206: column {column} is not in {shape.object}.")
    return column
