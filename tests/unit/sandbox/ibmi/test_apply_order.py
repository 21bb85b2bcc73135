"""Claims about writing a shop's order into the staging files."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.sandbox.ibmi.lab import clean_skus, order, reader
from towline_agent.ibmi.errors import InUse
from towline_agent.ibmi.port import Applied, Purpose
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Refused
from towline_shared.events import Address, Customer, Order

_FILES = ("WEBORDH", "WEBORDL", "WEBORDA", "WEBORDT", "WEBORDP", "WEBORDS", "WEBORDN", "APPLIED")


def _counts(system: SimulatedIbmI) -> dict[str, int]:
    with system.storage.lock:
        db = system.storage.db
        return {
            file: db.execute(f'SELECT count(*) FROM "TOWLINE.{file}"').fetchone()[0]
            for file in _FILES
        }


def test_an_order_stands_in_all_files_after_one_call(system: SimulatedIbmI) -> None:
    """Header, lines, taxes, shipping, payment, address, notes and the applied-event row."""
    one, two = clean_skus(system, 2)
    document = order(1, {one: 2, two: 3}, note="n" * 4100, attributes=(("gift", "yes"),))
    job = system.connect(Purpose.WRITE)
    assert job.apply_order(document, event_id="e1") is Applied.WRITTEN
    assert _counts(system) == {
        "WEBORDH": 1, "WEBORDL": 2, "WEBORDA": 1, "WEBORDT": 2, "WEBORDP": 1, "WEBORDS": 1,
        "WEBORDN": 3, "APPLIED": 1,
    }  # fmt: skip


def test_the_same_event_is_written_once(system: SimulatedIbmI) -> None:
    """A second call, from any job, says so and writes nothing."""
    document = order(1, {clean_skus(system, 1)[0]: 2})
    system.connect(Purpose.WRITE).apply_order(document, event_id="e1")
    before = _counts(system)
    again = system.connect(Purpose.WRITE).apply_order(document, event_id="e1")
    assert again is Applied.ALREADY_THERE
    assert _counts(system) == before


def test_the_same_order_under_another_event_is_refused(system: SimulatedIbmI) -> None:
    """The order's gid is unique: two events can't make two orders of one."""
    document = order(1, {clean_skus(system, 1)[0]: 2})
    job = system.connect(Purpose.WRITE)
    job.apply_order(document, event_id="e1")
    with pytest.raises(Refused, match="SQL0803"):
        job.apply_order(document, event_id="e2")
    assert _counts(system)["WEBORDH"] == _counts(system)["APPLIED"] == 1


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"total": Decimal("1.005")}, "TOTAL"),
        ({"total": Decimal(10) ** 14}, "TOTAL"),
        ({"name": "#" + "9" * 30}, "ORDNAME"),
        ({"currency": "EURO"}, "CURRENCY"),
    ],
)
def test_a_key_or_amount_that_does_not_fit_refuses_the_whole(
    system: SimulatedIbmI, change: dict[str, object], column: str
) -> None:
    """The sentence names the column, and nothing is written."""
    document = replace(order(1, {clean_skus(system, 1)[0]: 2}), **change)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=f"column {column} of|WEBORDH {column}|{column}"):
        system.connect(Purpose.WRITE).apply_order(document, event_id="e1")
    assert not any(_counts(system).values())


def test_a_sku_in_another_script_is_refused_by_name(system: SimulatedIbmI) -> None:
    """A key is never bent until it fits: it would be somebody else's item."""
    with pytest.raises(Refused, match="SKU"):
        system.connect(Purpose.WRITE).apply_order(order(1, {"螺丝-1": 2}), event_id="e1")


def test_descriptive_text_is_fitted_and_its_original_kept(system: SimulatedIbmI) -> None:
    """What CCSID 37 lacks becomes a customary spelling or ?, what is long is cut, nothing lost."""
    document: Order = replace(
        order(1, {clean_skus(system, 1)[0]: 2}), customer_name="Łukasz 山田 " + "x" * 80
    )
    system.connect(Purpose.WRITE).apply_order(document, event_id="e1")
    with system.storage.lock:
        db = system.storage.db
        name = db.execute('SELECT CUSTNAME FROM "TOWLINE.WEBORDH"').fetchone()[0]
        kept = db.execute(
            "SELECT VALUE FROM \"TOWLINE.WEBORDN\" WHERE KIND = 'ORIGINAL'"
        ).fetchone()[0]
    assert name.startswith("Lukasz ?? x")
    assert len(name) == 60
    assert kept == document.customer_name


def test_a_locked_staging_file_is_retryable_and_reads_go_on(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """SQL0913 names the holder; nothing is written, and after the release it is."""
    held = console.call("lock_record", {"file": "TOWLINE/WEBORDH"})
    assert "KESSLER" in held["sentence"]
    document = order(1, {clean_skus(system, 1)[0]: 2})
    job = system.connect(Purpose.WRITE)
    with pytest.raises(InUse, match=r"SQL0913.*in use by job .*/KESSLER/QPADEV0007"):
        job.apply_order(document, event_id="e1")
    assert not any(_counts(system).values())
    assert not reader(system).outbox(after=0, limit=1)
    console.call("unlock_all", {})
    assert job.apply_order(document, event_id="e1") is Applied.WRITTEN


def test_a_locked_record_stops_its_writers_only(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """The price of another item can be changed meanwhile; the held one after its time."""
    held, free = clean_skus(system, 2)
    console.call("lock_record", {"file": "DISTLIB/ITMPRC", "key": [held, "STD"]})
    console.call("change_price", {"item": free, "price": "2.00"})
    with pytest.raises(InUse, match="SQL0913"):
        console.call("change_price", {"item": held, "price": "2.00"})
    console.call("unlock_record", {"file": "DISTLIB/ITMPRC", "key": [held, "STD"]})
    assert console.call("change_price", {"item": held, "price": "2.00"})["outbox_id"] == 2


def test_a_customer_stands_in_its_file_once_for_each_change(system: SimulatedIbmI) -> None:
    """Name, address and note in one call; a repetition writes nothing, a change a new record."""
    person = Customer(
        customer_gid="gid://shopify/Customer/1",
        name="Erika Muster",
        email="erika@example.com",
        address=Address(address1="Hafen 1", city="Kiel", country="DE"),
        note="VIP",
    )
    job = system.connect(Purpose.WRITE)
    assert job.apply_order(person, event_id="c1") is Applied.WRITTEN
    assert job.apply_order(person, event_id="c1") is Applied.ALREADY_THERE
    job.apply_order(replace(person, email="new@example.com"), event_id="c2")
    with system.storage.lock:
        found = system.storage.db.execute(
            'SELECT EMAIL, STATUS FROM "TOWLINE.WEBCUST" ORDER BY EVENTID'
        ).fetchall()
    assert [tuple(row) for row in found] == [("erika@example.com", "N"), ("new@example.com", "N")]
    counts = _counts(system)
    assert (counts["WEBORDA"], counts["WEBORDN"], counts["APPLIED"]) == (2, 2, 2)
