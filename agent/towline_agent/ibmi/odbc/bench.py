"""The conformance kit's bench over ODBC: a library of its own, an administrator as the ERP.

Safe on a partition people work on: nothing outside the kit's library is touched, units of work are
short, the load is a few statements at a time, and everything is removed at the end, after a failure
and after Ctrl-C too. What could not be removed is said, and the next run removes it: the library
bears the kit's mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from importlib.metadata import version

from towline_agent.conformance.bench import BenchFacts, BenchQueues, Capability, Person
from towline_agent.conformance.files import BALANCES, ITEMS, PRICES, WAREHOUSES, price_record
from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.install import ddl
from towline_agent.ibmi.odbc.bench_hand import Hand, Image, Key, NoHand
from towline_agent.ibmi.odbc.bench_objects import AREA, Objects
from towline_agent.ibmi.odbc.bench_site import BenchSite, made
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.driver import OdbcDriver
from towline_agent.ibmi.odbc.queues import Queues
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import named, statement
from towline_agent.ibmi.port import IbmI, IbmIDriver, JournalName, ProgramCall, Purpose, QueueName
from towline_agent.ibmi.towline_files import STAGING
from towline_shared.clock import SystemClock
from towline_shared.errors import Permanent, TowlineError

__all__ = ["OdbcBench", "odbc_bench"]

_ERP, _LOCKER = "CONFORM", "LOCKER"


@contextmanager
def odbc_bench(
    settings: OdbcSettings, library: str, person: Person, *, hand: Hand | None = None
) -> Iterator[OdbcBench]:
    """Make the kit's library, give its bench, and remove the library whatever happens.

    Args:
        settings: the agent's own sign-on; its profile is held to the rights of a real site.
        person: asked for the administrator, who makes the library and acts as the ERP.
        hand: of a stand-in.
    """
    with made(settings, library, person, hand or NoHand()) as site:
        under_test = OdbcDriver(replace(settings, site=site.settings.site))
        bench = OdbcBench(site, under_test, hand or NoHand())
        try:
            yield bench
        finally:
            bench.close()


class OdbcBench:
    """Implements :class:`~towline_agent.conformance.bench.Bench`."""

    def __init__(self, site: BenchSite, driver: IbmIDriver, hand: Hand) -> None:
        """Take over a library that is made; ``driver`` is the one under test."""
        objects: Objects = site.objects
        self.library = objects.library
        self.erp_library = objects.library
        self.queues: BenchQueues = objects.queues
        self.journal: JournalName | None = objects.journal
        self.program: ProgramCall | None = ProgramCall(self.library, "KITOK", ())
        self.refusing: ProgramCall | None = ProgramCall(self.library, "KITNO", ("an order",))
        self.lacks: Mapping[Capability, str] = {**site.lacks, **hand.lacks}
        self._site = site
        self._driver = driver
        self._hand = hand
        self._connections: list[IbmI] = []
        self._jobs: dict[str, Door] = {}
        self._touched: set[str] = set()

    # -- the bench itself -------------------------------------------------------------------------

    def facts(self) -> BenchFacts:
        """See the protocol."""
        return BenchFacts(
            driver=f"odbc: {self._officer.driver()}, pyodbc {version('pyodbc')}",
            ptf_group=self._ptf_group(),
            objects=f"Library {self.library}, made for this run and removed at its end.",
        )

    def clean(self) -> None:
        """See the protocol."""
        self._close_connections()
        for job, door in list(self._jobs.items()):
            if door.lost:
                door.close()
                del self._jobs[job]
            else:
                door.rollback()
            self._ended(job, committed=False)
        self._hand.clean()
        if not self._hand.reads_messages and Capability.MESSAGES not in self.lacks:
            self._command(f"QSYS/CLRMSGQ MSGQ({self._site.objects.messages})", doing="clearing")
        for item in sorted(self._touched):
            self._restore(item)
        self._touched.clear()
        for table in ("OUTBOX", "MISSED", *STAGING):
            self._do("bench_table_clear", table=named(self.library, table))
        made = self.queues
        for queue in (made.doorbell, made.plain, made.lifo, made.keyed):
            self._drain(queue)

    def close(self) -> None:
        """Close every connection, the administrator's too; harmless when closed."""
        self._close_connections()
        for door in self._jobs.values():
            door.close()
        self._jobs.clear()

    def connect(self, purpose: Purpose = Purpose.READ) -> IbmI:
        """See the protocol."""
        connection = self._driver.connect(purpose)
        self._connections.append(connection)
        return connection

    # -- the ERP's files --------------------------------------------------------------------------

    def items(self, count: int) -> list[str]:
        """See the protocol."""
        return list(ITEMS[:count])

    def add_item(self, item: str, price: Decimal, *, currency: str = "EUR") -> None:
        """See the protocol."""
        with self._unit() as door, self._noted(_ERP, door, PRICES, (item, "STD")):
            self._site.insert(door, PRICES, price_record(item, price, currency))

    def delete_item(self, item: str) -> None:
        """See the protocol."""
        with self._unit() as door, self._noted(_ERP, door, PRICES, (item, "STD")):
            self._execute(door, "bench_price_delete", (item,), library=self.library)

    def set_price(self, item: str, price: Decimal) -> None:
        """See the protocol."""
        with self._unit() as door:
            self._set_price(_ERP, door, item, price)

    def hold_price(self, job: str, item: str, price: Decimal) -> None:
        """See the protocol."""
        self._set_price(job, self._job(job), item, price)

    def commit(self, job: str) -> None:
        """See the protocol."""
        self._job(job).commit(doing=f"committing {job}")
        self._ended(job, committed=True)

    def rollback(self, job: str) -> None:
        """See the protocol."""
        self._job(job).rollback()
        self._ended(job, committed=False)

    def delete_balance(self, item: str, warehouse: str) -> None:
        """See the protocol."""
        given = (item, warehouse)
        with self._unit() as door, self._noted(_ERP, door, BALANCES, given):
            self._execute(door, "bench_balance_delete", given, library=self.library)

    def spoil_price(self, item: str, data: bytes) -> None:
        """See the protocol; SQL writes only numbers into a number."""
        raise Permanent("SQL can't put bytes that are no number into a packed field.")

    # -- queues, orders, locks --------------------------------------------------------------------

    def send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """See the protocol."""
        self._queues_of(self._officer).send(queue, data, key=key)

    def staged(self) -> list[str]:
        """See the protocol."""
        text = statement("bench_staged", library=self.library)
        return [str(row[0]).strip() for row in self._officer.query(text, doing="counting").rows]

    def hold_staged(self, job: str, event_id: str) -> None:
        """See the protocol."""
        self._execute(self._job(job), "bench_staged_hold", (event_id,), library=self.library)

    def lock_staging(self) -> None:
        """See the protocol."""
        self._execute(self._job(_LOCKER), "bench_staging_lock", (), library=self.library)

    def unlock(self) -> None:
        """See the protocol."""
        self._job(_LOCKER).rollback()

    # -- around it --------------------------------------------------------------------------------

    def set_data_area(self, name: str, value: str) -> None:
        """See the protocol; the kit has one data area, made with the library."""
        if name != AREA:
            raise Permanent(f"The kit has no data area {name}.")
        text = f"QSYS/CHGDTAARA DTAARA({self.library}/{name} *ALL) VALUE({ddl.quoted(value)})"
        self._command(text, doing=f"changing data area {name}")

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """See the protocol."""
        self._hand.set_active_jobs(names)

    def messages(self) -> list[str]:
        """See the protocol."""
        if self._hand.reads_messages:
            return self._hand.messages()
        queue = self._site.objects.messages
        rows = self._officer.query(
            statement("bench_messages"), (queue.library, queue.name), doing=f"reading {queue}"
        ).rows
        return [str(row[0]).rstrip() for row in rows]

    def cut(self) -> None:
        """See the protocol."""
        self._hand.cut()

    def restrict(self) -> None:
        """See the protocol."""
        self._hand.restrict()

    def resume(self) -> None:
        """See the protocol."""
        self._hand.resume()

    def change_receiver(self) -> None:
        """See the protocol."""
        if self._hand.journal is not None:
            self._hand.journal.change_receiver()
            return
        journal = self._site.objects.journal
        self._command(f"QSYS/CHGJRN JRN({journal}) JRNRCV(*GEN)", doing=f"changing {journal}")
        self._site.run(self._officer, self._site.objects.receivers())

    def delete_receivers(self) -> None:
        """See the protocol."""
        if self._hand.journal is not None:
            self._hand.journal.delete_receivers()
            return
        journal = self._site.objects.journal
        rows = self._officer.query(
            statement("journal_receivers"), (journal.library, journal.name), doing="receivers"
        ).rows
        for library, name, *_ in rows[:-1]:
            text = f"QSYS/DLTJRNRCV JRNRCV({str(library).strip()}/{str(name).strip()})"
            self._command(f"{text} DLTOPT(*IGNINQMSG)", doing=f"deleting receiver {name}")

    # -- small parts ------------------------------------------------------------------------------

    @property
    def _officer(self) -> Door:
        """The administrator's connection without commitment control; opened anew when it broke."""
        return self._site.officer()

    def _job(self, name: str) -> Door:
        """A job of the ERP under commitment control; opened anew when its link broke."""
        door = self._jobs.get(name)
        if door is None or door.lost:
            door = self._jobs[name] = self._site.sign_on(autocommit=False)
        return door

    @contextmanager
    def _unit(self) -> Iterator[Door]:
        door = self._job(_ERP)
        try:
            yield door
            door.commit(doing="committing a change of the ERP")
        except TowlineError:
            with suppress(TowlineError):
                door.rollback()
            raise
        self._ended(_ERP, committed=True)

    def _set_price(self, job: str, door: Door, item: str, price: Decimal) -> None:
        with self._noted(job, door, PRICES, (item, "STD")):
            self._execute(door, "bench_price_set", (price, item), library=self.library)

    @contextmanager
    def _noted(self, job: str, door: Door, layout: FileLayout, key: Key) -> Iterator[None]:
        """Remember which item a write touches, and tell a journal that is kept by hand."""
        self._touched.add(key[0])
        journal = self._hand.journal
        before = self._image(door, layout, key) if journal is not None else None
        yield
        if journal is not None:
            journal.wrote(job, layout, key, before, self._image(door, layout, key))

    def _ended(self, job: str, *, committed: bool) -> None:
        if self._hand.journal is not None:
            self._hand.journal.ended(job, committed=committed)

    def _image(self, door: Door, layout: FileLayout, key: Key) -> Image | None:
        text = statement(
            "bench_record",
            table=named(self.library, layout.name),
            columns=", ".join(field.name for field in layout.fields),
            key=" AND ".join(f"{name} = ?" for name in layout.key),
        )
        rows = door.query(text, key, doing=f"reading a record of {layout.name}").rows
        return rows[0] if rows else None

    def _restore(self, item: str) -> None:
        """Give an item its records back, or take those away it never had."""
        with self._unit() as door:
            self._execute(door, "bench_price_delete", (item,), library=self.library)
            for warehouse in WAREHOUSES:
                given = (item, warehouse)
                self._execute(door, "bench_balance_delete", given, library=self.library)
            if item in ITEMS:
                self._site.fill(door, item)

    def _drain(self, queue: QueueName) -> None:
        queues = self._queues_of(self._officer)
        while entries := queues.peek(queue, limit=500):
            for entry in entries:
                queues.take(queue, key=entry.key)

    def _queues_of(self, door: Door) -> Queues:
        return Queues(door, self._site.settings, clock=SystemClock())

    def _close_connections(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _do(self, name: str, **places: str) -> None:
        self._execute(self._officer, name, (), **places)

    def _execute(self, door: Door, name: str, given: Sequence[object], **places: str) -> None:
        door.execute(statement(name, **places), given, doing=f"acting as the ERP ({name})")

    def _command(self, text: str, *, doing: str) -> None:
        self._officer.execute(statement("command"), (text,), doing=doing)

    def _ptf_group(self) -> str:
        try:
            rows = self._officer.query(
                statement("bench_ptf_group"), doing="asking for the PTF level"
            ).rows
        except TowlineError as error:
            return f"not readable: {error.what}"
        return ", ".join(f"{row[0]} level {row[1]}" for row in rows) or "not told by the system"
