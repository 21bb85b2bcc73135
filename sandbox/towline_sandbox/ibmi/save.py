"""A save file: both libraries of any partition as the SQLite file the simulated one works in.

What SAVLIB is to a tape, in small. The reckoning reads it, so that one book-keeper does for every
partition.
"""

from __future__ import annotations

from pathlib import Path

from towline_sandbox.ibmi.erp import Machine
from towline_sandbox.ibmi.storage import Storage
from towline_sandbox.ibmi.towline_files import FILES
from towline_shared.clock import SystemClock
from towline_shared.errors import Permanent

__all__ = ["save"]


def save(system: Machine, path: Path) -> int:
    """Write all records of all files into a new file; returns how many.

    Raises:
        Permanent: the file is there already.
    """
    if path.exists():
        raise Permanent(f"{path} is there already.", hint="A save is never written over another.")
    storage = Storage(path, clock=SystemClock(), utc_offset_h=system.settings.utc_offset_h)
    saved = 0
    try:
        with storage.write() as db:
            for shape in FILES.values():
                records = system.select(shape.object)
                names = ", ".join(f'"{field.name}"' for field in shape.fields)
                marks = ", ".join("?" for _ in shape.fields)
                text = f'INSERT INTO "{shape.table}" ({names}) VALUES ({marks})'  # noqa: S608
                db.executemany(text, (tuple(record.values()) for record in records))
                saved += len(records)
    finally:
        storage.close()
    return saved
