"""Making and removing the kit's library: marked, whole, or with a sentence about what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.agent.ibmi.odbc.raw import SETTINGS
from towline_agent.conformance.bench import Capability
from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.odbc.bench_hand import NoHand
from towline_agent.ibmi.odbc.bench_objects import MARK, Objects, Statement
from towline_agent.ibmi.odbc.bench_site import BenchSite, made
from towline_agent.ibmi.odbc.door import Door, Rows
from towline_shared.errors import Misconfigured, Permanent, TowlineError


@dataclass
class Machine:
    """A partition in a few facts: which libraries are there, and what it refuses.

    Attributes:
        refuses: part of a statement -> the error it answers with.
        stubborn: DROP SCHEMA does nothing so many times.
    """

    libraries: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, TowlineError] = field(default_factory=dict)
    stubborn: int = 0
    log: list[str] = field(default_factory=list)
    lost: bool = False

    def query(self, sql: str, parameters: Sequence[Any] = (), **_: Any) -> Rows:
        if "SYSSCHEMAS" in sql:
            rows: list[tuple[Any, ...]] = [(n,) for n in self.libraries if n in parameters]
        elif "DATA_AREA_INFO" in sql:
            mark = self.libraries.get(str(parameters[1]), "")
            rows = [(mark,)] if mark else []
        elif "SESSION_USER" in sql:
            rows = [("AS400", "TWAGENT   ")]
        else:
            rows = [("TOWTEST", "QSQJRN0001", 1, 1)]
        return Rows((), rows)

    def execute(self, sql: str, parameters: Sequence[Any] = (), **_: Any) -> int:
        self.log.append(sql)
        for part, error in self.refuses.items():
            if part in sql:
                raise error
        if sql.startswith("CREATE SCHEMA"):
            self.libraries["TOWTEST"] = ""
        elif "CRTDTAARA DTAARA(TOWTEST/TOWKIT)" in sql:
            self.libraries["TOWTEST"] = MARK
        elif sql.startswith("DROP SCHEMA") and self.stubborn:
            self.stubborn -= 1
        elif sql.startswith("DROP SCHEMA"):
            del self.libraries["TOWTEST"]
        return 1

    def close(self) -> None:
        self.log.append("CLOSE")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The partition behind every door that is opened."""
    machine = Machine()
    monkeypatch.setattr(Door, "open", lambda *_, **__: machine)
    return machine


def person() -> tuple[str, str]:
    return "QSECOFR", "officer1"


def test_the_library_is_made_and_removed(machine: Machine) -> None:
    """Also when somebody interrupts in between."""

    def interrupted() -> None:
        with made(SETTINGS, "TOWTEST", person, NoHand()) as site:
            assert machine.libraries == {"TOWTEST": MARK}
            assert site.settings.user == "QSECOFR"
            assert Capability.JOURNAL not in site.lacks
            assert "GRANT SELECT, DELETE ON TOWTEST.OUTBOX TO TWAGENT" in machine.log
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert machine.libraries == {}
    assert machine.log[-1] == "CLOSE"


def test_a_foreign_library_is_neither_used_nor_removed(machine: Machine) -> None:
    """Without the mark nothing is sent but questions."""
    machine.libraries["TOWTEST"] = ""
    with pytest.raises(Misconfigured, match="was not made by the conformance kit"):
        with made(SETTINGS, "TOWTEST", person, NoHand()):
            pass
    assert set(machine.log) == {"CLOSE"}


def test_what_can_t_be_made_breaks_off_and_is_removed(machine: Machine) -> None:
    """A library that is half made does not stay."""
    machine.refuses["CREATE OR REPLACE TRIGGER"] = Permanent("SQL0551: no authority.")
    with pytest.raises(Permanent, match="SQL0551"):
        with made(SETTINGS, "TOWTEST", person, NoHand()):
            pass
    assert machine.libraries == {}


def test_what_is_only_worth_a_try_takes_a_capability_away(machine: Machine) -> None:
    """The report says why it is not shown; everything else is."""
    machine.refuses["CRTMSGQ"] = Permanent("CPD0030: not here.")
    machine.refuses["CHGPF"] = Permanent("CPF7304: not changed.")
    with made(SETTINGS, "TOWTEST", person, NoHand()) as site:
        assert site.lacks[Capability.MESSAGES] == "It could not be prepared: CPD0030: not here."
        assert Capability.DATA_AREAS not in site.lacks


def test_what_is_in_use_is_removed_in_a_second_round(machine: Machine) -> None:
    """A server job that still holds something lets go of it."""
    machine.stubborn = 1
    with made(SETTINGS, "TOWTEST", person, NoHand()):
        pass
    assert machine.libraries == {}


@pytest.mark.parametrize("error", [Permanent("SQL0551: no."), LinkLost("The link broke.")])
def test_what_is_left_is_said(machine: Machine, error: TowlineError) -> None:
    """The sentence names the library and the reason; the next run will find the mark."""
    with pytest.raises(Permanent, match="TOWTEST could not be removed: ") as told:
        with made(SETTINGS, "TOWTEST", person, NoHand()):
            machine.refuses["DROP SCHEMA"] = error
    assert error.what in str(told.value)
    assert machine.libraries == {"TOWTEST": MARK}
    del machine.refuses["DROP SCHEMA"]
    with made(SETTINGS, "TOWTEST", person, NoHand()):
        pass
    assert machine.libraries == {}


def test_a_statement_that_must_succeed_is_not_swallowed(machine: Machine) -> None:
    """Only what is for a capability, or optional, may fail."""
    site = BenchSite(SETTINGS, Objects("TOWTEST", "TWAGENT", ccsid=37))
    machine.refuses["X"] = Permanent("no")
    with pytest.raises(Permanent):
        site.run(site.officer(), Statement("X", "doing"))
    site.run(site.officer(), Statement("X", "doing", optional=True))
