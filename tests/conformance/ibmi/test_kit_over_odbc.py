"""The verb ``conformance`` over ODBC as a customer runs it: its own library, nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_site import write_site
from towline_agent.cli import main
from towline_agent.conformance.bench import Capability
from towline_agent.conformance.registry import CHECKS
from towline_agent.ibmi.install.sign_on import PASSWORD as ADMINISTRATOR
from towline_agent.ibmi.odbc.bench_hand import NoHand
from towline_agent.ibmi.odbc.settings import PASSWORD
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer, find_lab

pytestmark = pytest.mark.odbc_lab

_NOT_HERE = {*NoHand.lacks, Capability.UNREADABLE_CELLS, Capability.BINARY_KEYS,
             # Derby has no procedures in SQL, no message queues, and journals nothing:
             Capability.PROGRAMS, Capability.REFUSING_PROGRAMS, Capability.MESSAGES,
             Capability.JOURNAL, Capability.RECEIVERS}  # fmt: skip


@dataclass
class Partition:
    """A lab, an agent.toml for it, and the officer's own hand on it."""

    config: Path
    run: Callable[[str], list[tuple[Any, ...]]]

    def kit(self, *more: str) -> int:
        arguments = ["conformance", "--config", str(self.config), "--json", "--user", OFFICER]
        return main([*arguments, *more])

    def libraries(self) -> list[str]:
        rows = self.run("SELECT SCHEMA_NAME FROM QSYS2.SYSSCHEMAS")
        return [str(row[0]).strip() for row in rows]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A lab with the agent's profile and nothing else."""
    import pyodbc

    with LabServer(find_lab(), tmp_path_factory.mktemp("kit-lab")) as running:
        connection = pyodbc.connect(running.connection_string(), autocommit=True)
        connection.execute(
            "CALL QSYS2.QCMDEXC('QSYS/CRTUSRPRF USRPRF(TWAGENT) PASSWORD(agent1pw)')"
        )
        connection.close()
        yield running


@pytest.fixture
def partition(
    server: LabServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Partition]:
    """The site of a customer whose driver is odbc."""
    import pyodbc

    connection = pyodbc.connect(server.connection_string(), autocommit=True)

    def run(text: str) -> list[tuple[Any, ...]]:
        cursor = connection.execute(text)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    monkeypatch.setenv(PASSWORD, "agent1pw")
    monkeypatch.setenv(ADMINISTRATOR, OFFICER_PASSWORD)
    path = write_site(tmp_path)
    target = find_lab().target(server.port)
    ibmi = f'driver = "odbc"\nuser = "TWAGENT"\nconnection_string = "{target}"\n'
    text = path.read_text().replace('driver = "simulated"\naddress = "h:1"\n', ibmi)
    path.write_text(text)
    yield Partition(path, run)
    connection.close()


def test_a_customer_s_run_leaves_nothing_behind(
    partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every check passes or says why it is not shown; afterwards the library is gone."""
    before = partition.libraries()
    code = partition.kit()
    whole = json.loads(capsys.readouterr().out)
    hidden = {c["name"] for c in whole["checks"] if c["state"] == "not shown"}
    assert [check for check in whole["checks"] if check["state"] == "failed"] == []
    lacking = {c.name for c in CHECKS if set(c.needs) & _NOT_HERE}
    assert hidden == lacking
    assert code == 0
    assert partition.libraries() == before


def test_a_library_that_is_not_the_kit_s_is_left_alone(
    partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """It exists and bears no mark: exit 2, and what is in it is untouched."""
    partition.run("CREATE SCHEMA PAYROLL")
    partition.run("CREATE TABLE PAYROLL.SALARY (AMOUNT DECIMAL(9, 2))")
    assert partition.kit("--library", "PAYROLL", "--only", "says who") == 2
    assert "was not made by the conformance kit" in json.loads(capsys.readouterr().out)["error"]
    assert partition.run("SELECT COUNT(*) FROM PAYROLL.SALARY") == [(0,)]
    partition.run("DROP SCHEMA PAYROLL")


def test_what_a_killed_run_left_is_removed_by_the_next(
    partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library bears the kit's mark, so it is known and made anew."""
    partition.run("CREATE SCHEMA TOWTEST")
    partition.run(
        "CALL QSYS2.QCMDEXC('QSYS/CRTDTAARA DTAARA(TOWTEST/TOWKIT) TYPE(*CHAR) LEN(50)"
        " VALUE(''Towline conformance kit'')')"
    )
    assert partition.kit("--only", "says who") == 0
    assert "TOWTEST" not in partition.libraries()
    capsys.readouterr()


def test_without_an_administrator_nothing_is_begun(
    partition: Partition, capsys: pytest.CaptureFixture[str]
) -> None:
    """The agent's own profile may not make libraries, and is not asked to."""
    assert main(["conformance", "--config", str(partition.config), "--json"]) == 2
    assert "needs an administrator" in json.loads(capsys.readouterr().out)["error"]


def test_something_foreign_in_the_library_is_said_and_left(
    partition: Partition, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What somebody else put there is never dropped: exit 1, after the report."""
    from towline_agent.ibmi.odbc.bench import OdbcBench

    right = OdbcBench.facts

    def facts(bench: OdbcBench) -> Any:
        partition.run("CREATE TABLE TOWTEST.FOREIGN1 (A INTEGER)")
        return right(bench)

    monkeypatch.setattr(OdbcBench, "facts", facts)
    assert partition.kit("--only", "says who") == 1
    printed = capsys.readouterr().out
    assert '"passed": 1' in printed
    assert "could not be removed" in printed
    assert partition.run("SELECT COUNT(*) FROM TOWTEST.FOREIGN1") == [(0,)]
    partition.run("DROP SCHEMA TOWTEST")
