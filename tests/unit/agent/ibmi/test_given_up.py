"""A process ends although a driver never came back from a call."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from towline_agent.cli import main
from towline_agent.ibmi import given_up


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """One thread that hangs until the event is set."""
    back = threading.Event()
    thread = threading.Thread(target=back.wait, args=(20,), daemon=True)
    thread.start()
    monkeypatch.setattr(given_up, "_threads", set())
    given_up.give_up(thread)
    yield back
    back.set()
    thread.join()


def test_a_call_that_came_back_counts_no_more(hung: threading.Event) -> None:
    """Months of short outages must not add up to a reason for a restart."""
    assert given_up.hanging() == 1
    (thread,) = given_up._threads
    hung.set()
    thread.join()
    assert given_up.hanging() == 0


def test_a_verb_ends_at_once_with_its_exit_code(
    hung: threading.Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The driver would wait for its call at the end of the process, for minutes or for ever."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(sys, "argv", ["towline-agent", "status", "--config", "nowhere.toml"])
    assert main() == 2
    assert codes == [2]
    assert "nowhere.toml" in capsys.readouterr().err


def test_where_nothing_hangs_the_end_is_an_ordinary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers are flushed, exit handlers run."""
    monkeypatch.setattr(given_up, "_threads", set())
    monkeypatch.setattr(os, "_exit", lambda code: pytest.fail(f"left with {code}"))
    given_up.leave(0)
