"""Values between a record as the ERP's programs see it and a Derby column. Pure.

Derby holds no blank packed field: NULL in a number stands for one. A program sees it as the blanks
(X'40') that a migrated file would hold, so it behaves as on the simulated IBM i.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from towline_agent.ibmi.catalogue import FileLayout, Kind, SqlType
from towline_agent.ibmi.columns import Stored, store
from towline_agent.ibmi.odbc.cells import timestamp_text
from towline_sandbox.ibmi.erp import Record, Values
from towline_shared.errors import Permanent

__all__ = ["column_type", "parameter", "parameters", "record"]

_BLANK = b"\x40"


def column_type(kind: SqlType) -> str:
    """Write a type in Derby's dialect."""
    return str(kind)


def record(shape: FileLayout, row: tuple[Any, ...]) -> Record:
    """Return a fetched row, columns in the layout's order, as stored."""
    fields = zip(shape.fields, row, strict=True)
    return {field.name: _stored(field.type, cell) for field, cell in fields}


def parameters(shape: FileLayout, values: Values) -> dict[str, Any]:
    """Return values by column as the driver takes them, each held against its column.

    Raises:
        Permanent: SQL0206 no such column; SQL0404, SQL0406 and kin: a value does not fit.
    """
    unknown = values.keys() - shape.by_name.keys()
    if unknown:
        raise Permanent(f"SQL0206: column {min(unknown)} is not in {shape.object}.")
    return {
        name: parameter(shape.by_name[name], store(shape.by_name[name], value, where=shape.object))
        for name, value in values.items()
    }


def parameter(kind: SqlType, stored: Stored) -> Any:
    """Return a stored value as the driver takes it; bytes in a number become NULL."""
    if stored is None or isinstance(stored, bytes):
        return None
    if kind.kind is Kind.BIGINT:
        return int(stored)
    if kind.is_number:
        return Decimal(str(stored))
    return str(stored)


def _stored(kind: SqlType, cell: Any) -> Stored:
    if cell is None:
        return _BLANK * _bytes(kind) if kind.is_number else ""
    if kind.is_number:
        return store(kind, int(cell) if kind.kind is Kind.BIGINT else Decimal(cell), where="a cell")
    if kind.kind is Kind.TIMESTAMP:
        return timestamp_text(cell)
    return str(cell)


def _bytes(kind: SqlType) -> int:
    return kind.length // 2 + 1 if kind.kind is Kind.PACKED else kind.length
