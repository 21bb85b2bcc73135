"""The door: time limits, the watchdog, cursors, and errors as verdicts."""

from __future__ import annotations

import threading
from dataclasses import replace

import pyodbc
import pytest

import towline_agent.ibmi.odbc.door as door_module
from tests.unit.agent.ibmi.odbc.raw import (
    SETTINGS,
    RawConnection,
    failure,
    hangs_until,
    opened,
)
from towline_agent.ibmi import given_up
from towline_agent.ibmi.errors import InUse, LinkLost, Restricted, SignOnRefused
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.verdicts import DataFault
from towline_agent.ibmi.port import Purpose
from towline_shared.errors import Misconfigured, Misuse, Permanent, TowlineError


def test_a_query_is_read_to_its_end_and_its_cursor_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An open cursor would hold locks that RGZPFM and CLRPFM feel."""
    raw = RawConnection(answers={"FROM X": [(1, "A"), (2, "B")]})
    with opened(raw, monkeypatch) as door:
        rows = door.query("SELECT * FROM X", doing="reading")
        assert rows.rows == [(1, "A"), (2, "B")]
        assert raw.closed_cursors == 1


def test_a_cursor_is_closed_after_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the connection stays usable after a lock."""
    raw = RawConnection(answers={"LOCKED": failure("HY000", "SQL0913 - in use (-913)")})
    with opened(raw, monkeypatch) as door:
        with pytest.raises(InUse):
            door.query("SELECT LOCKED", doing="reading")
        assert raw.closed_cursors == 1
        assert not door.lost
        assert door.query("SELECT 1", doing="reading").rows == []


def test_a_late_statement_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its limit the watchdog cancels; where the driver obeys, the connection lives on."""
    raw = RawConnection()
    raw.answers["SLOW"] = hangs_until(raw.cancelled, failure("HY008", "Operation canceled"))
    with opened(raw, monkeypatch) as door:
        with pytest.raises(InUse, match="HY008 while reading"):
            door.query("SELECT SLOW", doing="reading", limit_s=0.01)
        assert not door.lost


def test_a_call_that_never_comes_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller gets LinkLost, the connection is dead, and closing it does not hang."""
    never = threading.Event()
    raw = RawConnection(answers={"HANG": hangs_until(never, failure("HY000", "late"))})
    monkeypatch.setattr(door_module, "_GRACE_S", 0.01)
    monkeypatch.setattr(given_up, "_threads", set())
    with opened(raw, monkeypatch) as door:
        with pytest.raises(LinkLost, match="given up"):
            door.query("SELECT HANG", doing="reading", limit_s=0.01)
        assert door.lost
        with pytest.raises(LinkLost):
            door.query("SELECT 1", doing="reading")
        door.rollback()  # harmless on a lost connection
        door.close()
    never.set()


def test_too_many_abandoned_calls_open_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one keeps a thread and maybe a server job; those that came back count no more."""
    end = threading.Event()
    hanging = {threading.Thread(target=end.wait, args=(20,), daemon=True) for _ in range(8)}
    for thread in hanging:
        thread.start()
    monkeypatch.setattr(given_up, "_threads", hanging)
    with pytest.raises(Restricted, match="never came back"), opened(RawConnection(), monkeypatch):
        pass
    end.set()
    for thread in list(hanging):
        thread.join()
    with opened(RawConnection(), monkeypatch) as door:
        assert door.query("SELECT 1", doing="reading").rows == []
    assert hanging == set()


def test_a_call_that_comes_back_late_is_tidied_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection given up is closed by its own thread, once that can; nobody waits for it."""
    back = threading.Event()
    raw = RawConnection(answers={"HANG": hangs_until(back, failure("HY000", "late"))})
    monkeypatch.setattr(door_module, "_GRACE_S", 0.01)
    monkeypatch.setattr(given_up, "_threads", set())
    with opened(raw, monkeypatch) as door, pytest.raises(LinkLost):
        door.query("SELECT HANG", doing="reading", limit_s=0.01)
    assert "CLOSE" not in raw.texts
    (thread,) = given_up._threads
    back.set()
    thread.join(timeout=10)
    assert raw.texts[-1] == "CLOSE"


def test_a_dead_connection_is_closed_on_its_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left to the garbage collector, its disconnect could hang the thread of the event loop."""
    dead = failure("08S01", "Communication link failure. comm rc=10054 - CWBCO1003")
    raw = RawConnection(answers={"SELECT": dead})
    with opened(raw, monkeypatch) as door, pytest.raises(LinkLost):
        door.query("SELECT 1", doing="reading")
    door._thread.join(timeout=10)
    assert raw.texts[-1] == "CLOSE"


def test_a_disconnect_that_hangs_hinders_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing returns, and the end of the process will not wait for it either."""
    monkeypatch.setattr(door_module, "_GRACE_S", 0.01)
    monkeypatch.setattr(given_up, "_threads", set())
    back = threading.Event()
    with opened(RawConnection(on_close=back), monkeypatch) as door:
        door.close()
    assert given_up.hanging() == 1
    back.set()
    door._thread.join(timeout=10)
    assert given_up.hanging() == 0


def test_a_cancel_that_comes_late_meets_no_other_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A driver may cancel whatever its connection runs; so a finished cursor is left alone."""
    raw = RawConnection()
    with opened(raw, monkeypatch) as door:
        finished = raw.cursor()
        door._cancel_if_running(finished)
        assert not raw.cancelled.is_set()
        door._cursor = finished
        door._cancel_if_running(finished)
        assert raw.cancelled.is_set()


def test_a_rollback_that_fails_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is given up; the first error, or the success before it, is what counts."""
    raw = RawConnection(on_rollback=failure("HY000", "SQL0901 - SQL system error. (-901)"))
    with opened(raw, monkeypatch, purpose=Purpose.WRITE) as door:
        door.rollback()
        assert door.lost


def test_a_cell_that_python_can_t_hold_is_dirt_of_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no text in the driver's own code must not end the agent."""

    def broken(sql: str, parameters: tuple[object, ...]) -> Exception:
        return UnicodeDecodeError("utf-16-le", b"\x00\xd8", 0, 2, "illegal UTF-16 surrogate")

    with opened(RawConnection(answers={"X": broken}), monkeypatch) as door:
        with pytest.raises(DataFault, match="UnicodeDecodeError"):
            door.query("SELECT X", doing="reading")
        assert not door.lost


def test_an_error_of_pyodbc_itself_is_read_the_right_way_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It puts the message before the SQLSTATE; a type it can't read is said, not repeated."""
    strange = pyodbc.ProgrammingError("ODBC SQL type -360 is not yet supported.", "HY106")
    with (
        opened(RawConnection(answers={"X": strange}), monkeypatch) as door,
        pytest.raises(Permanent, match="HY106") as said,
    ):
        door.query("SELECT X", doing="reading")
    assert "CAST" in said.value.hint


def test_a_lost_link_marks_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 08S01 nothing more is sent over this connection."""
    dead = failure("08S01", "Communication link failure. comm rc=10054 - CWBCO1003")
    raw = RawConnection(answers={"SELECT": dead})
    with opened(raw, monkeypatch) as door:
        with pytest.raises(LinkLost):
            door.query("SELECT 1", doing="reading")
        assert door.lost
        assert len(raw.log) == 1


def test_a_commit_in_flight_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outcome is unknown; the caller looks the event id up."""
    raw = RawConnection(on_commit=failure("08S01", "Communication link failure CWBCO1047"))
    with opened(raw, monkeypatch, purpose=Purpose.WRITE) as door, pytest.raises(LinkLost):
        door.commit(doing="writing an order")


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (failure("28000", "CWBSY0002 - password"), SignOnRefused),
        (failure("08001", "comm rc=10061 - CWBCO1049 - not started"), Restricted),
        (failure("08S01", "CWBCO1004 - name"), Restricted),
    ],
)
def test_signing_on_fails_in_its_own_way(
    error: pyodbc.Error, wanted: type[TowlineError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused for ever and not reachable now are told apart."""

    def connect(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pyodbc, "connect", connect)
    with pytest.raises(wanted):
        Door.open(SETTINGS, Purpose.READ)


def test_a_missing_driver_names_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """IM002 is said in words: which driver was wanted and which ones are there."""

    def connect(*_: object, **__: object) -> None:
        raise failure("IM002", "Data source name not found")

    monkeypatch.setattr(pyodbc, "connect", connect)
    monkeypatch.setattr(pyodbc, "drivers", lambda: ["PostgreSQL Unicode"])
    with pytest.raises(Misconfigured, match=r"'IBM i Access ODBC Driver'.*PostgreSQL Unicode"):
        Door.open(SETTINGS, Purpose.READ)


def test_no_error_text_holds_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a driver that repeats the connection string can't put it into a sentence."""

    def connect(text: str, **_: object) -> None:
        raise failure("HY000", f"CWBSY0002 - {text}")

    monkeypatch.setattr(pyodbc, "connect", connect)
    with pytest.raises(SignOnRefused) as refused:
        Door.open(SETTINGS, Purpose.READ)
    assert "s3cret" not in str(refused.value)


def test_only_a_writing_connection_with_a_journal_has_units_of_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reading runs with autocommit; so does writing with unique keys."""
    for purpose, site, autocommit in (
        (Purpose.READ, SETTINGS.site, True),
        (Purpose.WRITE, SETTINGS.site, False),
        (Purpose.WRITE, replace(SETTINGS.site, unique_key=True), True),
    ):
        raw = RawConnection()
        with opened(raw, monkeypatch, purpose=purpose, settings=replace(SETTINGS, site=site)):
            assert raw.autocommit is autocommit


def test_a_closed_door_is_misuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own mistake is told from the system's; closing twice is harmless."""
    with opened(RawConnection(), monkeypatch) as door:
        door.close()
        door.close()
        with pytest.raises(Misuse):
            door.query("SELECT 1", doing="reading")
