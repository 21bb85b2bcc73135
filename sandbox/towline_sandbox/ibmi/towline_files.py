"""Files and data queues of library TOWLINE: outbox, staging files, applied events.

The same objects stand, for a real IBM i, in packaging/ibmi/sandbox_rules.sql.
"""

from __future__ import annotations

from dataclasses import dataclass

from towline_sandbox.ibmi.catalogue import Field, FileLayout, Kind, SqlType, packed, varchar, zoned
from towline_sandbox.ibmi.erp_files import ERP_FILES

__all__ = ["DOORBELL", "FEEDS", "FILES", "QUEUES", "WEBPRICE", "Feed", "QueueLayout", "layout"]


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

_TOWLINE_FILES = (
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

FILES: dict[str, FileLayout] = {f.object: f for f in (*ERP_FILES, *_TOWLINE_FILES)}


def layout(name: str) -> FileLayout:
    """Return a file by ``LIB/FILE``; a missing one is a KeyError."""
    return FILES[name]


@dataclass(frozen=True, slots=True)
class QueueLayout:
    """A data queue as CRTDTAQ made it.

    Attributes:
        sequence: FIFO, LIFO or KEYED; ``key_length`` is 0 unless keyed.
        most: SIZE: the most entries; the sender of one more fails (CPF950A, general knowledge).
    """

    object: str
    max_length: int
    sequence: str = "FIFO"
    key_length: int = 0
    most: int = 5000


DOORBELL = "TOWLINE/DOORBELL"
WEBPRICE = "TOWLINE/WEBPRICE"

QUEUES: dict[str, QueueLayout] = {
    queue.object: queue
    for queue in (
        QueueLayout(DOORBELL, max_length=64),
        QueueLayout(WEBPRICE, max_length=256),
        QueueLayout("TOWLINE/LASTIN", max_length=64, sequence="LIFO", most=3),
        QueueLayout("TOWLINE/BYKEY", max_length=64, sequence="KEYED", key_length=4),
    )
}


@dataclass(frozen=True, slots=True)
class Feed:
    """A file whose triggers feed the outbox.

    Attributes:
        keys: columns written to KEY1, KEY2...
        watched: columns whose change is news; a rewritten record without one is none.
        operations: I, U, D: which events the trigger takes.
    """

    file: str
    keys: tuple[str, ...]
    watched: tuple[str, ...]
    operations: str = "IUD"


FEEDS = (
    Feed(
        "DISTLIB/ITMMST",
        keys=("ITNBR",),
        watched=("ITDSC", "ITDS2", "ITCLS", "ITUOM", "ITWGT", "ITEAN", "ITSTS", "ITWEB"),
    ),
    Feed(
        "DISTLIB/ITMPRC",
        keys=("IPITNB",),
        watched=("IPPRC", "IPCMP", "IPCUR", "IPEFFD"),
    ),
    Feed("DISTLIB/ITMBAL", keys=("IBITNB", "IBWHS"), watched=("IBQOH", "IBQAL")),
    Feed(
        "TOWLINE/WEBORDH",
        keys=("ORDGID",),
        watched=("STATUS", "ERPORD", "REASON"),
        operations="U",
    ),
    Feed(
        "DISTLIB/SHPHDR",
        keys=("SHNBR",),
        watched=("SHORD", "SHWHS", "SHCAR", "SHTRK", "SHDAT"),
        operations="IU",
    ),
)
