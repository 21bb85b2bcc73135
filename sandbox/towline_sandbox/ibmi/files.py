"""Record-level reads of the partition's SQLite file, its first load, and spoiled fields."""

from __future__ import annotations

from collections.abc import Sequence

from towline_agent.ibmi.columns import store
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.erp import Record, Where
from towline_sandbox.ibmi.record_select import order_text, stored_key, where_key, where_text
from towline_sandbox.ibmi.storage import Storage
from towline_sandbox.ibmi.towline_files import layout
from towline_shared.errors import Permanent
from towline_shared.events import Scalar

__all__ = ["Files"]


class Files:
    """All files of both libraries, outside any unit of work."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def select(
        self, file: str, *where: Where, order: Sequence[str] = (), most: int | None = None
    ) -> list[Record]:
        """See :meth:`towline_sandbox.ibmi.erp.Partition.select`."""
        shape = layout(file)
        condition, values = where_text(shape, where)
        sequence = order_text(shape, order, arrival="rowid")
        limit = "" if most is None else f" LIMIT {int(most)}"
        text = f'SELECT * FROM "{shape.table}"{condition}{sequence}{limit}'  # noqa: S608
        with self._storage.lock:
            return [dict(row) for row in self._storage.db.execute(text, values).fetchall()]

    def count(self, file: str, *where: Where) -> int:
        """See :meth:`towline_sandbox.ibmi.erp.Partition.count`."""
        shape = layout(file)
        condition, values = where_text(shape, where)
        text = f'SELECT count(*) FROM "{shape.table}"{condition}'  # noqa: S608
        with self._storage.lock:
            return int(self._storage.db.execute(text, values).fetchone()[0])

    def load(self, data: Dataset) -> None:
        """Write rows straight into the files, as a restore does: no trigger fires."""
        with self._storage.write() as db:
            for file, rows in data.rows.items():
                shape = layout(file)
                names = ", ".join(f'"{field.name}"' for field in shape.fields)
                marks = ", ".join("?" for _ in shape.fields)
                db.executemany(
                    f'INSERT INTO "{shape.table}" ({names}) VALUES ({marks})',  # noqa: S608
                    (
                        [
                            store(f.type, row.get(f.name, "" if f.type.is_text else 0), where=file)
                            for f in shape.fields
                        ]
                        for row in rows
                    ),
                )
            self._storage.remember("filled", "yes")

    def spoil(self, file: str, key: Sequence[Scalar], field: str, data: bytes) -> int:
        """Put raw bytes into a field, as a bad program does; returns the records changed."""
        shape = layout(file)
        if field not in shape.by_name:
            raise Permanent(f"SQL0206: column {field} is not in {file}.")
        text = f'UPDATE "{shape.table}" SET "{field}" = ? WHERE {where_key(shape)}'  # noqa: S608
        with self._storage.write() as db:
            return db.execute(text, (data, *stored_key(shape, key))).rowcount
