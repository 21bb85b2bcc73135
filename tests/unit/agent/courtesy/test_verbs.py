"""The verbs pause, resume and reload: files in the state folder, exit codes, times."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.agent_site import write_site
from towline_agent.calendar import Work
from towline_agent.cli import main
from towline_agent.courtesy.pause import PAUSE_FILE, load_pauses
from towline_agent.courtesy.reload import asked_reloads
from towline_agent.courtesy.verbs import until_moment
from towline_shared.errors import Misconfigured


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = write_site(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    return path


def test_pause_and_resume(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All by default, some by name; resume takes back what it is told."""
    state = site.parent / "state"
    assert main(["pause", "--config", str(site), "--what", "read,write"]) == 0
    assert set(load_pauses(state)) == {Work.READ, Work.WRITE}
    assert "Paused until towline-agent resume: read, write." in capsys.readouterr().out
    assert main(["resume", "--config", str(site), "--what", "read", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["paused"] == {"write": None}
    assert main(["pause", "--config", str(site), "--until", "23:59", "--json"]) == 0
    assert all(pause.until is not None for pause in load_pauses(state).values())
    assert main(["resume", "--config", str(site)]) == 0
    assert load_pauses(state) == {}


def test_pause_writes_a_damaged_file_anew(site: Path) -> None:
    """The verb is the way out of a file nobody can read."""
    state = site.parent / "state"
    (state / PAUSE_FILE).write_text("{")
    assert main(["pause", "--config", str(site), "--what", "load"]) == 0
    assert set(load_pauses(state)) == {Work.LOAD}


@pytest.mark.parametrize("arguments", [["--what", "sleep"], ["--until", "25:00"], ["--until", "9"]])
def test_wrong_words_are_usage(
    site: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 with what would be accepted; nothing is paused."""
    assert main(["pause", "--config", str(site), *arguments]) == 2
    assert "Write" in capsys.readouterr().err
    assert load_pauses(site.parent / "state") == {}


def test_pausing_without_a_state_folder_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An agent that never ran, or another user: exit 1, and why."""
    assert main(["pause", "--config", str(write_site(tmp_path))]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_reload_asks_for_known_entities_only(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state can be read anew; an answer of the ERP, or nonsense, can't."""
    state = site.parent / "state"
    assert main(["reload", "price", "--config", str(site)]) == 0
    assert set(asked_reloads(state, frozenset({"price", "item"}))) == {"price"}
    for entity in ("shipment", "../identity"):
        assert main(["reload", entity, "--config", str(site)]) == 2
    assert "This site has: item, price." in capsys.readouterr().err
    assert [each.name for each in state.iterdir()] == ["reload.price"]


def test_until_is_the_next_time_the_clock_shows_it() -> None:
    """Today or tomorrow, in the site's zone, over a change of the clocks too."""
    berlin = ZoneInfo("Europe/Berlin")
    noon = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # 12:00 in Berlin
    assert until_moment("18:30", noon, berlin) == datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
    assert until_moment("12:00", noon, berlin) == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    assert until_moment("06:00", noon, berlin) == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # the clock goes back in that night
    assert until_moment("06:00", evening, berlin) == datetime(2026, 10, 25, 5, 0, tzinfo=UTC)
    assert until_moment("06:00", noon, None) > noon
    with pytest.raises(Misconfigured, match="HH:MM"):
        until_moment("6:00", noon, berlin)
