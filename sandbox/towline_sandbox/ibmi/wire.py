"""How port and console verbs travel between processes: a length, then JSON.

This protocol is the sandbox's own and stands for a database connection; nothing real speaks it. A
frame is four bytes of length, big-endian, and UTF-8 JSON. What JSON lacks is tagged: ``$d`` a
decimal, ``$b`` bytes as hex, ``$e`` a member of an enumeration, ``$c`` a dataclass of the port or
of the events, by name from a fixed list. An error travels as type, sentence and hint, and is raised
again on the other side.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from towline_agent.ibmi import errors as driver_errors
from towline_agent.ibmi import port
from towline_sandbox.ibmi.data_queues import QueueFull
from towline_shared import companies, errors, orders
from towline_shared.events import BusinessCustomer, Customer

__all__ = ["MOST_BYTES", "error_of", "raised", "receive", "send"]

MOST_BYTES = 64 << 20

_CLASSES: Mapping[str, Any] = {
    kind.__name__: kind
    for kind in (
        port.Description, port.EntityQuery, port.JournalEntry, port.JournalName,
        port.JournalPage, port.JournalPosition, port.OutboxDepth, port.OutboxRow, port.ProgramCall,
        port.QueueEntry, port.QueueInfo, port.QueueName, port.TableRow, port.Unread,
        *(getattr(orders, name) for name in orders.__all__),
        *(getattr(companies, name) for name in companies.__all__),
        Customer, BusinessCustomer,
    )
}  # fmt: skip
_ENUMS: Mapping[str, type[Enum]] = {kind.__name__: kind for kind in (port.Purpose, port.Applied)}
_ERRORS: Mapping[str, type[errors.TowlineError]] = {
    kind.__name__: kind
    for kind in (
        driver_errors.InUse, driver_errors.LinkLost, driver_errors.Restricted,
        driver_errors.PositionLost, driver_errors.SignOnRefused, driver_errors.SiteFault, QueueFull,
        errors.Retryable, errors.Permanent, errors.Refused, errors.BadRecord, errors.Misuse,
    )
}  # fmt: skip


def send(to: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one frame; the socket's own errors pass through."""
    text = json.dumps(message, default=_tagged, ensure_ascii=False, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    to.sendall(len(data).to_bytes(4, "big") + data)


def receive(source: socket.socket) -> dict[str, Any]:
    """Return the next frame.

    Raises:
        ConnectionError: the other side closed, or sent what is no frame of this protocol.
        OSError: the socket's own errors, a timeout among them.
    """
    length = int.from_bytes(_exactly(source, 4), "big")
    if length > MOST_BYTES:
        raise ConnectionError(f"a frame of {length} bytes came; the most is {MOST_BYTES}")
    try:
        message = json.loads(_exactly(source, length), object_hook=_untagged)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        raise ConnectionError("a frame came that is not of this protocol") from None
    if not isinstance(message, dict):
        raise ConnectionError("a frame came that is not an object")
    return message


def error_of(error: errors.TowlineError) -> dict[str, str]:
    """Write an error for the other side; an unknown type goes as its nearest base."""
    names = [base.__name__ for base in type(error).__mro__ if base.__name__ in _ERRORS]
    told = {"type": names[0] if names else "Permanent", "what": error.what, "hint": error.hint}
    for name in ("code", "field", "raw_hex"):
        value = getattr(error, name, None)
        if isinstance(value, str):
            told[name] = value
    return told


def raised(told: Mapping[str, str]) -> errors.TowlineError:
    """Make the error anew."""
    kind = _ERRORS.get(told["type"], errors.Permanent)
    what, hint = told["what"], told["hint"]
    if kind is errors.Refused:
        return errors.Refused(what, hint=hint, code=told.get("code", ""))
    if kind is errors.BadRecord:
        return errors.BadRecord(
            what, field=told.get("field", ""), raw_hex=told.get("raw_hex", ""), hint=hint
        )
    return kind(what, hint=hint)


def _exactly(source: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = source.recv(min(1 << 20, length - len(data)))
        if not part:
            raise ConnectionError("the other side closed the connection")
        data += part
    return bytes(data)


def _tagged(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"$d": format(value, "f")}
    if isinstance(value, bytes):
        return {"$b": value.hex()}
    if isinstance(value, Enum):
        return {"$e": [type(value).__name__, value.value]}
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and type(value).__name__ in _CLASSES:
        return {
            "$c": [type(value).__name__, {f.name: getattr(value, f.name) for f in fields(value)}]
        }
    raise TypeError(f"{type(value).__name__} does not travel")


def _untagged(value: dict[str, Any]) -> Any:
    if len(value) != 1:
        return value
    if "$d" in value:
        return Decimal(value["$d"])
    if "$b" in value:
        return bytes.fromhex(value["$b"])
    if "$e" in value:
        name, member = value["$e"]
        return _ENUMS[name](member)
    if "$c" in value:
        name, parts = value["$c"]
        return _CLASSES[name](**{field: _tuples(part) for field, part in parts.items()})
    return value


def _tuples(value: Any) -> Any:
    """Sequences inside the port's and the events' classes are tuples."""
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
