"""The verb ``conformance``: which libraries it refuses, what it prints, how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_site import write_site
from tests.unit.agent.conformance.sloppy import sloppy_bench
from towline_agent import cli_conformance
from towline_agent.cli import main
from towline_agent.cli_conformance import check_library
from towline_agent.config import load_config
from towline_agent.conformance.bench import Bench, Person
from towline_agent.conformance.registry import CHECKS
from towline_sandbox.ibmi.client import Console
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_shared.errors import Misconfigured, Retryable


@pytest.fixture
def ibmi(tmp_path: Path) -> Iterator[Server]:
    """A simulated IBM i people work on."""
    with Server(tmp_path / "ibmi.db", IbmISettings(items=100, programs=False)) as server:
        yield server


class _Maker:
    """A driver whose bench is given."""

    def __init__(self, bench: AbstractContextManager[Bench]) -> None:
        self._bench = bench

    def bench(self, library: str, person: Person) -> AbstractContextManager[Bench]:
        return self._bench


@pytest.mark.parametrize("library", ["towtest", "TOOLONGNAME", "1ABC", "A/B", ""])
def test_a_library_needs_a_system_name(tmp_path: Path, library: str) -> None:
    """Upper case, at most ten characters, a letter first."""
    config = load_config(write_site(tmp_path))
    with pytest.raises(Misconfigured, match="--library"):
        check_library(library, config)


@pytest.mark.parametrize("library", ["QGPL", "QSYS", "QTEMP", "SYSIBM", "SYSTOOLS"])
def test_ibm_s_own_libraries_are_refused(tmp_path: Path, library: str) -> None:
    """Nothing of the kit belongs there."""
    with pytest.raises(Misconfigured, match="IBM's"):
        check_library(library, load_config(write_site(tmp_path)))


@pytest.mark.parametrize("library", ["DISTLIB", "TOWLINE"])
def test_a_library_of_the_site_is_refused(
    tmp_path: Path, library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the policy names, and the outbox's library, are out of bounds: exit 2 at once."""
    path = write_site(tmp_path)
    assert main(["conformance", "--config", str(path), "--library", library, "--json"]) == 2
    assert "works with" in json.loads(capsys.readouterr().out)["error"]


def test_the_simulated_ibm_i_keeps_every_promise(
    tmp_path: Path, ibmi: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0, every check in the report, and the partition people work on is untouched."""
    path = write_site(tmp_path / "site", address=ibmi.address)
    with Console(ibmi.address) as console:
        before = console.call("status")
    report = tmp_path / "report.json"
    assert main(["conformance", "--config", str(path), "--report", str(report)]) == 0
    printed = capsys.readouterr().out
    with Console(ibmi.address) as console:
        assert console.call("status") == before
    whole = json.loads(report.read_text(encoding="utf-8"))
    assert len(whole["checks"]) == len(CHECKS)
    assert whole["summary"] == {"passed": len(CHECKS), "failed": 0, "not_shown": 0}
    assert f"{len(CHECKS)} checks: {len(CHECKS)} passed, 0 failed, 0 not shown" in printed
    assert "NORDWIND (simulated)" in printed


def test_a_failed_check_is_exit_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names the check and the finding; --only runs a part."""
    maker = _Maker(sloppy_bench({"expired": lambda verb: True}))
    monkeypatch.setattr(cli_conformance, "load_driver", lambda *_: maker)
    arguments = ["conformance", "--config", str(write_site(tmp_path)), "--json"]
    assert main([*arguments, "--only", "worn out"]) == 3
    whole: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert whole["summary"] == {"passed": 0, "failed": 1, "not_shown": 0}
    assert whole["checks"][0]["why"].startswith("expired() of a new connection: found True")


def test_words_that_name_no_check_are_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error must not look like a clean run."""
    arguments = ["conformance", "--config", str(write_site(tmp_path)), "--only", "no such words"]
    assert main(arguments) == 2
    assert "no check has these words" in capsys.readouterr().err


def test_a_driver_without_a_bench_is_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A third-party driver is told what it lacks."""
    monkeypatch.setattr(cli_conformance, "load_driver", lambda *_: object())
    assert main(["conformance", "--config", str(write_site(tmp_path))]) == 2
    assert "offers no bench" in capsys.readouterr().err


def test_a_report_that_can_t_be_written_is_found_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for a run whose report is lost."""
    path = write_site(tmp_path)  # its address leads nowhere: a run would be exit 1
    arguments = ["conformance", "--config", str(path), "--report", str(tmp_path / "no" / "r.json")]
    assert main(arguments) == 2
    assert "can't be written" in capsys.readouterr().err


def test_a_system_that_is_not_there_is_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, no list of failed checks."""
    path = write_site(tmp_path, address="127.0.0.1:1")
    assert main(["conformance", "--config", str(path), "--json"]) == 1
    assert "can't be reached" in json.loads(capsys.readouterr().out)["error"]


def test_the_bench_is_removed_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the operator interrupts, or the system goes away, in the middle."""
    for error in (KeyboardInterrupt(), Retryable("gone")):
        removed: list[bool] = []

        @contextmanager
        def bench(error: BaseException = error, removed: list[bool] = removed) -> Iterator[Bench]:
            try:
                with sloppy_bench({}) as good:
                    monkeypatch.setattr(good, "facts", _raiser(error))
                    yield good
            finally:
                removed.append(True)

        monkeypatch.setattr(cli_conformance, "load_driver", lambda *_, b=bench: _Maker(b()))
        assert main(["conformance", "--config", str(write_site(tmp_path))]) == 1
        assert removed == [True]


def _raiser(error: BaseException) -> Any:
    def raise_it() -> Any:
        raise error

    return raise_it
