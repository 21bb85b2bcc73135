"""Commitment control and the triggers: what is seen when, and by whom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.sandbox.ibmi.lab import PRICE, clean_skus
from towline_agent.ibmi.port import Purpose, QueueName
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Permanent

BELL = QueueName("TOWLINE", "DOORBELL")
ONE = "048400/MWEBER/QPADEV0001"
TWO = "048401/KESSLER/QPADEV0002"


def test_a_commit_makes_the_outbox_row_visible_with_key_job_and_user(
    system: SimulatedIbmI,
) -> None:
    """The row says which record changed, how, when, and who did it; not what it changed to."""
    job, sku = system.connect(Purpose.READ), clean_skus(system, 1)[0]
    unit = system.units.begin(ONE)
    unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": Decimal("4.56")})
    assert job.outbox(after=0, limit=10) == []
    ids = unit.commit()
    (row,) = job.outbox(after=0, limit=10)
    assert (row.id, row.library, row.file, row.keys) == (ids[0], "DISTLIB", "ITMPRC", (sku,))
    assert (row.operation, row.job, row.user) == ("U", ONE, "MWEBER")
    assert len(row.changed_at) == 26


def test_an_id_drawn_earlier_can_become_visible_later(system: SimulatedIbmI) -> None:
    """Identity values are given at insert: the lower one may come after the higher one."""
    job = system.connect(Purpose.READ)
    slow, quick = system.units.begin(ONE), system.units.begin(TWO)
    slow.update("DISTLIB/ITMPRC", (clean_skus(system, 2)[0], "STD"), {"IPPRC": Decimal("1.00")})
    quick.update("DISTLIB/ITMPRC", (clean_skus(system, 2)[1], "STD"), {"IPPRC": Decimal("2.00")})
    (second,) = quick.commit()
    assert [row.id for row in job.outbox(after=0, limit=10)] == [second]
    (first,) = slow.commit()
    assert first < second
    assert [row.id for row in job.outbox(after=0, limit=10)] == [first, second]


def test_a_rollback_restores_the_records_and_leaves_a_gap_in_the_ids(
    system: SimulatedIbmI,
) -> None:
    """Before-images come back, the outbox rows vanish, their ids are never given again."""
    sku, other = clean_skus(system, 2)
    before = system.storage.db.execute('SELECT * FROM "DISTLIB.ITMPRC"').fetchall()
    unit = system.units.begin(ONE)
    unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": Decimal("1.00")})
    unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": Decimal("2.00")})
    unit.delete("DISTLIB/ITMPRC", (other, "STD"))
    unit.insert("DISTLIB/ITMPRC", {"IPITNB": "NEW-1", "IPLIST": "STD"})
    unit.rollback()
    after = system.storage.db.execute('SELECT * FROM "DISTLIB.ITMPRC" ORDER BY rowid').fetchall()
    assert [tuple(row) for row in after] == [tuple(row) for row in before]
    again = system.units.begin(ONE)
    again.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": Decimal("3.00")})
    assert again.commit() == [5]


def test_reads_under_ur_see_what_is_not_yet_committed(system: SimulatedIbmI) -> None:
    """The record is changed in place; only the outbox hides it until the commit."""
    sku, unit = clean_skus(system, 1)[0], system.units.begin(ONE)
    unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": Decimal("7.77")})
    (row,) = system.connect(Purpose.READ).rows(PRICE, [(sku,)])
    assert row.cells["IPPRC"] == Decimal("7.77")
    unit.rollback()


def test_the_doorbell_rings_before_the_commit(system: SimulatedIbmI) -> None:
    """The send is outside the unit of work: a reader may look and find nothing yet."""
    job, unit = system.connect(Purpose.READ), system.units.begin(ONE)
    unit.update("DISTLIB/ITMPRC", (clean_skus(system, 1)[0], "STD"), {"IPPRC": Decimal("1.00")})
    assert job.wait(BELL, seconds=0) is not None
    assert job.outbox(after=0, limit=10) == []
    unit.rollback()
    assert job.wait(BELL, seconds=0) is None


def test_a_rewritten_record_without_a_change_is_no_news(system: SimulatedIbmI) -> None:
    """RPG rewrites whole records; only a watched column that differs feeds the outbox."""
    sku = clean_skus(system, 1)[0]
    price = system.units.begin(ONE).read("DISTLIB/ITMPRC", (sku, "STD"))
    assert price is not None
    unit = system.units.begin(ONE)
    unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": str(price["IPPRC"])})
    unit.update("DISTLIB/ITMBAL", (sku, "001"), {"IBLOC": "Z99-9", "IBLCTD": 1261123})
    assert unit.commit() == []


def test_inserts_and_deletes_feed_the_outbox_too(system: SimulatedIbmI) -> None:
    """A new price and a deleted one are changes of that item."""
    unit = system.units.begin(ONE)
    unit.insert("DISTLIB/ITMPRC", {"IPITNB": "NEW-1", "IPLIST": "STD", "IPPRC": Decimal("1.10")})
    unit.delete("DISTLIB/ITMPRC", ("NEW-1", "STD"))
    unit.commit()
    rows = system.connect(Purpose.READ).outbox(after=0, limit=10)
    assert [(row.keys, row.operation) for row in rows] == [(("NEW-1",), "I"), (("NEW-1",), "D")]


def test_a_full_doorbell_does_not_fail_the_program(system: SimulatedIbmI) -> None:
    """The trigger's guard swallows CPF950A; the outbox row is there all the same."""
    for _ in range(5000):
        system.queues.send(str(BELL), b"\xd6")
    unit = system.units.begin(ONE)
    unit.update("DISTLIB/ITMPRC", (clean_skus(system, 1)[0], "STD"), {"IPPRC": Decimal("1.00")})
    assert len(unit.commit()) == 1
    assert system.storage.fact("doorbell_missed") == "1"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"IPPRC": Decimal("12345678.00")}, "SQL0406"),
        ({"IPPRC": Decimal("1.005")}, "SQL0406"),
        ({"IPPRC": "abc"}, "SQL0420"),
        ({"IPPRC": "NaN"}, "SQL0420"),
        ({"IPPRC": True}, "SQL0408"),
        ({"IPCUR": "EURO"}, "SQL0404"),
        ({"IPCUR": "\u20ac"}, "SQL0330"),
        ({"NOPE": 1}, "SQL0206"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_changes(
    system: SimulatedIbmI, values: dict[str, Decimal | str | int], code: str
) -> None:
    """A field never holds a cut number or a character its CCSID lacks."""
    unit = system.units.begin(ONE)
    with pytest.raises(Permanent, match=code):
        unit.update("DISTLIB/ITMPRC", (clean_skus(system, 1)[0], "STD"), values)
    assert unit.commit() == []


def test_a_record_that_is_not_there_and_one_that_is_there_twice(system: SimulatedIbmI) -> None:
    """SQL0100 and SQL0803."""
    unit, sku = system.units.begin(ONE), clean_skus(system, 1)[0]
    with pytest.raises(Permanent, match="SQL0100"):
        unit.update("DISTLIB/ITMPRC", ("NOPE", "STD"), {"IPPRC": Decimal("1.00")})
    with pytest.raises(Permanent, match="SQL0803"):
        unit.insert("DISTLIB/ITMPRC", {"IPITNB": sku, "IPLIST": "STD"})
    unit.rollback()


def test_deleting_outbox_rows_twice_is_harmless(system: SimulatedIbmI) -> None:
    """Ids that are gone are no error."""
    job, unit = system.connect(Purpose.WRITE), system.units.begin(ONE)
    for number in (0, 1):
        key = (clean_skus(system, 2)[number], "STD")
        unit.update("DISTLIB/ITMPRC", key, {"IPPRC": Decimal("1.00")})
    first, second = unit.commit()
    assert job.outbox_delete([first, 999]) == 1
    assert job.outbox_delete([first]) == 0
    assert [row.id for row in job.outbox(after=0, limit=10)] == [second]
