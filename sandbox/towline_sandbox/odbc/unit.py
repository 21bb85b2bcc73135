"""A unit of work of the ERP on the lab: Derby's own transaction, locks and triggers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.odbc.verdicts import DuplicateKey
from towline_sandbox.ibmi.erp import Record, Values
from towline_sandbox.ibmi.record_select import stored_key, where_key
from towline_sandbox.ibmi.towline_files import layout
from towline_sandbox.odbc.sessions import Session
from towline_sandbox.odbc.values import parameter, parameters, record
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Scalar

__all__ = ["OdbcUnit", "columns", "key_values", "lock_record"]

# Where a job of the ERP may not write every column, it locks by one that it may write.
_LOCK_BY = {
    "TOWLINE/WEBORDH": "STATUS",
    "TOWLINE/WEBORDL": "ERPLIN",
    "TOWLINE/WEBCHG": "STATUS",
    "TOWLINE/WEBCUST": "STATUS",
    "TOWLINE/WEBCOMP": "STATUS",
    "TOWLINE/WEBCOMPL": "LOCID",
}


class OdbcUnit:
    """Implements :class:`~towline_sandbox.ibmi.erp.UnitOfWork`."""

    def __init__(
        self,
        number: int,
        session: Session,
        *,
        fresh_ids: Callable[[Session], list[int]],
        ended: Callable[[Session], None],
    ) -> None:
        """Start.

        Args:
            fresh_ids: tells the outbox rows of the session's open unit.
            ended: takes the session back.
        """
        self.number = number
        self._session = session
        self._door = session.door
        self._fresh_ids = fresh_ids
        self._ended = ended
        self._open = True

    def read(self, file: str, key: Sequence[Scalar], *, lock: bool = False) -> Record | None:
        """See the port; a read without lock still waits for a record that is being changed."""
        shape = layout(file)
        values = key_values(shape, key)
        if lock and not lock_record(self._session, shape, key):
            return None
        text = f"SELECT {columns(shape)} FROM {shape.table} WHERE {where_key(shape)}"  # noqa: S608
        rows = self._door.query(text, values, doing=f"reading {file}").rows
        return record(shape, rows[0]) if rows else None

    def insert(self, file: str, values: Values) -> None:
        """See the port.

        Raises:
            Permanent: SQL0803 the key is there; or a value does not fit.
        """
        shape = layout(file)
        filled = {f.name: values.get(f.name, "" if f.type.is_text else 0) for f in shape.fields}
        given = parameters(shape, {**filled, **values})
        names = ", ".join(f'"{name}"' for name in given)
        marks = ", ".join("?" for _ in given)
        text = f"INSERT INTO {shape.table} ({names}) VALUES ({marks})"  # noqa: S608
        try:
            self._door.execute(text, tuple(given.values()), doing=f"writing to {file}")
        except DuplicateKey as error:
            raise Permanent(f"SQL0803: duplicate key in {file}.", hint=error.hint) from None

    def update(self, file: str, key: Sequence[Scalar], values: Values) -> None:
        """See the port.

        Raises:
            Permanent: SQL0100 no such record, or a value does not fit.
            Retryable: SQL0913.
        """
        shape = layout(file)
        given = parameters(shape, values)
        sets = ", ".join(f'"{name}" = ?' for name in given)
        text = f"UPDATE {shape.table} SET {sets} WHERE {where_key(shape)}"  # noqa: S608
        self._change(shape, text, [*given.values(), *key_values(shape, key)], key)

    def delete(self, file: str, key: Sequence[Scalar]) -> None:
        """See the port; errors as :meth:`update`."""
        shape = layout(file)
        text = f"DELETE FROM {shape.table} WHERE {where_key(shape)}"  # noqa: S608
        self._change(shape, text, key_values(shape, key), key)

    def commit(self) -> list[int]:
        """See the port; Retryable when it is unknown whether the unit was committed."""
        try:
            ids = self._fresh_ids(self._session)
            self._door.commit(doing="committing a unit of work of the ERP")
        except Retryable:
            self.rollback()
            raise
        if ids:
            self._session.last_id = ids[-1]
        self._end()
        return ids

    def rollback(self) -> None:
        """See the port."""
        with contextlib.suppress(LinkLost):
            if self._open:
                self._door.rollback()
        self._end()

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._ended(self._session)

    def _change(
        self, shape: FileLayout, text: str, values: Sequence[object], key: Sequence[Scalar]
    ) -> None:
        if not self._door.execute(text, tuple(values), doing=f"changing {shape.object}"):
            words = " ".join(str(part).rstrip() for part in key)
            raise Permanent(f"SQL0100: {shape.object} has no record {words}.")


def lock_record(session: Session, shape: FileLayout, key: Sequence[Scalar]) -> bool:
    """Lock a record until the session's unit ends; False when there is none.

    Derby lets go of a FOR UPDATE cursor's lock, so the record is written as it is; the triggers
    see that nothing changed.
    """
    spare = next((f.name for f in shape.fields if f.name not in shape.key), shape.key[0])
    column = _LOCK_BY.get(shape.object, spare)
    text = f'UPDATE {shape.table} SET "{column}" = "{column}" WHERE {where_key(shape)}'  # noqa: S608
    changed = session.door.execute(text, key_values(shape, key), doing=f"locking {shape.object}")
    return bool(changed)


def columns(shape: FileLayout) -> str:
    """Return the select list in the layout's order."""
    return ", ".join(f'"{field.name}"' for field in shape.fields)


def key_values(shape: FileLayout, key: Sequence[Scalar]) -> list[object]:
    """Return the values of a unique key as the driver takes them."""
    kinds = (shape.by_name[name] for name in shape.key)
    return [
        parameter(kind, value) for kind, value in zip(kinds, stored_key(shape, key), strict=True)
    ]
