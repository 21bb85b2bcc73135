"""What the checks need beside the port: a hand on the other side, to change rows and break things.

A driver offers a bench by a method of its own, ``bench(library)``; see :class:`BenchMaker`. The
files of a bench have the layout of the sandbox's wholesaler (price file ITMPRC, balance file
ITMBAL), so that one set of checks holds every driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol, runtime_checkable

from towline_agent.ibmi.port import (
    EntityQuery,
    IbmI,
    JournalName,
    ProgramCall,
    Purpose,
    QueueName,
)

__all__ = [
    "Bench",
    "BenchFacts",
    "BenchMaker",
    "BenchQueues",
    "Capability",
    "Person",
    "price_query",
    "query",
    "stock_query",
]


Person = Callable[[], tuple[str, str]]
"""Asks for the administrator who makes the kit's objects: profile and password."""


class Capability(Enum):
    """What a bench may be unable to bring about; a check that needs it is then not shown."""

    UNREADABLE_CELLS = "cells whose bytes are no number"
    LOCKS = "locks held by another job"
    KEYED_QUEUES = "keyed data queues"
    BINARY_KEYS = "keys of data queues that are no text"
    LIFO_QUEUES = "LIFO data queues"
    SMALL_QUEUES = "a data queue that can be filled"
    DATA_AREAS = "data areas"
    ACTIVE_JOBS = "jobs by name"
    MESSAGES = "reading the operator's messages"
    PROGRAMS = "programs of the ERP"
    REFUSING_PROGRAMS = "a program that refuses"
    LINK_LOSS = "a link that breaks"
    RESTRICTED_STATE = "restricted state"
    JOURNAL = "a journal"
    RECEIVERS = "journal receivers that are changed and deleted"


@dataclass(frozen=True, slots=True)
class BenchQueues:
    """Data queues of a bench; all are empty when a check begins.

    Attributes:
        doorbell: rung by the triggers; FIFO.
        plain: FIFO, MAXLEN 256.
        lifo: LIFO, MAXLEN 64, and at most ``lifo_most`` entries.
        keyed: KEYED with a key of ``key_length`` bytes, MAXLEN 64.
    """

    doorbell: QueueName
    plain: QueueName
    lifo: QueueName
    keyed: QueueName
    key_length: int = 4
    lifo_most: int = 3


@dataclass(frozen=True, slots=True)
class BenchFacts:
    """What the report says about the bench beside the port's own ``describe()``.

    Attributes:
        driver: name of the driver, with its version where it has one.
        ptf_group: level of the Db2 PTF group (SF99703, SF99704...), or why it can't be read.
        objects: one sentence: what the kit made for itself, and where.
    """

    driver: str
    ptf_group: str
    objects: str


class Bench(Protocol):
    """One partition, or a library of its own on one.

    Attributes:
        library: holds Towline's own files: outbox, staging files, applied events.
        erp_library: holds ITMPRC and ITMBAL, whose triggers feed the outbox.
        queues: the data queues.
        journal: journal of the two files; None where the bench has none.
        program: a program that ends well, and ``refusing`` one that says no; None where there is
            none.
        lacks: what this bench can't bring about, each with its reason.
    """

    library: str
    erp_library: str
    queues: BenchQueues
    journal: JournalName | None
    program: ProgramCall | None
    refusing: ProgramCall | None
    lacks: Mapping[Capability, str]

    def facts(self) -> BenchFacts:
        """Return what the report says of the bench."""
        ...

    def clean(self) -> None:
        """Make everything as it was: connections closed, queues and Towline's files empty.

        Called before each check, also after one that failed half-way: open units of work are
        rolled back, locks released, files filled as at the start.
        """
        ...

    def connect(self, purpose: Purpose = Purpose.READ) -> IbmI:
        """Open a connection through the driver under test; the bench closes it."""
        ...

    def items(self, count: int) -> list[str]:
        """Return item numbers with a readable price in EUR and balances; 40 at least are there."""
        ...

    def add_item(self, item: str, price: Decimal, *, currency: str = "EUR") -> None:
        """Insert a record into ITMPRC under price list STD, with COMMIT."""
        ...

    def delete_item(self, item: str) -> None:
        """Delete that record, with COMMIT."""
        ...

    def set_price(self, item: str, price: Decimal) -> None:
        """Change a price as an ERP program does, with COMMIT."""
        ...

    def hold_price(self, job: str, item: str, price: Decimal) -> None:
        """Change a price in a unit of work that stays open; a second call goes on in it."""
        ...

    def commit(self, job: str) -> None:
        """End a unit of work with COMMIT."""
        ...

    def rollback(self, job: str) -> None:
        """End a unit of work with ROLLBACK."""
        ...

    def delete_balance(self, item: str, warehouse: str) -> None:
        """Delete a record of ITMBAL, with COMMIT."""
        ...

    def spoil_price(self, item: str, data: bytes) -> None:
        """Put bytes into IPPRC that are no packed number."""
        ...

    def send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """Send an entry as a program does."""
        ...

    def staged(self) -> list[str]:
        """Return the names of the orders in the staging header, read past the driver."""
        ...

    def hold_staged(self, job: str, event_id: str) -> None:
        """Change the header of a staged order in a unit of work that stays open."""
        ...

    def lock_staging(self) -> None:
        """Hold the staging header exclusively in another job."""
        ...

    def unlock(self) -> None:
        """Let that lock go."""
        ...

    def set_data_area(self, name: str, value: str) -> None:
        """Create or change a character data area in ``library``."""
        ...

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """Let exactly these jobs be active beside our own."""
        ...

    def messages(self) -> list[str]:
        """Return the texts the operator got, oldest first."""
        ...

    def cut(self) -> None:
        """Break the link of every open connection, as a network does; new ones can be opened."""
        ...

    def restrict(self) -> None:
        """End the subsystems."""
        ...

    def resume(self) -> None:
        """Start them again."""
        ...

    def change_receiver(self) -> None:
        """Attach a new journal receiver (CHGJRN)."""
        ...

    def delete_receivers(self) -> None:
        """Delete all journal receivers but the attached one."""
        ...


@runtime_checkable
class BenchMaker(Protocol):
    """A driver that offers a bench."""

    def bench(self, library: str, person: Person) -> AbstractContextManager[Bench]:
        """Make the kit's own objects in a library, and remove them at the end, whatever happens.

        Args:
            person: asked only where the objects need somebody who may make them.

        Raises:
            Misconfigured: the library exists and was not made by the kit, or nobody was named.
            Permanent, Retryable: as :meth:`~towline_agent.ibmi.port.IbmIDriver.connect`; at the
                end Permanent when something could not be removed: the sentence says what is left.
        """
        ...


def query(bench: Bench, entity: str, select: str, *key: str) -> EntityQuery:
    """Return a SELECT as a customer writes it, with the bench's own library names in it.

    Args:
        select: ``{erp}`` stands for the library of ITMPRC and ITMBAL, ``{own}`` for Towline's.
        key: result columns that identify a row.
    """
    text = select.replace("{erp}", bench.erp_library).replace("{own}", bench.library)
    return EntityQuery(entity, text, key)


def price_query(bench: Bench) -> EntityQuery:
    """Return the SELECT of prices; one row for each item number."""
    select = (
        "SELECT RTRIM(IPITNB) AS SKU, IPITNB, IPPRC, IPCUR, IPEFFD FROM {erp}.ITMPRC"
        " WHERE IPLIST = 'STD'"
    )
    return query(bench, "price", select, "SKU")


def stock_query(bench: Bench) -> EntityQuery:
    """Return the SELECT of balances; one row for each item number and warehouse."""
    select = "SELECT RTRIM(IBITNB) AS SKU, RTRIM(IBWHS) AS WAREHOUSE, IBQOH FROM {erp}.ITMBAL"
    return query(bench, "stock", select, "SKU", "WAREHOUSE")
