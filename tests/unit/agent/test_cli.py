"""The verbs: exit codes, JSON, and secrets that never stand on a command line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser.agent_status import NOW, sample_status
from tests.support.agent_site import write_site
from tests.support.link_world import Relay, until
from towline_agent.cli import _print_status, main
from towline_agent.config import load_config
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import WorkerState
from towline_agent.identity import Identity, load_identity, save_identity
from towline_agent.sources.facts import key_of
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_shared.sealing import SigningKey


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A relay on an event loop of its own, so that blocking verbs can talk to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    relay = Relay(tmp_path)
    asyncio.run_coroutine_threadsafe(relay.start(), loop).result(20)
    yield relay
    asyncio.run_coroutine_threadsafe(relay.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def ibmi(tmp_path: Path) -> Iterator[Server]:
    """A simulated IBM i behind a socket."""
    with Server(tmp_path / "ibmi.db", IbmISettings(items=30, programs=False)) as server:
        yield server


def output(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def test_usage_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No verb, an unknown one, a missing or wrong settings file: 2, with one sentence."""
    for arguments in ([], ["fly"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    capsys.readouterr()
    assert main(["run", "--config", str(tmp_path / "no.toml"), "--json"]) == 2
    assert "does not exist" in output(capsys)["error"]


def test_enrolment_takes_the_code_from_a_file(
    tmp_path: Path, relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key is made here; a second enrolment needs --replace; options stand on either side."""
    path = write_site(tmp_path / "site", url=relay.url)
    code = tmp_path / "code"
    code.write_text(relay.code() + "\n")
    arguments = ["enrol", "--config", str(path), "--code-file", str(code), "--name", "store room"]
    assert main(["--json", *arguments]) == 0
    facts = output(capsys)
    identity = load_identity(path.parent / "state")
    assert facts == {
        "agent_id": identity.agent_id, "tenant": identity.tenant, "words": identity.words,
        "relay": list(identity.relay_words), "waiting": False,
    }  # fmt: skip
    assert main(arguments) == 2
    assert "--replace" in capsys.readouterr().err


def test_a_used_code_is_exit_1(
    tmp_path: Path,
    relay: Relay,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the environment too; the relay's refusal is the sentence, without the code."""
    path = write_site(tmp_path / "site", url=relay.url)
    code = relay.code()
    monkeypatch.setenv("TOWLINE_ENROLMENT_CODE", code)
    assert main(["enrol", "--config", str(path)]) == 0
    capsys.readouterr()
    assert main(["enrol", "--config", str(path), "--replace"]) == 1
    assert code not in capsys.readouterr().err


def test_check_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither enrolled nor reachable: exit 3, each station by itself."""
    path = write_site(tmp_path, address="127.0.0.1:1")
    assert main(["check", "--config", str(path), "--json"]) == 3
    found = {check["name"]: check["status"] for check in output(capsys)["checks"]}
    assert found["settings"] == found["driver"] == found["buffer"] == "ok"
    assert found["identity"] == found["relay port"] == "failed"
    assert found["sign-on"] == "warning"


def test_check_meets_the_ibm_i(
    tmp_path: Path, relay: Relay, ibmi: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """It signs on once, reads the outbox, tries each SELECT and looks at each queue."""
    path = write_site(tmp_path / "site", url=relay.url, address=ibmi.address)
    main(["check", "--config", str(path), "--json"])
    found = {check["name"]: check for check in output(capsys)["checks"]}
    names = ["sign-on", "outbox", "entity item", "entity price", "queue TOWLINE/DOORBELL"]
    assert [found[name]["status"] for name in names] == ["ok"] * 5
    assert "simulated" in found["sign-on"]["detail"]
    assert found["relay port"]["status"] == "ok"


def test_status_without_an_agent_is_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody answers: said, with what to do."""
    path = write_site(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "health.port").write_text("1\n")
    assert main(["status", "--config", str(path)]) == 1
    assert "Is it running?" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_run_until_sigterm(
    tmp_path: Path, relay: Relay, ibmi: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process loads, tells its status, and ends with 0 at the first SIGTERM."""
    path = write_site(tmp_path / "site", url=relay.url, address=ibmi.address)
    code = tmp_path / "code"
    code.write_text(relay.code())
    assert main(["enrol", "--config", str(path), "--code-file", str(code)]) == 0
    command = [sys.executable, "-m", "towline_agent.cli", "run", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            asyncio.run(until(lambda: len(relay.got()) >= 60))
            capsys.readouterr()
            main(["status", "--config", str(path), "--json"])
            status = output(capsys)
            assert status["ibmi"]["status"] == "up"
            assert status["relay"]["connected"] is True
            assert status["loading"]["faults"] == {}
            assert main(["status", "--config", str(path)]) in (0, 3)
            assert "relay    up" in capsys.readouterr().out
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "agent stopped" in errors
    assert not (path.parent / "state" / "health.port").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_kill_9_in_the_middle_changes_no_total(tmp_path: Path, relay: Relay) -> None:
    """Killed three times during its first load, the agent sends each row exactly once."""
    with Server(tmp_path / "ibmi.db", IbmISettings(items=400, programs=False)) as server:
        path = write_site(tmp_path / "site", url=relay.url, address=server.address)
        path.write_text(path.read_text() + "[snapshot]\npage = 20\n")
        code = tmp_path / "code"
        code.write_text(relay.code())
        assert main(["enrol", "--config", str(path), "--code-file", str(code)]) == 0
        assert server.system is not None
        connection = server.system.connect(Purpose.READ)
        wanted = 0
        for query in load_config(path).queries.values():
            rows = connection.snapshot(query, after_key=None, limit=9999)
            wanted += len({key_of(row, query.key) for row in rows})
        connection.close()
        command = [sys.executable, "-m", "towline_agent.cli", "run", "--config", str(path)]
        for share in (0.1, 0.4, 0.7, 1.0):
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
                try:
                    asyncio.run(until(partial(_holds, relay, wanted * share)))
                finally:
                    process.kill()
        got = relay.got()
        assert len(got) == len(set(got)) == wanted > 700


@pytest.mark.parametrize(
    "arguments",
    [
        ["enrol", "--code", "K7-SECRET"],
        ["enrol", "--code=K7-SECRET"],
        ["enrol", "K7-SECRET"],
        ["K7-SECRET"],
        ["--code", "K7-SECRET", "enrol"],
        ["status", "--json=K7-SECRET"],
        ["run", "--conf", "K7-SECRET"],
    ],
)
def test_options_are_not_abbreviated_and_values_not_repeated(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A code typed where none belongs is a usage error that does not show it."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "K7-SECRET" not in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00"])
def test_a_code_file_without_a_code_is_a_sentence(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent to the relay; the file is named."""
    path = write_site(tmp_path)
    code = tmp_path / "code"
    code.write_bytes(content)
    assert main(["enrol", "--config", str(path), "--code-file", str(code)]) == 2
    assert f"The code file {code}" in capsys.readouterr().err


def test_a_setting_outside_the_policy_is_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The unit file does not repeat exit 2, and a policy does not mend itself."""
    path = write_site(tmp_path)
    path.write_text(path.read_text().replace('libraries = ["DISTLIB", ', "libraries = ["))
    for verb in ("run", "status", "check", "pause"):
        assert main([verb, "--config", str(path)]) == 2
        error = capsys.readouterr().err
        assert "outside this site's policy" in error
        assert "agent.toml" in error


def test_status_before_the_first_contact_says_never(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither side was ever reached: "never", not "None"."""
    facts = replace(sample_status(), connections={
        purpose: WorkerState("starting", NOW) for purpose in Purpose
    }).as_dict()  # fmt: skip
    facts["relay"]["last_good_at"] = None
    _print_status(facts)
    out = capsys.readouterr().out
    assert out.count("last good never") == 2
    assert "None" not in out
    assert "key      amber bolt canal; the relay's unknown" in out
    facts["agent"]["relay_words"] = ["lusab-babad", "gutih-tugad"]
    _print_status(facts)
    assert "the relay's lusab-babad" in capsys.readouterr().out


def test_check_asks_the_signals_of_quiet_hours(
    tmp_path: Path, ibmi: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job can be asked for; a data area that is not there is found before the first night."""
    path = write_site(tmp_path / "site", address=ibmi.address)
    path.write_text(
        path.read_text()
        + '[calendar.signals.billing]\njob = "BILLRUN"\nrests = ["write"]\n'
        + '[calendar.signals.close]\ndata_area = "DISTLIB/NOTHERE"\n'
        + 'equals = "Y"\nrests = ["read"]\n'
    )
    assert main(["check", "--config", str(path), "--json"]) == 3
    found = {check["name"]: check for check in output(capsys)["checks"]}
    assert found["signal billing"]["detail"] == "The job BILLRUN says: off."
    assert found["signal close"]["status"] == "failed"


def test_the_key_is_shown_as_words_and_a_new_one_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a comparison by telephone; the wish waits for the running agent."""
    config = str(write_site(tmp_path))
    state = load_config(Path(config)).state
    made = Identity(
        "a1", "t", "n", "ws://127.0.0.1:1/link", (SigningKey.generate().public,),
        SigningKey.generate(), key_since=NOW,
    )  # fmt: skip
    save_identity(state, made)
    assert main(["key", "--config", config, "--json"]) == 0
    shown = output(capsys)
    assert shown["words"] == made.words
    assert shown["rotates_at"] > shown["since"]
    assert (shown["asked"], shown["next"]) == (False, "")
    assert main(["key", "rotate", "--config", config]) == 0
    assert "asked for" in capsys.readouterr().out
    assert main(["key", "--config", config]) == 0
    assert made.words in capsys.readouterr().out


def _holds(relay: Relay, least: float) -> bool:
    return len(relay.got()) >= least
