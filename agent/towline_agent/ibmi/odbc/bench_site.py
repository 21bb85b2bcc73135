"""Making and removing the kit's library over an administrator's sign-on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from towline_agent.conformance.bench import Capability, Person
from towline_agent.conformance.files import (
    BALANCES,
    ITEMS,
    PRICES,
    WAREHOUSES,
    balance_record,
    price_record,
)
from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.odbc.bench_hand import Hand
from towline_agent.ibmi.odbc.bench_objects import MARK, MARKER, Objects, Statement
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import marks, named, statement
from towline_agent.ibmi.port import Purpose, Site
from towline_shared.errors import Misconfigured, Permanent, TowlineError
from towline_shared.events import Scalar

__all__ = ["BenchSite", "made"]

_ROUNDS = 2  # what was in use the first time may be free the second
_WITHOUT = {
    Capability.UNREADABLE_CELLS: "SQL can't write bytes that are no number into a number.",
    Capability.BINARY_KEYS: "The SQL services of data queues take keys as text only.",
}


class BenchSite:
    """The kit's library and how to get to it as its administrator.

    Attributes:
        settings: the administrator's sign-on, with the library as site.
        lacks: what could not be made, each with its reason.
    """

    def __init__(self, settings: OdbcSettings, objects: Objects) -> None:
        """Name everything; nothing is opened or made yet."""
        self.settings = settings
        self.objects = objects
        self.lacks: dict[Capability, str] = dict(_WITHOUT)
        self._door: Door | None = None

    def sign_on(self, *, autocommit: bool) -> Door:
        """Open one more connection of the administrator."""
        return Door.open(self.settings, Purpose.WRITE, autocommit=autocommit)

    def officer(self) -> Door:
        """Return the connection without commitment control; opened anew when it broke."""
        if self._door is None or self._door.lost:
            self._door = self.sign_on(autocommit=True)
        return self._door

    def close(self) -> None:
        """Close that connection."""
        if self._door is not None:
            self._door.close()

    def run(self, door: Door, each: Statement) -> None:
        """Run a statement; one that may fail takes what it is for from what can be shown."""
        try:
            door.execute(each.text, doing=each.doing)
        except Permanent as error:
            if not each.only_for and not each.optional:
                raise
            for capability in each.only_for:
                self.lacks.setdefault(capability, f"It could not be prepared: {error.what}")

    def prepare(self) -> None:
        """See to it that there is no such library: remove what an earlier run left behind.

        Raises:
            Misconfigured: the library is there and not the kit's; nothing was touched.
        """
        if self.is_there():
            self._hold_it_is_ours()
            self.remove()

    def make(self, hand: Hand) -> None:
        """Make the library and everything in it."""
        door = self.officer()
        for each in self.objects.library_first():
            self.run(door, each)
        for each in self.objects.tables():
            self.run(door, each)
        for item in ITEMS:
            self.fill(door, item)
        for each in self.objects.rest(hand.programs):
            self.run(door, each)
        if hand.reads_messages:
            self.lacks.pop(Capability.MESSAGES, None)
        if hand.journal is None:
            self._look_for_the_journal()

    def _look_for_the_journal(self) -> None:
        journal = self.objects.journal
        given, doing = (journal.library, journal.name), f"looking for journal {journal}"
        if not self.officer().query(statement("journal_receivers"), given, doing=doing).rows:
            for capability in (Capability.JOURNAL, Capability.RECEIVERS):
                why = f"CREATE SCHEMA made no journal {journal} here."
                self.lacks.setdefault(capability, why)

    def remove(self) -> None:
        """Remove everything; what is gone already does no harm.

        Raises:
            Permanent: the library is still there; says why.
        """
        said: list[str] = []
        for _ in range(_ROUNDS):
            said = [why for each in self.objects.removal() if (why := self._tried(each))]
            try:
                if not self.is_there():
                    return
            except TowlineError as error:  # the system went away: what is left has to be said
                said.append(error.what)
        raise Permanent(
            f"The kit's library {self.objects.library} could not be removed:"
            f" {said[-1] if said else 'the system gave no reason.'}",
            hint="The next run removes it, or DROP SCHEMA does; nothing else was touched.",
        )

    def _tried(self, each: Statement) -> str:
        """Run a statement of the removal; return why it failed, or an empty text."""
        try:
            self.officer().execute(each.text, doing=each.doing)
        except TowlineError as error:
            return error.what
        return ""

    def is_there(self) -> bool:
        """Tell whether the library exists."""
        text, doing = statement("install_library"), "looking for the kit's library"
        return bool(self.officer().query(text, (self.objects.library,), doing=doing).rows)

    def fill(self, door: Door, item: str) -> None:
        """Write an item's records as they are at the start."""
        number = ITEMS.index(item)
        self.insert(door, PRICES, price_record(item, Decimal(10 + number)))
        for warehouse in WAREHOUSES:
            self.insert(door, BALANCES, balance_record(item, warehouse))

    def insert(self, door: Door, layout: FileLayout, record: Mapping[str, Scalar]) -> None:
        """Write one record."""
        text = statement(
            "staging_insert",
            table=named(self.objects.library, layout.name),
            columns=", ".join(record),
            values=marks(len(record)),
        )
        door.execute(text, tuple(record.values()), doing=f"writing a record of {layout.name}")

    def _hold_it_is_ours(self) -> None:
        library = self.objects.library
        text, doing = statement("data_area"), f"asking whose library {library} is"
        rows = self.officer().query(text, (MARKER, library), doing=doing).rows
        if not rows or not str(rows[0][0] or "").startswith(MARK):
            raise Misconfigured(
                f"Library {library} exists and was not made by the conformance kit: it has no data"
                f" area {MARKER} that says so.",
                hint="Say --library with the name of a library that does not exist.",
            )


@contextmanager
def made(settings: OdbcSettings, library: str, person: Person, hand: Hand) -> Iterator[BenchSite]:
    """Make the library, and remove it at the end, whatever happened.

    Args:
        settings: the agent's own sign-on.
        person: asked for the administrator.
    """
    user, password = person()
    objects = Objects(library, _agent(settings), ccsid=settings.ccsid)
    site_settings = Site(library=library, messages=objects.messages)
    signed = replace(settings, user=user, password=password, site=site_settings)
    site = BenchSite(signed, objects)
    try:
        site.prepare()
        try:
            site.make(hand)
            yield site
        finally:
            site.remove()
    finally:
        site.close()


def _agent(settings: OdbcSettings) -> str:
    """Return the profile the agent really is, by signing on as it: before anything is made."""
    door = Door.open(settings, Purpose.READ)
    try:
        rows = door.query(statement("about_session"), doing="asking for the agent's profile").rows
    finally:
        door.close()
    return named(str(rows[0][1]).strip())
