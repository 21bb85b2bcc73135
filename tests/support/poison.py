"""Everything a relay can say, with statements and commands in every text of it."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints

__all__ = ["POISONS", "poisoned", "variants"]

POISONS = (
    "'; DROP TABLE TOWLINE.OUTBOX; --",
    '") UNION SELECT * FROM PAYROLL.SALARY --',
    "CALL QSYS2.QCMDEXC('DLTLIB LIB(TOWLINE)')",
    "VALUES QSYS2.QCMDEXC('PWRDWNSYS *IMMED')",
    "DLTLIB LIB(TOWLINE)",
    "{library}?{values}",
    "PAYROLL/SALARY",
)


def poisoned(kind: Any, text: str) -> Any:
    """Return a value of a type whose every text is ``text``."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{f.name: poisoned(hints[f.name], text) for f in fields(kind) if f.init})
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        wanted = parts[:1] if parts[-1] is Ellipsis else parts
        return tuple(poisoned(each, text) for each in wanted)
    if get_origin(kind) in (dict, Mapping, types.MappingProxyType) or kind is Mapping:
        return {text: text}
    plain: dict[Any, Any] = {str: text, int: 7, bool: True, float: 1.0, Decimal: Decimal("1.00")}
    if kind in plain:
        return plain[kind]
    return {text: text} if get_origin(kind) is not None else text


def variants(value: Any, text: str) -> Iterator[Any]:
    """Yield copies of a document, each with one text of it, at any depth, replaced."""
    for each in fields(value):
        held = getattr(value, each.name)
        if isinstance(held, str):
            yield replace(value, **{each.name: text})
        elif is_dataclass(held) and not isinstance(held, type):
            for other in variants(held, text):
                yield replace(value, **{each.name: other})
        elif isinstance(held, tuple) and held and is_dataclass(held[0]):
            for other in variants(held[0], text):
                yield replace(value, **{each.name: (other, *held[1:])})
