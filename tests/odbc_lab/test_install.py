"""towline-agent ibmi over real ODBC: planned, installed, held by a lock, changed, removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.odbc_lab.admin_script import RULES
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.cli import main
from towline_agent.ibmi.install.sign_on import PASSWORD
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.erp_files import ERP_FILES
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer, find_lab
from towline_shared.errors import Permanent

pytestmark = pytest.mark.odbc_lab

AGENT_PASSWORD = "kettle4711"
# The stand-in's catalogue shows CCSID 37 for every column: tests/odbc_lab/README.md.
NOT_SHOWN = {"layout of TOWLINE.WEBORDN"}


class Site:
    """A bare partition with the ERP's files, and the sandbox's agent.toml that points at it."""

    def __init__(self, server: LabServer, folder: Path) -> None:
        self.whole = find_lab().target(server.port)
        self.path = write_sandbox_site(folder)
        text = self.path.read_text(encoding="utf-8")
        text = text.replace('driver = "simulated"\naddress = "127.0.0.1:1"', 'driver = "odbc"\n'
                            f'user = "TWAGENT"\nconnection_string = "{self.whole}"')  # fmt: skip
        self.path.write_text(text, encoding="utf-8")
        self.officer = self.sign_on(OFFICER, OFFICER_PASSWORD)
        self.run("CREATE SCHEMA DISTLIB")
        for file in ERP_FILES:
            fields = ", ".join(f"{field.name} {field.type} NOT NULL" for field in file.fields)
            self.run(f"CREATE TABLE {file.table} ({fields}, PRIMARY KEY ({', '.join(file.key)}))")
        self.run("CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF USRPRF(ERPBATCH) PASSWORD(batch4711)')")

    def sign_on(self, user: str, password: str, *, autocommit: bool = True) -> Door:
        settings = OdbcSettings(system="", user=user, password=password, whole=self.whole)
        return Door.open(settings, Purpose.WRITE, autocommit=autocommit)

    def run(self, text: str) -> None:
        self.officer.execute(text, doing="preparing")

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        return self.officer.query(text, doing="looking").rows

    def ibmi(self, *arguments: str) -> int:
        return main(["ibmi", *arguments, "--user", OFFICER, "--config", str(self.path)])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One partition for the module; the tests tell one story, in order."""
    state = tmp_path_factory.mktemp("partition")
    with LabServer(find_lab(), state, lock_wait_s=1) as server:
        site = Site(server, tmp_path_factory.mktemp("site"))
        yield site
        site.officer.close()


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, OFFICER_PASSWORD)


def parts(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the parts that differ, by the JSON that was printed; warnings are for people."""
    found = json.loads(capsys.readouterr().out)["differences"]
    return {each["part"] for each in found if each["kind"] != "warning"} - NOT_SHOWN


def test_a_plan_of_a_bare_partition_changes_nothing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Library, ten tables and two queues are missing; the look leaves no trace."""
    assert site.ibmi("plan", "--json") == 3
    found = parts(capsys)
    assert {"library TOWLINE", "table TOWLINE.OUTBOX", "data queue TOWLINE/DOORBELL"} <= found
    assert site.ibmi("plan", "--json") == 3
    assert parts(capsys) == found


def test_a_wrong_password_is_tried_once_and_changes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, no second try, and no password in it."""
    monkeypatch.setenv(PASSWORD, "wrong-secret")
    assert site.ibmi("install", "--yes") == 1
    told = capsys.readouterr()
    assert "SQL30082" in told.err
    assert "wrong-secret" not in told.err + told.out


def test_a_file_in_use_stops_the_install_which_is_then_repeated(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program holds ITMPRC open: the trigger can't be made; once it lets go, all is made."""
    program = site.sign_on("ERPBATCH", "batch4711", autocommit=False)
    site.run("GRANT SELECT, INSERT ON DISTLIB.ITMPRC TO ERPBATCH")
    program.execute(
        "INSERT INTO DISTLIB.ITMPRC VALUES ('4711', 'STD', 1.00, 0, 'EUR', 0)", doing="holding"
    )
    try:
        assert site.ibmi("install", "--yes") == 1
        assert "TOWLINE.ITMPRC_OUTBOX) needs an object for itself" in capsys.readouterr().err
    finally:
        program.rollback()
        program.close()
    site.ibmi("install", "--yes", "--json")
    told = capsys.readouterr().out
    assert "Profile TWAGENT has no password yet" in told  # the one thing left to a person
    assert site.ibmi("plan", "--json") in (0, 3)
    assert parts(capsys) == set()


def test_an_installed_partition_needs_nothing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second install has no statement to run."""
    before = site.rows("SELECT COUNT(*) FROM QSYS2.SYSTRIGGERS WHERE TRIGGER_SCHEMA = 'TOWLINE'")
    assert before == [(RULES.read_text(encoding="utf-8").count("CREATE OR REPLACE TRIGGER"),)]
    site.ibmi("install", "--json")  # would ask, were there anything to run
    assert parts(capsys) == set()


def test_the_triggers_do_what_the_script_says(site: Site) -> None:
    """Insert, a change that counts, one that does not, delete: three rows with key and user."""
    site.run("INSERT INTO DISTLIB.ITMBAL VALUES ('4711', 'W1', 5, 0, 'A1', 0)")
    site.run("UPDATE DISTLIB.ITMBAL SET IBQOH = 6 WHERE IBITNB = '4711'")
    site.run("UPDATE DISTLIB.ITMBAL SET IBLOC = 'B2' WHERE IBITNB = '4711'")
    site.run("DELETE FROM DISTLIB.ITMBAL WHERE IBITNB = '4711'")
    rows = site.rows("SELECT LIB, FILE, KEY1, KEY2, OPER FROM TOWLINE.OUTBOX ORDER BY ID")
    assert rows == [("DISTLIB", "ITMBAL", "4711", "W1", oper) for oper in "IUD"]


def test_the_agent_may_read_and_may_not_change_the_erp(site: Site) -> None:
    """The grants are enforced: SELECT on its files, nothing else, nothing on the others."""
    site.run(f"CALL QSYS2.QCMDEXC('QSYS/CHGUSRPRF USRPRF(TWAGENT) PASSWORD({AGENT_PASSWORD})')")
    agent = site.sign_on("TWAGENT", AGENT_PASSWORD)
    try:
        assert agent.query("SELECT COUNT(*) FROM DISTLIB.ITMBAL", doing="reading").rows == [(0,)]
        for text in (
            "UPDATE DISTLIB.ITMBAL SET IBQOH = 0",
            "DELETE FROM DISTLIB.ITMBAL",
            "UPDATE TOWLINE.WEBORDH SET STATUS = 'A'",
            "INSERT INTO TOWLINE.MISSED (FILE) VALUES ('X')",
        ):
            with pytest.raises(Permanent, match="SQL0551"):
                agent.execute(text, doing="trying")
        with pytest.raises(Permanent, match="SQL0551"):
            agent.query("SELECT COUNT(*) FROM DISTLIB.ORDHDR", doing="trying")
    finally:
        agent.close()


def test_a_missing_trigger_is_the_only_thing_made_again(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """The closing script holds that trigger and no table."""
    site.run("DROP TRIGGER TOWLINE.SHPHDR_OUTBOX")
    assert site.ibmi("plan", "--script") == 0
    script = capsys.readouterr().out
    assert "TRIGGER TOWLINE.SHPHDR_OUTBOX" in script
    assert "CREATE TABLE" not in script
    assert "ITMBAL_OUTBOX" not in script
    site.ibmi("install", "--yes", "--json")
    assert parts(capsys) == set()


def test_a_removal_waits_for_the_outbox_and_then_takes_everything(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three changes are unsent; discarded, nothing of ours is left, and a second run is content."""
    assert site.ibmi("remove", "--yes") == 1
    assert "changes not sent: 3" in capsys.readouterr().err
    assert site.ibmi("remove", "--yes", "--discard") == 0
    site.run("INSERT INTO DISTLIB.ITMBAL VALUES ('4712', 'W1', 5, 0, 'A1', 0)")  # as before
    for view, column in (("SYSTABLES", "TABLE_SCHEMA"), ("SYSTRIGGERS", "TRIGGER_SCHEMA")):
        count = f"SELECT COUNT(*) FROM QSYS2.{view} WHERE {column} = 'TOWLINE'"
        assert site.rows(count) == [(0,)]
    assert site.ibmi("remove", "--yes") == 0
