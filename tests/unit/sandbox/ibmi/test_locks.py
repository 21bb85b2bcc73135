"""Claims about locks: who waits, who does not, and who is named."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from tests.unit.sandbox.ibmi.lab import PRICE, clean_skus, reader
from towline_agent.ibmi.errors import InUse
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.locks import RecordLocks
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Permanent, Retryable

PRICES = "DISTLIB/ITMPRC"
ENDED_S = 20.0  # a bound for threads that must end, never waited out


def test_a_held_record_names_its_holder_and_reads_go_on(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """SQL0913 tells file, key and job; a read under UR does not wait."""
    sku = clean_skus(system, 1)[0]
    console.call("lock_record", {"file": PRICES, "key": [sku, "STD"]})
    with pytest.raises(InUse, match=rf"{sku} STD of {PRICES}.*048233/KESSLER/QPADEV0007"):
        console.call("change_price", {"item": sku, "price": "1.00"})
    assert len(reader(system).rows(PRICE, [(sku,)])) == 1
    assert console.call("status", {})["locked"] != []
    console.call("unlock_record", {"file": PRICES, "key": [sku, "STD"]})
    assert console.call("change_price", {"item": sku, "price": "1.00"})["outbox_id"] == 1


def test_a_write_in_another_unit_waits_for_the_commit(system: SimulatedIbmI) -> None:
    """The second job gets the record once the first commits, without being told to retry."""
    locks = RecordLocks(system.storage.lock, waitrcd_s=ENDED_S)
    locks.acquire(PRICES, ("X", "STD"), job="1/A/ONE")
    order: list[str] = []

    def second() -> None:
        locks.acquire(PRICES, ("X", "STD"), job="2/B/TWO")
        order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    order.append("first commits")
    locks.release_job("1/A/ONE")
    thread.join(ENDED_S)
    assert order == ["first commits", "second"]
    assert [held.job for held in locks.held()] == ["2/B/TWO"]


def test_two_jobs_cannot_hold_one_record_but_one_job_may_take_it_twice(
    system: SimulatedIbmI,
) -> None:
    """A job does not wait for itself; a whole-file lock needs the file free of others."""
    locks = system.locks
    locks.acquire(PRICES, ("X", "STD"), job="1/A/ONE")
    locks.acquire(PRICES, ("X", "STD"), job="1/A/ONE")
    with pytest.raises(Retryable, match="SQL0913"):
        locks.hold(PRICES, ("X", "STD"), job="2/B/TWO")
    with pytest.raises(Retryable, match="SQL0913"):
        locks.hold(PRICES, (), job="2/B/TWO")
    locks.release_job("1/A/ONE")
    locks.hold(PRICES, (), job="2/B/TWO")
    with pytest.raises(InUse, match="File DISTLIB/ITMPRC"):
        locks.acquire(PRICES, ("Y", "STD"), job="1/A/ONE", may_wait=False)


def test_a_lock_with_a_time_is_gone_when_it_is_over(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """Whoever waits longer than the lock lasts gets the record."""
    sku = clean_skus(system, 1)[0]
    console.call("lock_record", {"file": PRICES, "key": [sku, "STD"], "seconds": 0.001})
    assert console.call("change_price", {"item": sku, "price": "1.00"})["price"] == Decimal("1.00")


def test_a_commit_and_a_rollback_let_go_of_everything(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """No lock outlives its unit of work, whichever way it ends."""
    one, two = clean_skus(system, 2)
    for sku, end in ((one, "commit"), (two, "rollback")):
        console.call("begin", {"job": "J"})
        arguments = {"job": "J", "file": PRICES, "key": [sku, "STD"], "values": {"IPPRC": "1.00"}}
        console.call("update", arguments)
        assert len(system.locks.held()) == 1
        console.call(end, {"job": "J"})
        assert system.locks.held() == []


def test_the_console_names_what_it_cannot_do(console: ConsoleVerbs) -> None:
    """Unknown verbs, files, arguments and units of work are told apart in one sentence each."""
    for verb, arguments, why in (
        ("dance", {}, "no verb 'dance'"),
        ("items", {"colour": "red"}, "can't be called so"),
        ("lock_record", {"file": "DISTLIB/NOPE"}, "SQL0204"),
        ("lock_record", {"file": PRICES, "key": ["X"]}, "IPITNB, IPLIST"),
        ("commit", {"job": "NOBODY"}, "no open unit of work"),
    ):
        with pytest.raises(Permanent, match=why):
            console.call(verb, arguments)
