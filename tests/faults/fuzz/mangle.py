"""Ways to spoil bytes and JSON, drawn from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

__all__ = ["mangled", "mangled_json"]

_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1 << 62, 1 << 63, -(1 << 70), 1.5, "", "x", "\ud800", "\0",
    "9" * 5_000, [], [[]], {}, {"d": "1.50"}, {"d": "NaN"}, {"d": "1e999999999"}, ["a", "b"],
)  # fmt: skip
_DEEP = 3_000  # brackets; more than any recursion stands


def mangled(data: bytes, rng: random.Random, *, other: bytes = b"") -> bytes:
    """Return bytes that differ from ``data``.

    Args:
        other: a second message, to splice with.
    """
    while True:
        spoilt = rng.choice(_WAYS)(data, rng, other)
        if spoilt != data:
            return spoilt


def _flip(data: bytes, rng: random.Random, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _put(data: bytes, rng: random.Random, other: bytes) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.randbytes(rng.randint(1, 9)) + data[place:]


def _cut(data: bytes, rng: random.Random, other: bytes) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[rng.randint(start, len(data)) :]


def _splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _repeat(data: bytes, rng: random.Random, other: bytes) -> bytes:
    start = rng.randint(0, len(data))
    return data + data[start : start + rng.randint(1, 64)]


_WAYS: tuple[Callable[[bytes, random.Random, bytes], bytes], ...] = (
    _flip, _flip, _flip, _put, _cut, _splice, _repeat,
)  # fmt: skip


def mangled_json(text: str, rng: random.Random) -> str:
    """Return JSON that may be of another shape: a value replaced, a field added, lost or deep."""
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = _changed(value, rng)
    made = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.02:
        made = made.replace("null", "[" * _DEEP + "]" * _DEEP, 1)
    if rng.random() < 0.05:
        made = made.replace("1", rng.choice(("NaN", "Infinity", "1e400", "1.0", "9" * 5_000)), 1)
    return made


def _changed(value: Any, rng: random.Random) -> Any:
    """Walk down a random way and change what is found there."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(list(value))
        changed = dict(value)
        if (fate := rng.random()) < 0.1:
            del changed[name]
        elif fate < 0.2:
            changed[f"{name}x"] = rng.choice(_ODD)
        else:
            changed[name] = _changed(value[name], rng)
        return changed
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        if (fate := rng.random()) < 0.1:
            return value[:place] + value[place + 1 :]
        if fate < 0.2:
            return value + value[place:]
        return [*value[:place], _changed(value[place], rng), *value[place + 1 :]]
    return rng.choice(_ODD)
