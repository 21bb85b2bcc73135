"""The two libraries on the lab, made once: the ERP's files and data, then Towline's script.

An administrator's steps in an administrator's order. The script is the very text that a customer's
administrator signs; the lab's front door translates it.
"""

from __future__ import annotations

from collections.abc import Iterable

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import store
from towline_agent.ibmi.odbc.door import Door
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.erp_files import ERP_FILES
from towline_sandbox.ibmi.towline_files import layout
from towline_sandbox.odbc.unit import columns
from towline_sandbox.odbc.values import column_type, parameter

__all__ = [
    "ERP_USER",
    "create_erp",
    "create_profile",
    "load",
    "run_script",
    "set_password",
]

ERP_USER = "ERPBATCH"
_BOX = (
    "CREATE SCHEMA SANDBOX",
    "CREATE TABLE SANDBOX.MESSAGES (SEQ BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " SENTTS VARCHAR(26) NOT NULL, MSGID VARCHAR(7) NOT NULL, SEVERITY INTEGER NOT NULL,"
    " MSGTEXT VARCHAR(1000) NOT NULL)",
)


def create_erp(door: Door) -> None:
    """Create DISTLIB with its files, and the operator's message queue of the sandbox."""
    for text in _BOX:
        door.execute(text, doing="making the sandbox's own library")
    door.execute("CREATE SCHEMA DISTLIB", doing="making library DISTLIB")
    for shape in ERP_FILES:
        door.execute(_create_table(shape), doing=f"making file {shape.object}")
        grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {shape.table} TO {ERP_USER}"
        door.execute(grant, doing=f"granting {shape.object} to {ERP_USER}")


def load(door: Door, data: Dataset) -> None:
    """Write the wholesaler's records; no trigger is there yet. Commits."""
    for file, rows in data.rows.items():
        shape = layout(file)
        marks = ", ".join("?" for _ in shape.fields)
        text = f"INSERT INTO {shape.table} ({columns(shape)}) VALUES ({marks})"  # noqa: S608
        door.execute_many(
            text,
            (
                [
                    parameter(
                        f.type,
                        store(f.type, row.get(f.name, "" if f.type.is_text else 0), where=file),
                    )
                    for f in shape.fields
                ]
                for row in rows
            ),
            doing=f"loading {file}",
        )
    door.commit(doing="loading the ERP's files")


def create_profile(door: Door, name: str) -> None:
    """Create a user profile without any special authority; it can't sign on yet."""
    _command(door, f"QSYS/CRTUSRPRF USRPRF({name}) PASSWORD(*NONE) SPCAUT(*NONE) LMTCPB(*YES)")


def set_password(door: Door, name: str, password: str) -> None:
    """Give a profile a password; the command, which holds it, is in no sentence."""
    _command(door, f"QSYS/CHGUSRPRF USRPRF({name}) PASSWORD({password})")


def run_script(door: Door, texts: Iterable[str]) -> None:
    """Run the statements of a script, each committed, as RUNSQLSTM COMMIT(*NONE) does."""
    for number, text in enumerate(texts, start=1):
        door.execute(text, doing=f"running statement {number} of Towline's script")


def _command(door: Door, text: str) -> None:
    door.execute("CALL QSYS2.QCMDEXC(?)", (text,), doing="changing a user profile")


def _create_table(shape: FileLayout) -> str:
    # A number may be NULL: it stands for a field whose bytes are no number; a key never is.
    lines = [
        f'"{f.name}" {column_type(f.type)}'
        + (" NOT NULL" if f.type.is_text or f.name in shape.key else "")
        for f in shape.fields
    ]
    lines.append(f"PRIMARY KEY ({', '.join(shape.key)})")
    return f"CREATE TABLE {shape.table} ({', '.join(lines)})"
