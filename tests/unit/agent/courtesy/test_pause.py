"""A pause is a small private file that outlives restarts and never stops the business by itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from towline_agent.calendar import Work
from towline_agent.courtesy.pause import PAUSE_FILE, Pause, load_pauses, paused_now, save_pauses
from towline_shared.errors import Permanent

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """With and without an end; mode 0600; an empty set leaves no file."""
    pauses = {Work.READ: Pause(NOW, LATER), Work.WRITE: Pause(NOW)}
    save_pauses(tmp_path, pauses)
    assert load_pauses(tmp_path) == pauses
    if os.name == "posix":
        assert (tmp_path / PAUSE_FILE).stat().st_mode & 0o777 == 0o600
    save_pauses(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    assert load_pauses(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fly": {}}', '{"read": {"since": "x"}}', "\x00"])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    """Nobody guesses what was meant; the sentence says that nothing is paused."""
    (tmp_path / PAUSE_FILE).write_text(text)
    with pytest.raises(Permanent, match="nothing is paused"):
        load_pauses(tmp_path)


def test_a_pause_ends_by_itself_and_the_longest_counts() -> None:
    """Loading rests as long as reading does; a pause without an end outlasts one with."""
    both = {Work.READ: Pause(NOW, LATER), Work.LOAD: Pause(NOW)}
    assert paused_now(both, NOW)[Work.LOAD].until is None
    assert paused_now(both, NOW)[Work.READ].until == LATER
    assert set(paused_now(both, LATER)) == {Work.LOAD}
    assert paused_now({Work.READ: Pause(NOW, LATER)}, NOW)[Work.LOAD].until == LATER


def test_a_folder_that_can_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    """The verb runs as somebody else: it says so instead of a trace."""
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(Permanent, match=r"pause\.json can't be written"):
        save_pauses(tmp_path / "state", {Work.READ: Pause(NOW)})
