"""Claims about a unit of work on the lab: what is sent, and how it ends."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.sandbox.odbc.fake_door import FakeDoor, session
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.odbc.verdicts import DuplicateKey
from towline_sandbox.odbc.sessions import Session
from towline_sandbox.odbc.unit import OdbcUnit
from towline_shared.errors import Permanent


def _unit(made: FakeDoor, ids: list[int] | None = None) -> tuple[OdbcUnit, list[Session]]:
    back: list[Session] = []
    unit = OdbcUnit(1, session(made), fresh_ids=lambda _: ids or [], ended=back.append)
    return unit, back


def test_an_insert_fills_what_is_left_out() -> None:
    """Blank or zero, as a new record format; CHAR padded, numbers as decimals."""
    made = FakeDoor()
    _unit(made)[0].insert("DISTLIB/NUMCTL", {"NCTYP": "X"})
    assert made.asked == [
        ('INSERT INTO DISTLIB.NUMCTL ("NCTYP", "NCNEXT") VALUES (?, ?)', ("X  ", Decimal(0)))
    ]


def test_a_change_of_nothing_and_a_double_key_are_sentences() -> None:
    """SQL0100 and SQL0803, with the file and the key."""
    unit, _ = _unit(FakeDoor({"UPDATE": 0, "INSERT": DuplicateKey("SQL0803: twice.")}))
    with pytest.raises(Permanent, match="SQL0100: DISTLIB/NUMCTL has no record ORD"):
        unit.update("DISTLIB/NUMCTL", ("ORD",), {"NCNEXT": 5})
    with pytest.raises(Permanent, match="SQL0803: duplicate key in DISTLIB/NUMCTL"):
        unit.insert("DISTLIB/NUMCTL", {"NCTYP": "ORD"})


def test_a_locked_read_writes_the_record_as_it_is() -> None:
    """By a column that the profile may change; and there is nothing to read where none is."""
    made = FakeDoor({"SELECT": [], "UPDATE": 0})
    assert _unit(made)[0].read("TOWLINE/WEBORDH", ("e1",), lock=True) is None
    assert made.texts == ['UPDATE TOWLINE.WEBORDH SET "STATUS" = "STATUS" WHERE "EVENTID" = ?']


def test_a_commit_tells_the_outbox_rows_and_gives_the_session_back() -> None:
    """The newest id is remembered, so that the next unit looks only behind it."""
    made = FakeDoor()
    unit, back = _unit(made, [7, 9])
    assert unit.commit() == [7, 9]
    assert [each.last_id for each in back] == [9]
    unit.rollback()
    assert (made.texts, len(back)) == (["COMMIT"], 1)


@pytest.mark.parametrize("error", [LinkLost("gone"), InUse("SQL0913: in use")])
def test_a_failed_commit_ends_the_unit(error: Exception) -> None:
    """It is rolled back as far as anybody can, and the session is not kept."""
    made = FakeDoor({"COMMIT": error})
    unit, back = _unit(made)
    with pytest.raises(type(error)):
        unit.commit()
    assert (made.texts, len(back)) == (["COMMIT", "ROLLBACK"], 1)


def test_a_rollback_over_a_lost_link_raises_nothing() -> None:
    """The machine rolls back by itself when a job ends."""
    unit, back = _unit(FakeDoor({"ROLLBACK": LinkLost("gone")}))
    unit.rollback()
    assert len(back) == 1
