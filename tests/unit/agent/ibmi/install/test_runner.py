"""Statements run one by one, stop at the first failure, and can be run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_door import FakeDoor
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.runner import Unsent, run, unsent
from towline_agent.ibmi.install.undo import undo
from towline_agent.ibmi.install.wanted import wanted
from towline_shared.errors import Permanent, Refused, TowlineError


@pytest.fixture
def site(tmp_path: Path) -> Wanted:
    """What the sandbox wants."""
    return wanted(load_config(write_sandbox_site(tmp_path)))


def test_everything_is_run_in_order_and_told(site: Wanted) -> None:
    """One line for each statement; the looks are not run."""
    door, lines = FakeDoor(), []  # type: FakeDoor, list[str]
    statements = render(site).changing
    run(door, statements, site, tell=lines.append)
    assert door.ran == [each.text for each in statements]
    assert len(lines) == len(statements)
    assert lines[0].startswith(f"1 of {len(statements)}  done      CRTUSRPRF USRPRF(TWOWNER)")


def test_it_stops_where_it_fails(site: Wanted) -> None:
    """Nothing after it is run; the sentence names the statement and what to do."""
    door = FakeDoor(fails={"CREATE TABLE TOWLINE.MISSED": Permanent("SQL0552: not authorised.")})
    with pytest.raises(Permanent, match=r"Stopped at statement \d+ of \d+ \(CREATE TABLE") as told:
        run(door, render(site).changing, site, tell=lambda _: None)
    assert "SQL0552" in told.value.what
    assert "run this again" in told.value.hint
    assert not any("WEBORDH" in text for text in door.ran)


@pytest.mark.parametrize(
    ("beginning", "error"),
    [
        ("CREATE TABLE TOWLINE.OUTBOX", Permanent("SQL0601: OUTBOX exists.")),
        ("CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF", Refused("CPF2214: User profile exists.")),
        ("CALL QSYS2.QCMDEXC('QSYS/CRTDTAQ", Refused("CPF9870: Object exists.")),
    ],
)
def test_what_is_there_already_is_no_failure(
    site: Wanted, beginning: str, error: TowlineError
) -> None:
    """So an install that broke off is simply run again."""
    door, lines = FakeDoor(fails={beginning: error}), []  # type: FakeDoor, list[str]
    run(door, render(site).changing, site, tell=lines.append)
    assert any("as it is" in line for line in lines)


@pytest.mark.parametrize(
    ("beginning", "error"),
    [
        ("DROP TRIGGER", Permanent("SQL0204: not found.")),
        ("CALL QSYS2.QCMDEXC('QSYS/DLTDTAQ", Refused("CPF2105: Object not found.")),
        ("CALL QSYS2.QCMDEXC('QSYS/DLTUSRPRF", Refused("CPF2204: User profile not found.")),
    ],
)
def test_what_is_gone_already_is_no_failure(
    site: Wanted, beginning: str, error: TowlineError
) -> None:
    """Nor is a removal that broke off."""
    run(FakeDoor(fails={beginning: error}), undo(site).changing, site, tell=lambda _: None)


def test_a_trigger_whose_file_is_missing_has_failed(site: Wanted) -> None:
    """SQL0204 excuses a DROP, never a CREATE or a GRANT."""
    for beginning in ("CREATE OR REPLACE TRIGGER", "GRANT SELECT ON DISTLIB.ITMPRC"):
        door = FakeDoor(fails={beginning: Permanent("SQL0204: ITMPRC not found.")})
        with pytest.raises(Permanent, match="Stopped at statement"):
            run(door, render(site).changing, site, tell=lambda _: None)


def test_a_file_in_use_names_its_holder(site: Wanted) -> None:
    """The jobs, so that somebody can be asked; and that repeating is right."""
    door = FakeDoor(fails={"CREATE OR REPLACE TRIGGER TOWLINE.ITMBAL": InUse("SQL0913: in use.")})
    door.when("install_holders", lambda key: [("123456/JSMITH/QPADEV0001",)]
              if key == ("DISTLIB", "ITMBAL") else [])  # fmt: skip
    with pytest.raises(InUse, match=r"held by 123456/JSMITH/QPADEV0001\. SQL0913") as told:
        run(door, render(site).changing, site, tell=lambda _: None)
    assert "run this again" in told.value.hint


def test_a_holder_nobody_can_name_is_no_second_error(site: Wanted) -> None:
    """The lock is what matters."""
    door = FakeDoor(fails={"DROP TRIGGER": InUse("SQL0913: in use.")})
    with pytest.raises(InUse, match="SQL0913"):
        run(door, undo(site).changing, site, tell=lambda _: None)


def test_a_lost_connection_comes_through(site: Wanted) -> None:
    """With what it was, so that the caller's exit code is right."""
    door = FakeDoor(fails={"CREATE SCHEMA": LinkLost("gone")})
    with pytest.raises(LinkLost):
        run(door, render(site).changing, site, tell=lambda _: None)


def test_what_would_be_lost_is_counted(site: Wanted) -> None:
    """Undecided orders and unsent changes; none where the tables are gone."""
    door = FakeDoor()
    door.when("install_lost_orders", [(2, 17)], library="TOWLINE")
    assert unsent(door, site) == Unsent(2, 17)
    door.when("install_lost_documents", [(5,)], table="TOWLINE.WEBCHG")
    assert unsent(door, site) == Unsent(7, 17)
    assert unsent(FakeDoor(), site) == Unsent(0, 0)
    door.when("install_lost_orders", Permanent("SQL0551: not authorised."), library="TOWLINE")
    with pytest.raises(Permanent):
        unsent(door, site)
