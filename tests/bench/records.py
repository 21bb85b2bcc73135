"""A million generated records through the decoder: none crashes it, round trips are exact.

``python -m tests.bench records [COUNT] [SEED]``, or ``make records``. Two records of three are
readable, in any spelling a program may use; their canonical bytes, made by other code, must come
out of writing what was read. The third is spoiled in one to all of its bytes; whatever can be read
of it must survive being written and read again, and what can't must be a cell with its hex.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.support.record_maker import make_format, make_record
from towline_agent.ibmi.port import Unread
from towline_agent.ibmi.records import RecordFormat, decode, decode_field, encode, encode_field
from towline_shared.events import Scalar

__all__ = ["Soaked", "main", "soak"]

_FORMATS = 200
_STEP = 100_000


@dataclass(frozen=True)
class Soaked:
    """What came of it; ``decode_s`` is the time within ``decode`` alone, in seconds."""

    records: int = 0
    fields: int = 0
    unread: int = 0
    data: int = 0
    decode_s: float = 0.0


def soak(count: int, *, seed: int, tell: bool = False) -> Soaked:
    """Run; AssertionError, with the seed in front, for the first record that is not exact."""
    rng = random.Random(seed)
    formats = [make_format(rng) for _ in range(_FORMATS)]
    total = Soaked()
    for number in range(1, count + 1):
        record = rng.choice(formats)
        made = make_record(rng, record)
        spoiled = number % 3 == 0
        data = _spoil(rng, made.found) if spoiled else made.found
        begun = time.perf_counter()
        cells = decode(record, data)
        took = time.perf_counter() - begun
        if spoiled:
            _check_spoiled(record, cells, data, number)
        else:
            written = encode(record, cells)  # type: ignore[arg-type]
            assert written == made.canonical, (seed, number, record, data.hex())
        total = replace(
            total,
            records=number,
            fields=total.fields + len(cells),
            unread=total.unread + sum(isinstance(cell, Unread) for cell in cells.values()),
            data=total.data + len(data),
            decode_s=total.decode_s + took,
        )
        if tell and number % _STEP == 0:
            print(f"{number:>12,} records", flush=True)
    return total


def _spoil(rng: random.Random, data: bytes) -> bytes:
    spoiled = bytearray(data)
    fills = (0x00, 0x40, 0xFF, rng.randrange(256))
    for _ in range(rng.choice((1, 1, 2, len(data)))):
        spoiled[rng.randrange(len(data))] = rng.choice(fills)
    return bytes(spoiled)


def _check_spoiled(
    record: RecordFormat, cells: Mapping[str, Scalar | Unread], data: bytes, number: int
) -> None:
    start = 0
    for field in record.fields:
        part = data[start : start + field.size]
        start += field.size
        cell = cells.get(field.name)
        if isinstance(cell, Unread):
            assert cell.raw_hex == part.hex().upper(), (number, field, data.hex())
        elif cell is not None:
            again = encode_field(field, cell, ccsid=record.ccsid)
            back = decode_field(field, again, ccsid=record.ccsid)
            assert back == cell, (number, field, part.hex())


def main(arguments: list[str]) -> None:
    """Soak and print the figures."""
    count = int(arguments[0]) if arguments else 1_000_000
    seed = int(arguments[1]) if len(arguments) > 1 else 7
    begun = time.perf_counter()
    done = soak(count, seed=seed, tell=True)
    whole = time.perf_counter() - begun
    print(
        f"{done.records:,} records of {_FORMATS} formats, seed {seed}: no crash, round trips exact."
        f"\n{done.fields:,} fields, {done.unread:,} of them refused with their bytes;"
        f" {done.data / 1e6:,.0f} MB."
        f"\n{done.records / done.decode_s:,.0f} records/s and {done.fields / done.decode_s:,.0f}"
        f" fields/s within the decoder; {whole:,.0f} s with making and checking them."
    )
