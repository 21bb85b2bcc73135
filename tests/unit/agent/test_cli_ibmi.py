"""towline-agent ibmi: exit codes, questions, and an administrator's password that stays nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.fake_door import FakeDoor, all_there
from tests.support.sandbox_site import write_sandbox_site
from towline_agent import cli_ibmi
from towline_agent.cli import main
from towline_agent.config import AgentConfig, load_config
from towline_agent.ibmi.errors import SignOnRefused
from towline_agent.ibmi.install import sign_on
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.present import Asked, Present
from towline_agent.ibmi.install.wanted import wanted
from towline_shared.errors import Misconfigured, TowlineError

PACKAGED = Path(__file__).parents[3] / "packaging/ibmi"


@dataclass
class Partition:
    """What the verbs meet instead of an IBM i; states are looked at one after the other."""

    site: Wanted
    states: list[Present]
    door: FakeDoor = field(default_factory=FakeDoor)
    refuses: TowlineError | None = None
    signed_on: list[tuple[str, bool]] = field(default_factory=list)

    @contextmanager
    def sign_on(
        self, config: AgentConfig, user: str, *, changing: bool
    ) -> Iterator[tuple[Asked, str]]:
        """Open the fake door."""
        if self.refuses is not None:
            raise self.refuses
        self.signed_on.append((user, changing))
        yield self.door, user or "TWAGENT"

    def look(self, door: Asked, site: Wanted) -> Present:
        """Return the next state; the last one stays."""
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The sandbox's agent.toml, as if its driver took SQL."""
    path = write_sandbox_site(tmp_path)
    path.write_text(path.read_text().replace('driver = "simulated"', 'driver = "odbc"'))
    return path


@pytest.fixture
def partition(path: Path, monkeypatch: pytest.MonkeyPatch) -> Partition:
    """A partition on which all is well, until a test says otherwise."""
    config = load_config(path)
    there = all_there(wanted(config))
    # What the comparison looks at a second time it knows the types of; so does this fixture.
    site = wanted(config, {file: columns for file, columns in there.columns.items() if columns})
    partition = Partition(site, [all_there(site)])
    partition.door.when("install_lost_orders", [(0, 0)], library="TOWLINE")
    monkeypatch.setattr(cli_ibmi, "signed_on", partition.sign_on)
    monkeypatch.setattr(cli_ibmi, "read_present", partition.look)
    return partition


def ibmi(path: Path, *arguments: str) -> int:
    return main(["ibmi", *arguments, "--config", str(path)])


def without_missed(present: Present) -> Present:
    tables = {name: columns for name, columns in present.tables.items() if name != "MISSED"}
    return replace(present, tables=tables)


def test_the_simulated_driver_gets_the_packaged_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is told that nothing was compared."""
    path = write_sandbox_site(tmp_path)
    assert ibmi(path, "plan", "--script") == 0
    told = capsys.readouterr()
    assert told.out == (PACKAGED / "sandbox_rules.sql").read_text(encoding="utf-8")
    assert "Nothing was compared: the driver simulated takes no SQL" in told.err
    assert ibmi(path, "plan", "--undo") == 0
    assert capsys.readouterr().out == (PACKAGED / "sandbox_rules_undo.sql").read_text("utf-8")
    assert ibmi(path, "plan") == 3
    capsys.readouterr()
    assert ibmi(path, "plan", "--json") == 3
    facts = json.loads(capsys.readouterr().out)
    assert facts["compared"] is False
    assert facts["script"].endswith("JOURNALED = 'NO';\n")


def test_a_plan_without_differences_is_exit_0(
    path: Path, partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """Looked at under the agent's own profile, reading only."""
    assert ibmi(path, "plan") == 0
    assert "Nothing to do, as far as TWAGENT can see." in capsys.readouterr().out
    assert partition.signed_on == [("", False)]


def test_a_plan_with_a_difference_is_exit_3(
    path: Path, partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words, as JSON, and as the SQL that closes it."""
    partition.states = [without_missed(partition.states[0])]
    assert ibmi(path, "plan", "--user", "QSECOFR") == 3
    assert "missing  Table TOWLINE.MISSED does not exist." in capsys.readouterr().out
    assert ibmi(path, "plan", "--json") == 3
    facts = json.loads(capsys.readouterr().out)
    assert [each["part"] for each in facts["differences"]] == ["table TOWLINE.MISSED"]
    assert ibmi(path, "plan", "--script") == 0
    script = capsys.readouterr().out
    assert "CREATE TABLE TOWLINE.MISSED (" in script
    assert "CREATE TABLE TOWLINE.OUTBOX (" not in script
    assert partition.door.ran == []


def test_a_refused_sign_on_prints_the_whole_script(
    path: Path, partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first install there is no profile to sign on with."""
    partition.refuses = SignOnRefused("CWBSY0001: unknown user.")
    assert ibmi(path, "plan") == 3
    told = capsys.readouterr()
    assert "Nothing was compared: CWBSY0001" in told.err
    assert "CREATE SCHEMA TOWLINE;" in told.out


def test_whole_does_not_connect(path: Path, partition: Partition) -> None:
    """For change control, and where no connection may be made."""
    assert ibmi(path, "plan", "--script", "--whole") == 0
    assert partition.signed_on == []


def test_an_install_runs_the_difference_and_looks_again(
    path: Path, partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the administrator, and only with a yes."""
    partition.states = [without_missed(partition.states[0]), partition.states[0]]
    assert ibmi(path, "install", "--user", "QSECOFR", "--yes") == 0
    assert partition.signed_on == [("QSECOFR", True)]
    assert partition.door.ran[0].startswith("CREATE TABLE TOWLINE.MISSED")
    assert len(partition.door.ran) == 4
    assert "Nothing to do" in capsys.readouterr().out


def test_no_answer_is_no(path: Path, partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal anything but y leaves all as it is; without one, --yes is asked for."""
    partition.states = [without_missed(partition.states[0])]
    assert ibmi(path, "install", "--user", "QSECOFR") == 2
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert ibmi(path, "install", "--user", "QSECOFR") == 3
    assert partition.door.ran == []
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    ibmi(path, "install", "--user", "QSECOFR")
    assert partition.door.ran


class Terminal:
    """Somebody at the keyboard."""

    def __init__(self, line: str) -> None:
        self._line = line

    def isatty(self) -> bool:
        """Yes."""
        return True

    def readline(self) -> str:
        """What was typed."""
        return self._line


def test_what_is_refused_stops_an_install(
    path: Path, partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one statement is run while a fed file has two members."""
    state = without_missed(partition.states[0])
    file = next(iter(state.members))
    partition.states = [replace(state, members={**state.members, file: 2})]
    assert ibmi(path, "install", "--user", "QSECOFR", "--yes") == 3
    assert partition.door.ran == []
    assert "Nothing was changed" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["install", "remove"])
def test_the_agents_own_profile_may_not(
    path: Path, partition: Partition, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person has to sign on."""
    assert ibmi(path, action, "--yes") == 2
    assert "needs an administrator" in capsys.readouterr().err
    assert partition.signed_on == []


@pytest.mark.parametrize("action", ["install", "remove"])
def test_the_simulated_driver_can_not(
    tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes no SQL; the sentence says what to do instead."""
    assert ibmi(write_sandbox_site(tmp_path), action, "--user", "QSECOFR", "--yes") == 2
    assert "takes no SQL" in capsys.readouterr().err


def test_a_removal_loses_nothing_unsaid(
    path: Path, partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unread changes stop it; --discard says that they may go."""
    partition.door.when("install_lost_orders", [(1, 3)], library="TOWLINE")
    assert ibmi(path, "remove", "--user", "QSECOFR", "--yes") == 1
    assert "orders not decided: 1, changes not sent: 3" in capsys.readouterr().err
    assert partition.door.ran == []
    assert ibmi(path, "remove", "--user", "QSECOFR", "--yes", "--discard") == 0
    assert partition.door.ran[0] == "DROP TRIGGER TOWLINE.ITMMST_OUTBOX"
    assert "DROP SCHEMA TOWLINE RESTRICT" in partition.door.ran


def test_a_change_that_comes_during_a_removal_stops_it(path: Path, partition: Partition) -> None:
    """Counted again once no trigger can write: then the outbox stays until it is sent."""
    counts = iter([[(0, 0)], [(0, 1)]])
    partition.door.when("install_lost_orders", lambda _: next(counts), library="TOWLINE")
    assert ibmi(path, "remove", "--user", "QSECOFR", "--yes") == 1
    assert all(text.startswith("DROP TRIGGER") for text in partition.door.ran)
    assert len(partition.door.ran) == len(partition.site.triggers)


def test_the_password_comes_from_the_environment_or_a_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never from the command line; without either, a sentence."""
    monkeypatch.setenv(sign_on.PASSWORD, "geheim")
    assert sign_on.password_of("QSECOFR") == "geheim"
    monkeypatch.delenv(sign_on.PASSWORD)
    with pytest.raises(Misconfigured, match="There is no password for QSECOFR"):
        sign_on.password_of("QSECOFR")
