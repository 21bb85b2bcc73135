"""Claims about the ERP's connections on the lab, and about locks that people hold."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.odbc.fake_door import FakeDoor, opener
from towline_agent.ibmi.errors import InUse
from towline_sandbox.odbc.hand_locks import HandLocks
from towline_sandbox.odbc.sessions import Sessions
from towline_shared.errors import Permanent


def test_two_units_never_share_a_connection_and_an_idle_one_is_used_again() -> None:
    """Each open unit has its own; what is given back is lent next."""
    first, second = FakeDoor(), FakeDoor()
    sessions = Sessions(opener(first, second))
    one, two = sessions.take(), sessions.take()
    assert one.door is not two.door
    sessions.give(one)
    assert sessions.take() is one


def test_a_lost_connection_is_closed_and_never_lent_again() -> None:
    """Whether it was lost at work or while idle."""
    first, second, third = FakeDoor(), FakeDoor(), FakeDoor()
    sessions = Sessions(opener(first, second, third))
    one = sessions.take()
    first.lost = True
    sessions.give(one)
    assert first.closed
    sessions.give(sessions.take())
    second.lost = True
    assert sessions.take().door is third  # type: ignore[comparison-overlap]


def test_a_file_is_held_by_a_share_lock_and_freed_by_closing() -> None:
    """Reads go on; a second holder is told who is first."""
    made = FakeDoor()
    locks = HandLocks(opener(made))
    sentence = locks.hold("TOWLINE/WEBORDH", (), job="048233/KESSLER/QPADEV0007", seconds=None)
    assert made.texts == ["LOCK TABLE TOWLINE.WEBORDH IN SHARE MODE"]
    assert locks.sentences() == [sentence]
    with pytest.raises(InUse, match="in use by job 048233/KESSLER"):
        locks.hold("TOWLINE/WEBORDH", (), job="1/A/B", seconds=None)
    assert locks.release("TOWLINE/WEBORDH", ())
    assert made.closed
    assert not locks.release("TOWLINE/WEBORDH", ())


def test_a_lock_that_is_not_got_leaves_no_connection_behind() -> None:
    """Neither for a record that is not there nor for one that another job has."""
    missing, taken = FakeDoor({"UPDATE": 0}), FakeDoor({"UPDATE": InUse("SQL0913: in use")})
    locks = HandLocks(opener(missing, taken))
    with pytest.raises(Permanent, match="SQL0100: DISTLIB/ITMPRC has no record FA-1 STD"):
        locks.hold("DISTLIB/ITMPRC", ("FA-1", "STD"), job="1/A/B", seconds=None)
    with pytest.raises(InUse):
        locks.hold("DISTLIB/ITMPRC", ("FA-1", "STD"), job="1/A/B", seconds=None)
    assert missing.closed
    assert taken.closed
    assert locks.sentences() == []
