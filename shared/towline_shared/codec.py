"""Events as JSON text and back: strict, bounded, exact.

The envelope is ``{"v": 1, "entity": ..., "id": ..., "key": ..., "origin": ..., "seen_at": ...,
"origin_time": ..., "body": {...}}``. Decimals travel as text tagged ``{"d": "12.50"}`` inside rows
(where the type is not known beforehand) and as plain text in typed fields. A field this version
does not know is refused with its name rather than dropped in silence: a half-understood price is
worse than a parked one.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from towline_shared.clock import parse_utc, utc_text
from towline_shared.errors import Permanent
from towline_shared.events import ENTITY_OF, Body, Event, Row
from towline_shared.money import decimal_from_text, plain

__all__ = ["MOST_BYTES", "VERSION", "Undecodable", "decode", "encode", "is_unicode"]

VERSION = 1
MOST_BYTES = 8 << 20  # one event; an order with 1,000 lines is about 400 KB

_BODY_OF = {name: body for body, name in ENTITY_OF.items()}
_ENVELOPE = {"v", "entity", "id", "key", "origin", "seen_at", "origin_time", "body"}


class Undecodable(Permanent):
    """A text that is not an event of a version we know."""


def is_unicode(text: str) -> bool:
    """Tell whether a text is whole: JSON can spell half a surrogate pair, no database takes it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def encode(event: Event) -> str:
    """Write an event as compact JSON; the same event always gives the same text.

    Half a surrogate pair, which a UCS-2 column and a web form can hold but no UTF-8 can, is written
    as an escape, and only a text that has one is escaped at all.

    Raises:
        Undecodable: when the text would exceed :data:`MOST_BYTES`, so that no event is written
            which the far side must refuse; or when its id or key is not whole Unicode.
    """
    if not (is_unicode(event.id) and is_unicode(event.key)):
        raise Undecodable(
            f"The {event.entity} event {event.id!a} has a key with half a surrogate pair: "
            f"{event.key!a}.",
            hint="Correct the key at its source.",
        )
    envelope = {
        "v": VERSION,
        "entity": event.entity,
        "id": event.id,
        "key": event.key,
        "origin": event.origin,
        "seen_at": utc_text(event.seen_at),
        "origin_time": event.origin_time,
        "body": _plain_value(event.body),
    }
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    if not is_unicode(text):
        text = json.dumps(envelope, ensure_ascii=True, separators=(",", ":"))
    size = len(text.encode("utf-8"))
    if size > MOST_BYTES:
        raise Undecodable(
            f"The {event.entity} event {event.id} has {size} bytes; the most is {MOST_BYTES}.",
            hint="Split the document or leave out the largest columns from its SELECT.",
        )
    return text


def decode(text: str) -> Event:
    """Read an event.

    Raises:
        Undecodable: names the field and the reason; the caller keeps the text and parks it.
    """
    if len(text) > MOST_BYTES:
        raise Undecodable(f"An event of {len(text)} characters exceeds {MOST_BYTES} bytes.")
    try:
        raw = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"An event is not readable JSON: {error}.") from None
    if not isinstance(raw, dict):
        raise Undecodable(f"An event is a JSON {type(raw).__name__}, not an object.")
    if raw.get("v") != VERSION:
        raise Undecodable(
            f"An event has version {raw.get('v')!r}; this side reads version {VERSION}.",
            hint="Upgrade the side that reads before the side that writes.",
        )
    _only(raw, _ENVELOPE, "event")
    entity = _text(raw, "entity")
    body_type = _BODY_OF.get(entity)
    if body_type is None:
        raise Undecodable(f"An event has the unknown entity {entity!r}.")
    body = _typed(raw.get("body"), body_type, f"{entity} body")
    try:
        seen_at = parse_utc(_text(raw, "seen_at"))
    except ValueError as error:
        raise Undecodable(f"seen_at of an event is not a moment: {error}.") from None
    return Event(
        id=_text(raw, "id"),
        key=_text(raw, "key"),
        origin=_text(raw, "origin"),
        seen_at=seen_at,
        body=body,
        origin_time=_text(raw, "origin_time"),
    )


def _no_float(text: str) -> Any:
    raise ValueError(f"the number {text[:40]} is not an integer; decimals travel as text")


def _plain_value(value: Any) -> Any:
    """Turn a dataclass into what json can write."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain_field(getattr(value, f.name)) for f in fields(value)}
    return _plain_field(value)


def _plain_field(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _row_value(cell) for name, cell in value.items()}
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float):
        return format(value, ".3f")
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_value(value)
    return value


def _row_value(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return {"d": plain(cell)}
    if cell is None or isinstance(cell, str | int | bool):
        return cell
    raise Undecodable(f"A row holds a {type(cell).__name__}; rows hold text, numbers and null.")


@cache
def _shape(kind: type) -> dict[str, tuple[Any, bool]]:
    """Return field name -> (type, has a default) of a dataclass."""
    hints = get_type_hints(kind)
    return {
        f.name: (
            hints[f.name],
            f.default is not MISSING or f.default_factory is not MISSING,
        )
        for f in fields(kind)
    }


def _typed(value: Any, kind: Any, where: str) -> Any:
    """Read a JSON value as a type of :mod:`towline_shared.events`."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _typed_dataclass(value, kind, where)
    if kind == Row:
        return _typed_row(value, where)
    origin = get_origin(kind)
    if origin is tuple:
        return _typed_tuple(value, get_args(kind), where)
    if kind is Decimal:
        return _typed_decimal(value, where)
    if kind is float:
        return float(_typed_decimal(value, where))
    if origin in (Union, types.UnionType):
        raise Undecodable(f"{where} has a type this codec can't read.")
    if kind is int and isinstance(value, bool):
        raise Undecodable(f"{where} is a boolean, not a number.")
    if not isinstance(value, kind):
        raise Undecodable(f"{where} is a {type(value).__name__}, not a {kind.__name__}.")
    return value


def _typed_dataclass(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, dict):
        raise Undecodable(f"{where} is a {type(value).__name__}, not an object.")
    shape = _shape(kind)
    _only(value, set(shape), where)
    arguments: dict[str, Any] = {}
    for name, (field_kind, has_default) in shape.items():
        if name in value:
            arguments[name] = _typed(value[name], field_kind, f"{where}.{name}")
        elif not has_default:
            raise Undecodable(f"{where} lacks the field {name}.")
    return kind(**arguments)


def _typed_tuple(value: Any, arguments: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Undecodable(f"{where} is a {type(value).__name__}, not a list.")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_typed(item, arguments[0], f"{where}[{i}]") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise Undecodable(f"{where} has {len(value)} parts, not {len(arguments)}.")
    return tuple(
        _typed(item, kind, f"{where}[{i}]")
        for i, (item, kind) in enumerate(zip(value, arguments, strict=True))
    )


def _typed_row(value: Any, where: str) -> Row:
    if not isinstance(value, dict):
        raise Undecodable(f"{where} is a {type(value).__name__}, not an object.")
    row: dict[str, Any] = {}
    for name, cell in value.items():
        if isinstance(cell, dict):
            _only(cell, {"d"}, f"{where}.{name}")
            row[name] = _typed_decimal(cell.get("d"), f"{where}.{name}")
        elif cell is None or isinstance(cell, str | int | bool):
            row[name] = cell
        else:
            raise Undecodable(f"{where}.{name} is a {type(cell).__name__}.")
    return types.MappingProxyType(row)


def _typed_decimal(value: Any, where: str) -> Decimal:
    if not isinstance(value, str):
        raise Undecodable(f"{where} is a {type(value).__name__}, not decimal text.")
    try:
        return decimal_from_text(value)
    except ValueError as error:
        raise Undecodable(f"{where}: {error}.") from None


def _only(value: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(value) - known)
    if unknown:
        raise Undecodable(
            f"{where} has the unknown field {unknown[0]!r}.",
            hint="The side that wrote it is newer; upgrade this side.",
        )


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        raise Undecodable(f"{name} of an event is missing or not text.")
    return value


def body_type(entity: str) -> type[Body]:
    """Return the dataclass of an entity name.

    Raises:
        Undecodable: when there is no such entity.
    """
    try:
        return _BODY_OF[entity]
    except KeyError:
        raise Undecodable(f"There is no entity {entity!r}.") from None
