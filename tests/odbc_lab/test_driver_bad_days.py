"""The ODBC driver on a machine that misbehaves: cuts, silence, locks, missing rights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.cut_wire import COMMIT, CutWire
from towline_agent.conformance.documents import sample_order
from towline_agent.ibmi.errors import InUse, LinkLost, Restricted, SignOnRefused
from towline_agent.ibmi.install.ddl import create_table
from towline_agent.ibmi.install.objects import Table
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.driver import OdbcDriver
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import Applied, EntityQuery, IbmI, Purpose, Site
from towline_agent.ibmi.towline_files import STAGING, TOWLINE_FILES
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer, find_lab
from towline_shared.errors import Permanent, TowlineError

pytestmark = pytest.mark.odbc_lab

ORDER = sample_order(1001)
AGENT, PASSWORD = "TWAGENT", "kettle4711"
PRICES = EntityQuery("price", "SELECT SKU, PRICE, CURR FROM ERPLIB.PRICES", ("SKU",))
NAMES = EntityQuery("item", "SELECT SKU, NAME FROM ERPLIB.NAMES", ("SKU",))


class Machine:
    """A partition with Towline's library, two files of an ERP, and the agent's own profile."""

    def __init__(self, server: LabServer) -> None:
        self.server = server
        self.officer = self.sign_on()
        for text in ("CREATE SCHEMA TOWLINE", "CREATE SCHEMA ERPLIB"):
            self.run(text)
        for layout in TOWLINE_FILES:
            self.run(create_table(Table("TOWLINE", layout, 37)))
        self.run("CREATE TABLE ERPLIB.PRICES (SKU CHAR(15) NOT NULL PRIMARY KEY,"
                 " PRICE DECIMAL(9, 2), CURR CHAR(3), NOTE CHAR(10))")  # fmt: skip
        self.run("CREATE TABLE ERPLIB.NAMES (SKU CHAR(15) NOT NULL PRIMARY KEY, NAME CHAR(40))")
        self.run("INSERT INTO ERPLIB.PRICES (SKU, PRICE, CURR) VALUES ('4711', 12.30, 'EUR')")
        self.run("INSERT INTO ERPLIB.NAMES VALUES ('4711', 'Sechskantschraube')")
        self.command(f"CRTUSRPRF USRPRF({AGENT}) PASSWORD({PASSWORD}) SPCAUT(*NONE)")
        self.run(f"GRANT SELECT, DELETE ON TOWLINE.OUTBOX TO {AGENT}")
        for table in STAGING:
            self.run(f"GRANT SELECT, INSERT ON TOWLINE.{table} TO {AGENT}")
        for table in ("PRICES", "NAMES"):
            self.run(f"GRANT SELECT ON ERPLIB.{table} TO {AGENT}")

    def sign_on(self, *, autocommit: bool = True) -> Door:
        settings = self.settings(user=OFFICER, password=OFFICER_PASSWORD)
        return Door.open(settings, Purpose.WRITE, autocommit=autocommit)

    def run(self, text: str, *parameters: object) -> None:
        self.officer.execute(text, parameters, doing="preparing the machine")

    def command(self, text: str) -> None:
        self.run("CALL QSYS2.QCMDEXC(?)", f"QSYS/{text}")

    def count(self, table: str) -> int:
        rows = self.officer.query(f"SELECT COUNT(*) FROM TOWLINE.{table}", doing="counting").rows
        return int(rows[0][0])

    def settings(
        self, *, port: int = 0, user: str = AGENT, password: str = PASSWORD, unique: bool = False
    ) -> OdbcSettings:
        whole = self.server.connection_string_via(port or self.server.port, "x", "x")
        return OdbcSettings(
            system="", user=user, password=password, whole=whole.split("UID=")[0],
            site=Site(unique_key=unique), statement_s=10.0, connect_s=5.0,
        )  # fmt: skip

    def connect(self, purpose: Purpose = Purpose.READ, *, port: int = 0) -> IbmI:
        return OdbcDriver(self.settings(port=port)).connect(purpose)

    def forget_orders(self) -> None:
        for table in STAGING:
            self.run(f"DELETE FROM TOWLINE.{table}")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine for the module; tests put back what they change."""
    with LabServer(find_lab(), tmp_path_factory.mktemp("partition"), lock_wait_s=1) as server:
        found = Machine(server)
        yield found
        found.officer.close()


@pytest.fixture
def fresh(machine: Machine) -> Iterator[Machine]:
    """The same machine without orders."""
    machine.forget_orders()
    yield machine
    machine.forget_orders()


@pytest.mark.parametrize("carried", [False, True])
def test_a_cut_in_the_middle_of_a_commit_is_looked_up(fresh: Machine, carried: bool) -> None:
    """Whether the COMMIT arrived or not: LinkLost first, then exactly one order."""
    with CutWire(fresh.server.port) as wire:
        writer = fresh.connect(Purpose.WRITE, port=wire.port)
        wire.cut_at(COMMIT, carry_it=carried)
        with pytest.raises(LinkLost):
            writer.apply_order(ORDER, event_id="event-1")
        assert wire.cuts == 1
        writer.close()
    again = fresh.connect(Purpose.WRITE)
    wanted = Applied.ALREADY_THERE if carried else Applied.WRITTEN
    assert again.apply_order(ORDER, event_id="event-1") is wanted
    assert (fresh.count("WEBORDH"), fresh.count("APPLIED")) == (1, 1)
    again.close()


@pytest.mark.parametrize("table", ["WEBORDL", "WEBORDA", "WEBORDP", "WEBORDH", "APPLIED"])
def test_unique_keys_make_up_for_a_missing_journal(fresh: Machine, table: str) -> None:
    """Cut between any two rows under *NONE: the repetition completes the one order.

    IBM's CLI driver may reconnect by itself between two units of work; then the first call ends
    well, and the second one finds the event.
    """
    with CutWire(fresh.server.port) as wire:
        writer = OdbcDriver(fresh.settings(port=wire.port, unique=True)).connect(Purpose.WRITE)
        wire.cut_at(f"INSERT INTO TOWLINE.{table}".encode(), carry_it=False)
        with contextlib.suppress(LinkLost):
            writer.apply_order(ORDER, event_id="event-1")
        assert wire.cuts == 1
        writer.close()
    if fresh.count("WEBORDH"):  # what a program waits for comes after its parts
        assert fresh.count("WEBORDL") == len(ORDER.lines)
    again = OdbcDriver(fresh.settings(unique=True)).connect(Purpose.WRITE)
    again.apply_order(ORDER, event_id="event-1")
    assert again.apply_order(ORDER, event_id="event-1") is Applied.ALREADY_THERE
    assert (fresh.count("WEBORDH"), fresh.count("WEBORDL")) == (1, len(ORDER.lines))
    again.close()


def test_a_silent_wire_does_not_hang_the_agent(fresh: Machine) -> None:
    """No answer, no end: the watchdog gives the connection up and says so; a new one works."""
    with CutWire(fresh.server.port) as wire:
        settings = replace(fresh.settings(port=wire.port), statement_s=0.5)
        reader = OdbcDriver(settings).connect(Purpose.READ)
        assert reader.rows(PRICES, [("4711",)])
        wire.fall_silent()
        with pytest.raises(LinkLost):
            reader.rows(PRICES, [("4711",)])
        assert reader.expired()
        reader.close()
    assert fresh.connect().rows(PRICES, [("4711",)])


def test_a_killed_machine_leaves_no_half_order(fresh: Machine) -> None:
    """kill -9 of the database: nothing of the order, and afterwards all is well."""
    writer = fresh.connect(Purpose.WRITE)
    fresh.connect().close()
    fresh.server.kill()
    with pytest.raises((LinkLost, Restricted)):
        writer.apply_order(ORDER, event_id="event-1")
    with pytest.raises(Restricted):
        fresh.connect(Purpose.WRITE)
    fresh.server.start()
    fresh.officer = fresh.sign_on()
    assert fresh.count("WEBORDH") == 0
    assert fresh.connect(Purpose.WRITE).apply_order(ORDER, event_id="event-1") is Applied.WRITTEN


def test_a_column_dropped_while_running_stops_only_its_entity(fresh: Machine) -> None:
    """The sentence names the column; the same connection goes on with the others."""
    reader = fresh.connect()
    assert reader.rows(PRICES, [("4711",)])[0].cells["PRICE"] == Decimal("12.30")
    fresh.run("ALTER TABLE ERPLIB.PRICES DROP COLUMN CURR")
    try:
        with pytest.raises(Permanent, match=r"SQL0206.*CURR"):
            reader.rows(PRICES, [("4711",)])
        assert reader.rows(NAMES, [("4711",)])[0].cells["SKU"] == "4711".ljust(15)
    finally:
        fresh.run("ALTER TABLE ERPLIB.PRICES ADD COLUMN CURR CHAR(3) DEFAULT 'EUR'")
    assert reader.rows(PRICES, [("4711",)])[0].cells["PRICE"] == Decimal("12.30")


def test_a_revoked_right_names_the_object(fresh: Machine) -> None:
    """The grant decides, not the agent; giving it back heals without a restart."""
    fresh.run(f"REVOKE SELECT ON ERPLIB.NAMES FROM {AGENT}")
    reader = fresh.connect()
    try:
        with pytest.raises(Permanent, match="SQL0551") as refused:
            reader.rows(NAMES, [("4711",)])
        assert "grants" in refused.value.hint
        assert reader.rows(PRICES, [("4711",)])
    finally:
        fresh.run(f"GRANT SELECT ON ERPLIB.NAMES TO {AGENT}")
    assert reader.rows(NAMES, [("4711",)])


def test_the_agent_can_change_nothing_of_the_erp(fresh: Machine) -> None:
    """Least privilege holds in the database, whatever the agent would try."""
    door = Door.open(fresh.settings(), Purpose.WRITE, autocommit=True)
    for text in (
        "UPDATE ERPLIB.PRICES SET PRICE = 0",
        "DELETE FROM ERPLIB.PRICES",
        "UPDATE TOWLINE.WEBORDH SET STATUS = 'A'",
        "DELETE FROM TOWLINE.APPLIED",
        "DROP TABLE TOWLINE.OUTBOX",
        "CREATE TABLE ERPLIB.MINE (A INTEGER)",
    ):
        with pytest.raises(TowlineError):
            door.execute(text, doing="trying what it may not")
    door.close()
    assert fresh.connect().rows(PRICES, [("4711",)])[0].cells["PRICE"] == Decimal("12.30")


def test_what_is_missing_is_listed_before_the_start(fresh: Machine) -> None:
    """`check` learns from describe() which rights lack, by trying them on no row."""
    assert fresh.connect(Purpose.WRITE).describe().missing == ()
    fresh.run(f"REVOKE INSERT ON TOWLINE.WEBORDL FROM {AGENT}")
    try:
        (sentence,) = fresh.connect(Purpose.WRITE).describe().missing
        assert "SQL0551" in sentence
        assert "WEBORDL" in sentence
    finally:
        fresh.run(f"GRANT INSERT ON TOWLINE.WEBORDL TO {AGENT}")


def test_a_wrong_password_is_said_and_not_repeated(fresh: Machine) -> None:
    """The verdict is the one that latches: a profile must not be disabled by our patience."""
    settings = fresh.settings(password="wrong")
    with pytest.raises(SignOnRefused, match="password is wrong") as refused:
        OdbcDriver(settings).connect(Purpose.READ)
    assert "wrong" in refused.value.what
    assert "QMAXSIGN" in refused.value.hint


def test_a_missing_library_is_permanent(fresh: Machine) -> None:
    """A wrong outbox.library is said at once, with the name."""
    settings = replace(fresh.settings(), site=Site(library="TOWLYNE"))
    reader = OdbcDriver(settings).connect(Purpose.READ)
    with pytest.raises(Permanent, match="TOWLYNE"):
        reader.outbox(after=0, limit=1)


def test_a_lock_passes_by_and_names_its_holder(fresh: Machine) -> None:
    """While another job holds the staging header: InUse with its job; afterwards it is written."""
    holder = fresh.sign_on(autocommit=False)
    holder.execute("LOCK TABLE TOWLINE.WEBORDH IN EXCLUSIVE MODE", doing="holding the header")
    writer = fresh.connect(Purpose.WRITE)
    with pytest.raises(InUse) as passed:
        writer.apply_order(ORDER, event_id="event-1")
    assert "is held by job" in passed.value.what
    holder.rollback()
    holder.close()
    assert writer.apply_order(ORDER, event_id="event-1") is Applied.WRITTEN


def test_restricted_state_is_not_an_alarm(fresh: Machine) -> None:
    """Open connections end, new ones are Restricted, and then all is as before."""
    reader = fresh.connect()
    fresh.server.restrict()
    try:
        with pytest.raises((LinkLost, Restricted)):
            reader.outbox(after=0, limit=1)
        with pytest.raises(Restricted):
            fresh.connect()
    finally:
        fresh.server.release()
        fresh.officer = fresh.sign_on()
    assert list(fresh.connect().outbox(after=0, limit=1)) == []
