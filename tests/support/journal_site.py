"""A price file in a journal: its format as agent.toml gives it, and entries about its records."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from towline_agent.ibmi.errors import PositionLost
from towline_agent.ibmi.port import JournalEntry, JournalName, JournalPage, JournalPosition
from towline_agent.ibmi.records import Field, RecordFormat, encode
from towline_agent.policy import FileName
from towline_agent.sources.journal_images import JournalFile

JOURNAL = JournalName("DISTLIB", "DISTJRN")
PRICES = FileName("DISTLIB", "ITMPRC")
#: DISTLIB/ITMPRC of the sandbox's wholesaler.
PRICE_FILE = JournalFile(
    file=PRICES,
    record=RecordFormat(
        "DISTLIB/ITMPRC",
        (
            Field("IPITNB", "char", length=15),
            Field("IPLIST", "char", length=3),
            Field("IPPRC", "packed", digits=9, decimals=2),
            Field("IPCMP", "packed", digits=9, decimals=2),
            Field("IPCUR", "char", length=3),
            Field("IPEFFD", "zoned", digits=7),
        ),
    ),
    key=("IPITNB",),
    watched=("IPPRC", "IPCUR"),
)
#: The same as it stands in agent.toml.
JOURNAL_TOML = """
[journal]
name = "DISTLIB/DISTJRN"
[journal.files."DISTLIB/ITMPRC"]
ccsid = 37
key = ["IPITNB"]
watched = ["IPPRC", "IPCUR"]
fields = [
  { name = "IPITNB", type = "char", length = 15 },
  { name = "IPLIST", type = "char", length = 3 },
  { name = "IPPRC", type = "packed", digits = 9, decimals = 2 },
  { name = "IPCMP", type = "packed", digits = 9, decimals = 2 },
  { name = "IPCUR", type = "char", length = 3 },
  { name = "IPEFFD", type = "zoned", digits = 7 },
]
"""


def price_image(sku: str, price: Decimal | int = 1, *, compared: Decimal | int = 0) -> bytes:
    """Return a record of the price file as it lies on the disk; IPCMP is not watched."""
    return encode(
        PRICE_FILE.record,
        {
            "IPITNB": sku, "IPLIST": "STD", "IPPRC": Decimal(price), "IPCMP": Decimal(compared),
            "IPCUR": "EUR", "IPEFFD": Decimal(0),
        },
    )  # fmt: skip


@dataclass
class FakeJournal:
    """A journal in memory: entries in order, receivers that change, are reset and vanish."""

    entries: list[JournalEntry] = field(default_factory=list)
    receiver: int = 1
    next: int = 1
    chain: dict[str, int] = field(default_factory=dict)  # receiver -> its last sequence number
    gone: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.add("PR", code="J")

    @property
    def last(self) -> JournalPosition:
        """Position of the newest entry."""
        return self.entries[-1].position

    def add(self, kind: str, *, code: str = "R", cycle: int | None = 0, **more: object) -> int:
        """Append an entry; return its sequence number, which a ``cycle`` of None makes its own."""
        name = f"R{self.receiver:04d}"
        values: dict[str, object] = {
            "position": JournalPosition("DISTLIB", name, self.next),
            "code": code,
            "type": kind,
            "at": f"2026-11-23-08.00.00.{len(self.entries):06d}",
            "commit_cycle": self.next if cycle is None else cycle,
            "job": "123456/MWEBER/QPADEV0003",
            "user": "MWEBER",
        }
        if code in "RF":
            values |= {"library": "DISTLIB", "file": "ITMPRC", "member": "ITMPRC"}
        self.entries.append(JournalEntry(**(values | more)))  # type: ignore[arg-type]
        self.chain[name] = self.next
        self.next += 1
        return self.next - 1

    def begin(self) -> int:
        """Write SC; return the commit cycle."""
        return self.add("SC", code="C", cycle=None)

    def end(self, cycle: int, *, commit: bool = True) -> None:
        """Write CM or RB."""
        self.add("CM" if commit else "RB", code="C", cycle=cycle)

    def price(self, sku: str, *, cycle: int = 0, rrn: int = 1, price: int = 2) -> None:
        """Write UB and UP of a price change."""
        self.add("UB", cycle=cycle, rrn=rrn, data=price_image(sku, 1))
        self.add("UP", cycle=cycle, rrn=rrn, data=price_image(sku, price))

    def change_receiver(self, *, reset: bool = False) -> None:
        """Attach the next receiver."""
        self.receiver += 1
        if reset:
            self.next = 1
        self.add("PR", code="J")

    def read(self, after: JournalPosition | None, limit: int) -> JournalPage:
        """Do what the port's verb does."""
        if after is None:
            return JournalPage((), self.last, more=False)
        if after.receiver in self.gone or after.sequence > self.chain.get(after.receiver, -1):
            raise PositionLost(f"CPF9801: object {after.receiver} type *JRNRCV was not found.")
        order = list(self.chain)
        start = (order.index(after.receiver), after.sequence)
        behind = [
            entry
            for entry in self.entries
            if (order.index(entry.position.receiver), entry.position.sequence) > start
            and entry.code != "J"
        ]
        page, more = tuple(behind[:limit]), len(behind) > limit
        return JournalPage(page, page[-1].position if more else self.last, more)
