"""Files of Towline's own library: outbox, missed changes, staging files, applied events.

The one list behind the install script, the driver's INSERTs and the simulated IBM i.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from towline_agent.ibmi.catalogue import (
    Field,
    FileLayout,
    Kind,
    SqlType,
    optional,
    timestamp,
    varchar,
)
from towline_agent.ibmi.company_files import COMPANY_FILES
from towline_agent.ibmi.customer_files import CUSTOMER_FILES
from towline_agent.ibmi.order_files import EVENT, ORDER_FILES

__all__ = ["STAGING", "TOWLINE_FILES", "towline_file"]

_CCSID = 37  # of the layouts below


TOWLINE_FILES = (
    FileLayout(
        "TOWLINE",
        "OUTBOX",
        (
            Field("ID", SqlType(Kind.BIGINT, 19), "Identity, given before commit", identity=True),
            varchar("LIB", 10, "Library of the changed file"),
            varchar("FILE", 10, "Changed file"),
            optional("KEY1", 64, "Key, first column, as text"),
            optional("KEY2", 64, "Key, second column"),
            optional("KEY3", 64, "Key, third column"),
            optional("KEY4", 64, "Key, fourth column"),
            varchar("OPER", 1, "I insert, U update, D delete"),
            timestamp("CHGTS", "Changed at, local time", default="CURRENT_TIMESTAMP"),
            optional("CHGJOB", 28, "Job that changed it"),
            optional("CHGUSR", 10, "User that changed it"),
        ),
        key=("ID",),
        text="Outbox",
    ),
    FileLayout(
        "TOWLINE",
        "MISSED",
        (
            varchar("FILE", 10, "Changed file"),
            timestamp("CHGTS", "Missed at, local time", default="CURRENT_TIMESTAMP"),
        ),
        key=(),
        text="Changes that missed the outbox",
    ),
    *ORDER_FILES,
    *CUSTOMER_FILES,
    *COMPANY_FILES,
    FileLayout(
        "TOWLINE",
        "APPLIED",
        (
            EVENT,
            varchar("ORDGID", 64, "Shopify order gid"),
            timestamp("APPLYTS", "Applied at, local time"),
        ),
        key=("EVENTID",),
        text="Applied events",
    ),
)

# The order in which a document is written without commitment control: what a program waits for
# (the header) follows its parts, and the proof that all is there comes last.
STAGING = (
    "WEBORDL", "WEBORDS", "WEBORDD", "WEBORDF", "WEBORDA", "WEBORDT", "WEBORDP", "WEBORDN",
    "WEBCHGL", "WEBCHGR", "WEBCOMPL", "WEBCOMPC", "WEBORDH", "WEBCHG", "WEBCUST", "WEBCOMP",
    "APPLIED",
)  # fmt: skip


@cache
def towline_file(name: str, *, ccsid: int = 37) -> FileLayout:
    """Return a file by its name, whatever library the site put it in.

    Args:
        ccsid: of the site's text columns; columns that are Unicode anyway stay so.
    """
    (file,) = (each for each in TOWLINE_FILES if each.name == name)
    if ccsid == _CCSID:
        return file
    fields = tuple(
        replace(field, type=replace(field.type, ccsid=ccsid))
        if field.type.ccsid == _CCSID
        else field
        for field in file.fields
    )
    return replace(file, fields=fields)
