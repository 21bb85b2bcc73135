"""The files of both libraries by name, the data queues, and which files feed the outbox.

The same objects stand, for a real IBM i, in packaging/ibmi/sandbox_rules.sql.
"""

from __future__ import annotations

from dataclasses import dataclass

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.towline_files import TOWLINE_FILES
from towline_sandbox.ibmi.erp_files import ERP_FILES

__all__ = ["DOORBELL", "FEEDS", "FILES", "QUEUES", "WEBPRICE", "Feed", "QueueLayout", "layout"]


FILES: dict[str, FileLayout] = {f.object: f for f in (*ERP_FILES, *TOWLINE_FILES)}


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
    Feed(
        "DISTLIB/CUSMST",
        keys=("CUNBR",),
        watched=("CUNAM", "CUADR", "CUZIP", "CUCTY", "CUCTR", "CUMAIL", "CUSTS"),
    ),
    Feed("DISTLIB/BUSMST", keys=("BSNBR",), watched=("BSNAM", "BSSTS", "BSGID")),
    Feed(
        "DISTLIB/BUSPLC",
        keys=("BPNBR",),
        watched=("BPNAM", "BPADR", "BPZIP", "BPCTY", "BPCTR", "BPTAX", "BPTRM", "BPGID"),
    ),
    Feed("DISTLIB/ITMBAL", keys=("IBITNB", "IBWHS"), watched=("IBQOH", "IBQAL")),
    Feed(
        "TOWLINE/WEBORDH",
        keys=("ORDGID",),
        watched=("STATUS", "ERPORD", "REASON"),
        operations="U",
    ),
    Feed("TOWLINE/WEBCHG", keys=("EVENTID",), watched=("STATUS", "REASON"), operations="U"),
    Feed(
        "TOWLINE/WEBCOMP",
        keys=("EVENTID",),
        watched=("STATUS", "COMPID", "REASON"),
        operations="U",
    ),
    Feed(
        "DISTLIB/SHPHDR",
        keys=("SHNBR",),
        watched=("SHORD", "SHWHS", "SHCAR", "SHTRK", "SHDAT"),
        operations="IU",
    ),
)
