"""Data queues: limits, order, keys, and that no unit of work holds them."""

from __future__ import annotations

import threading
from typing import Any

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition, failure, run

pytestmark = pytest.mark.odbc_lab

_SEND = "CALL QSYS2.SEND_DATA_QUEUE_BINARY(?, ?, ?, NULL, 'NO')"
_SEND_KEY = "CALL QSYS2.SEND_DATA_QUEUE_BINARY(?, ?, ?, ?, 'NO')"
_RECEIVE = (
    "SELECT T.MESSAGE_DATA_BINARY FROM TABLE(QSYS2.RECEIVE_DATA_QUEUE(DATA_QUEUE => ?,"
    " DATA_QUEUE_LIBRARY => ?, WAIT_TIME => {seconds})) AS T"
)
_PEEK = (
    "SELECT T.MESSAGE_DATA_BINARY, T.KEY_DATA, T.ORDINAL_POSITION FROM"
    " TABLE(QSYS2.DATA_QUEUE_ENTRIES(DATA_QUEUE => ?, DATA_QUEUE_LIBRARY => ?)) AS T"
    " ORDER BY T.ORDINAL_POSITION"
)


def _queue(partition: Partition, more: str = "", *, name: str = "Q", length: int = 64) -> None:
    partition.command(f"QSYS/CRTDTAQ DTAQ({{lib}}/{name}) MAXLEN({length}) {more}")


def _send(partition: Partition, data: bytes, key: str = "") -> None:
    if key:
        partition.run(_SEND_KEY, data, "Q", partition.library, key)
    else:
        partition.run(_SEND, data, "Q", partition.library)


def _receive(partition: Partition, seconds: float = 0) -> list[tuple[Any, ...]]:
    return partition.run(_RECEIVE.format(seconds=seconds), "Q", partition.library)


def _peek(partition: Partition) -> list[tuple[Any, ...]]:
    return partition.run(_PEEK, "Q", partition.library)


def test_fifo_lifo_and_keyed_have_their_order(partition: Partition) -> None:
    """Oldest first, newest first, ascending by key with equal keys oldest first."""
    for kind, order in (("*FIFO", b"bab"), ("*LIFO", b"bab"[::-1]), ("*KEYED) KEYLEN(1", b"abb")):
        _queue(partition, f"SEQ({kind})")
        for each in (b"b", b"a", b"b"):
            _send(partition, each, each.decode() if "KEYED" in kind else "")
        assert b"".join(row[0] for row in _peek(partition)) == order
        partition.command("DLTDTAQ DTAQ({lib}/Q)")


def test_a_keyed_entry_is_taken_by_its_key(partition: Partition) -> None:
    """KEY_ORDER EQ takes the one entry; the others stay."""
    _queue(partition, "SEQ(*KEYED) KEYLEN(3)")
    for key in ("aaa", "bbb", "ccc"):
        _send(partition, key.encode(), key)
    taken = partition.run(
        "SELECT T.MESSAGE_DATA_BINARY, T.KEY_DATA FROM TABLE(QSYS2.RECEIVE_DATA_QUEUE(DATA_QUEUE"
        " => ?, DATA_QUEUE_LIBRARY => ?, REMOVE => 'YES', WAIT_TIME => 0, KEY_DATA => ?,"
        " KEY_ORDER => 'EQ')) AS T",
        "Q", partition.library, "bbb",
    )  # fmt: skip
    assert taken == [(b"bbb", "bbb")]
    assert [row[1] for row in _peek(partition)] == ["aaa", "ccc"]


def test_limits_are_the_senders_error(partition: Partition) -> None:
    """MAXLEN, SIZE and the key's length: the sender gets the message, the queue stays."""
    _queue(partition, "SIZE(2 1)", length=4)
    for data, message in ((b"12345", "CPF2498"), (b"1", ""), (b"2", ""), (b"3", "CPF950A")):
        if not message:
            _send(partition, data)
            continue
        with pytest.raises(pyodbc.Error) as caught:
            _send(partition, data)
        state, text = failure(caught.value)
        assert state == "38501"
        assert "SQL0443N" in text
        assert message in text
    assert [row[0] for row in _peek(partition)] == [b"1", b"2"]


def test_a_missing_queue_is_named(partition: Partition) -> None:
    """CPF9801 with the queue's and the library's name."""
    with pytest.raises(pyodbc.Error, match=f"CPF9801: Object Q in library {partition.library}"):
        _peek(partition)


def test_plain_text_is_sent_in_the_jobs_ccsid(partition: Partition) -> None:
    """SEND_DATA_QUEUE converts to CCSID 37, _UTF8 to UTF-8; the bytes show it."""
    _queue(partition)
    for service in ("SEND_DATA_QUEUE", "SEND_DATA_QUEUE_UTF8"):
        partition.run(f"CALL QSYS2.{service}('Aä', 'Q', ?, NULL, 'NO')", partition.library)
    assert [row[0] for row in _peek(partition)] == ["Aä".encode("cp037"), "Aä".encode()]


def test_a_wait_is_woken(partition: Partition) -> None:
    """The waiting receive gets what another connection sends; an empty wait ends with no row."""
    _queue(partition)
    waiter = partition.connect()
    got: list[tuple[Any, ...]] = []
    text = _RECEIVE.format(seconds=20)
    thread = threading.Thread(target=lambda: got.extend(run(waiter, text, "Q", partition.library)))
    thread.start()
    _send(partition, b"x")
    thread.join(timeout=20)
    assert got == [(b"x",)]
    assert _receive(partition, 0.01) == []


def test_no_unit_of_work_holds_a_queue(partition: Partition) -> None:
    """A rollback neither takes a sent entry back nor returns a received one."""
    _queue(partition)
    unit = partition.connect(autocommit=False)
    run(unit, _SEND, b"x", "Q", partition.library)
    unit.rollback()
    assert [row[0] for row in _peek(partition)] == [b"x"]
    assert run(unit, _RECEIVE.format(seconds=0), "Q", partition.library) == [(b"x",)]
    unit.rollback()
    assert _peek(partition) == []


def test_information_about_a_queue(partition: Partition) -> None:
    """The view has depth, limits and sequence; SENDERID names the sender's job."""
    _queue(partition, "SEQ(*KEYED) KEYLEN(4) SIZE(9 1) SENDERID(*YES) FORCE(*YES)")
    _send(partition, b"x", "abcd")
    (info,) = partition.run(
        "SELECT CURRENT_MESSAGES, MAXIMUM_MESSAGES, MAXIMUM_MESSAGE_LENGTH, SEQUENCE, KEY_LENGTH,"
        " DATA_QUEUE_TYPE, INCLUDE_SENDER_ID FROM QSYS2.DATA_QUEUE_INFO"
        " WHERE DATA_QUEUE_LIBRARY = ? AND DATA_QUEUE_NAME = 'Q'",
        partition.library,
    )
    assert info == (1, 9, 64, "KEYED", 4, "STANDARD", "YES")
    ((job, user),) = partition.run(
        "SELECT SENDER_JOB_NAME, SENDER_CURRENT_USER FROM"
        " TABLE(QSYS2.DATA_QUEUE_ENTRIES('Q', ?)) AS T",
        partition.library,
    )
    assert job.endswith("/QUSER/QZDASOINIT")
    assert user == "QSECOFR"


def test_a_deleted_queue_ends_its_waits(partition: Partition) -> None:
    """Nobody waits for ever on a queue that is gone."""
    _queue(partition)
    waiter = partition.connect()
    ended: list[str] = []

    def wait() -> None:
        try:
            run(waiter, _RECEIVE.format(seconds=-1), "Q", partition.library)
        except pyodbc.Error as error:
            ended.append(failure(error)[1])

    thread = threading.Thread(target=wait)
    thread.start()
    partition.command("DLTDTAQ DTAQ({lib}/Q)")
    thread.join(timeout=20)
    assert "CPF9801" in ended[0]
