"""Files of Towline's own library: outbox, missed changes, staging files, applied events.

The one list behind the install script, the driver's INSERTs and the simulated IBM i. Numbers of an
order are packed 15,2; texts that only describe have the lengths order entry programs use.
"""

from __future__ import annotations

from towline_agent.ibmi.catalogue import Field, FileLayout, Kind, SqlType, packed, varchar, zoned

__all__ = ["STAGING", "TOWLINE_FILES", "towline_file"]


def _timestamp(name: str, text: str) -> Field:
    return Field(name, SqlType(Kind.TIMESTAMP, 26), text)


def _address_fields() -> tuple[Field, ...]:
    return (
        varchar("NAME", 60),
        varchar("COMPANY", 60),
        varchar("ADDRESS1", 60),
        varchar("ADDRESS2", 60),
        varchar("CITY", 40),
        varchar("PROVINCE", 40),
        varchar("ZIP", 15),
        varchar("COUNTRY", 2),
        varchar("PHONE", 25),
    )


_EVENT = varchar("EVENTID", 64, "Event id of the order document")

TOWLINE_FILES = (
    FileLayout(
        "TOWLINE",
        "OUTBOX",
        (
            Field("ID", SqlType(Kind.BIGINT, 19), "Identity, given before commit"),
            varchar("LIB", 10),
            varchar("FILE", 10),
            varchar("KEY1", 64),
            varchar("KEY2", 64),
            varchar("KEY3", 64),
            varchar("KEY4", 64),
            varchar("OPER", 1),
            _timestamp("CHGTS", "Changed at, local time"),
            varchar("CHGJOB", 28),
            varchar("CHGUSR", 10),
        ),
        key=("ID",),
        text="Outbox",
    ),
    FileLayout(
        "TOWLINE",
        "MISSED",
        (varchar("FILE", 10), _timestamp("CHGTS", "Missed at, local time")),
        key=(),
        text="Changes whose outbox row could not be written",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDH",
        (
            _EVENT,
            varchar("ORDGID", 64, "Shopify order gid"),
            varchar("ORDNAME", 20, "Order name in the shop"),
            varchar("PLACEDAT", 35, "Placed at, ISO 8601"),
            varchar("CURRENCY", 3),
            varchar("TAXINCL", 1, "Prices include tax Y N"),
            varchar("TEST", 1, "Test order Y N"),
            varchar("FINSTS", 20, "Financial status"),
            packed("LINESTOT", 15, 2),
            packed("SHIPTOT", 15, 2),
            packed("TAXTOT", 15, 2),
            packed("ADJUST", 15, 2),
            packed("TOTAL", 15, 2),
            varchar("CUSTGID", 64),
            varchar("CUSTNAME", 60),
            varchar("EMAIL", 80),
            varchar("PHONE", 25),
            varchar("CUSTPO", 30),
            varchar("STATUS", 1, "N new, A accepted, R refused"),
            zoned("ERPORD", 7, text="ERP order number, 0 none"),
            varchar("REASON", 100),
            _timestamp("CRTTS", "Written at, local time"),
        ),
        key=("EVENTID",),
        unique=(("ORDGID",),),
        text="Web orders, header",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDL",
        (
            _EVENT,
            zoned("LINENO", 5),
            varchar("LINEGID", 64, "Shopify line item gid"),
            varchar("SKU", 40),
            varchar("TITLE", 60),
            zoned("QTY", 9),
            packed("UNITPRC", 15, 2),
            packed("DISCOUNT", 15, 2),
            packed("TOTAL", 15, 2),
            zoned("ERPLIN", 3, text="Line of ORDLIN, 0 none"),
        ),
        key=("EVENTID", "LINENO"),
        unique=(("EVENTID", "LINEGID"),),
        text="Web orders, lines",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDS",
        (
            _EVENT,
            zoned("SEQ", 3),
            varchar("CODE", 60),
            varchar("TITLE", 60),
            packed("PRICE", 15, 2),
            packed("DISCOUNT", 15, 2),
            packed("TOTAL", 15, 2),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, shipping charges",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDA",
        (_EVENT, varchar("KIND", 1, "S ship to, B bill to"), *_address_fields()),
        key=("EVENTID", "KIND"),
        text="Web orders, addresses",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDT",
        (
            _EVENT,
            zoned("SEQ", 5),
            zoned("LINENO", 5, text="Line, 0 for a shipping charge"),
            varchar("TITLE", 30),
            packed("RATE", 9, 6),
            packed("AMOUNT", 15, 2),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, taxes",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDP",
        (
            _EVENT,
            zoned("SEQ", 3),
            varchar("GATEWAY", 40),
            varchar("KIND", 20),
            varchar("STATUS", 20),
            packed("AMOUNT", 15, 2),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, payments",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDN",
        (
            _EVENT,
            zoned("SEQ", 5),
            varchar("KIND", 10, "NOTE, ATTRIBUTE or ORIGINAL"),
            varchar("NAME", 80, ccsid=1208),
            varchar("VALUE", 4000, ccsid=1208),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, notes and originals of fitted texts",
    ),
    FileLayout(
        "TOWLINE",
        "APPLIED",
        (_EVENT, varchar("ORDGID", 64), _timestamp("APPLYTS", "Applied at, local time")),
        key=("EVENTID",),
        text="Applied events",
    ),
)

# The order in which a document is written without commitment control: what a program waits for
# (the header) follows its parts, and the proof that all is there comes last.
STAGING = ("WEBORDL", "WEBORDS", "WEBORDA", "WEBORDT", "WEBORDP", "WEBORDN", "WEBORDH", "APPLIED")

_BY_NAME = {file.name: file for file in TOWLINE_FILES}


def towline_file(name: str) -> FileLayout:
    """Return a file by its name, whatever library the site put it in."""
    return _BY_NAME[name]
