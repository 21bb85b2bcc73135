"""Connections: who is there, restricted state, closing, programs."""

from __future__ import annotations

import threading

import pytest

from tests.conformance.ibmi.world import DOORBELL, PRICE, World
from towline_agent.ibmi.port import ProgramCall, Purpose
from towline_shared.errors import Misuse, Permanent, Retryable


def test_the_partition_says_who_it_is(ibmi: World) -> None:
    """Release, CCSID, profile and all parts of the fingerprint are there; nothing is missing."""
    about = ibmi.connect().describe()
    assert about.release.startswith("V")
    assert about.ccsid > 0
    assert about.user
    assert all(about.fingerprint.split("/"))
    assert about.missing == ()


def test_the_fingerprint_is_the_same_for_every_connection(ibmi: World) -> None:
    """It belongs to the partition, not to the job."""
    prints = {ibmi.connect(purpose).describe().fingerprint for purpose in Purpose}
    assert len(prints) == 1


def test_a_closed_connection_is_misuse_and_closing_twice_is_harmless(ibmi: World) -> None:
    """Our own mistake is told from the system's."""
    connection = ibmi.connect()
    connection.close()
    connection.close()
    with pytest.raises(Misuse):
        connection.describe()


def test_restricted_state_is_retryable_everywhere(ibmi: World) -> None:
    """Open connections end, new ones are refused, and afterwards all is as before."""
    connection = ibmi.connect()
    ibmi.restrict()
    with pytest.raises(Retryable):
        connection.describe()
    with pytest.raises(Retryable):
        ibmi.connect()
    ibmi.resume()
    assert ibmi.connect().snapshot(PRICE, after_key=None, limit=1)


def test_a_wait_ends_with_its_subsystem(ibmi: World) -> None:
    """Nobody hangs for ever: the waiting call comes back as Retryable."""
    waiter = ibmi.connect(Purpose.WAIT)
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            while True:
                waiter.wait(DOORBELL, seconds=5)
        except Retryable as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    ibmi.restrict()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert len(ended) == 1


def test_a_missing_program_is_permanent(ibmi: World) -> None:
    """The sentence names library and program."""
    with pytest.raises(Permanent, match="NOSUCH"):
        ibmi.connect(Purpose.WRITE).call_program(ProgramCall("DISTLIB", "NOSUCH", ()))
