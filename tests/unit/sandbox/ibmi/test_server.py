"""Claims about the stand-in behind a socket."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.sandbox.ibmi.lab import FAST, ITEM, PRICE, STOCK, clean_skus, order
from towline_agent.ibmi.errors import InUse, LinkLost, Restricted
from towline_agent.ibmi.port import Applied, ProgramCall, Purpose, QueueEntry, QueueName, Site
from towline_sandbox.ibmi import wire
from towline_sandbox.ibmi.client import Console, RemoteJob, driver
from towline_sandbox.ibmi.jobs import Job
from towline_sandbox.ibmi.server import Server
from towline_shared.config import Section
from towline_shared.errors import Misconfigured, Misuse, Permanent, Refused, Retryable

_BELL = QueueName("TOWLINE", "DOORBELL")
_LIFO = QueueName("TOWLINE", "LASTIN")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A partition on a free port."""
    with Server(tmp_path / "ibmi.db", FAST) as running:
        yield running


@pytest.fixture
def console(server: Server) -> Iterator[Console]:
    """Its console."""
    with Console(server.address) as opened:
        yield opened


def _connect(server: Server, purpose: Purpose) -> RemoteJob:
    made = driver(Section({"address": server.address}, file="agent.toml", name="ibmi"), Site())
    job = made.connect(purpose)
    assert isinstance(job, RemoteJob)
    return job


def _local(server: Server) -> Job:
    assert server.system is not None
    return server.system.connect(Purpose.READ)


def test_a_remote_job_reads_exactly_what_a_local_one_reads(
    server: Server, console: Console
) -> None:
    """Rows, snapshots, outbox, queues and description are equal, dirt and Decimals included."""
    console.call("change_price", item=console.call("items", count=1)[0]["number"], price="1.25")
    remote, local = _connect(server, Purpose.READ), _local(server)
    for query in (ITEM, PRICE, STOCK):
        assert remote.snapshot(query, after_key=None, limit=999) == local.snapshot(
            query, after_key=None, limit=999
        )
    assert remote.outbox(after=0, limit=9) == local.outbox(after=0, limit=9)
    assert remote.queue_peek(_BELL, limit=9) == local.queue_peek(_BELL, limit=9)
    assert remote.queue_info(_BELL) == local.queue_info(_BELL)
    assert remote.describe() == local.describe()
    key = (console.call("items", count=1)[0]["number"],)
    assert remote.rows(PRICE, [key, ("NONE",)]) == local.rows(PRICE, [key, ("NONE",)])
    remote.close()


def test_a_remote_job_writes(server: Server) -> None:
    """Orders, queues, programs and deletes go through; the second order is already there."""
    assert server.system is not None
    document = order(1, {clean_skus(server.system, 1)[0]: 2}, attributes=(("a", "ü"),))
    job = _connect(server, Purpose.WRITE)
    assert job.apply_order(document, event_id="e1") is Applied.WRITTEN
    assert job.apply_order(document, event_id="e1") is Applied.ALREADY_THERE
    job.call_program(ProgramCall("DISTLIB", "ORDENTRY", ()))
    ids = [row.id for row in job.outbox(after=0, limit=9)]
    assert job.outbox_delete(ids) == len(ids) > 0
    job.queue_send(_LIFO, bytes(range(64)))
    entry = job.queue_take(_LIFO)
    assert isinstance(entry, QueueEntry)
    assert entry.data == bytes(range(64))
    assert job.queue_take(_LIFO) is None
    job.close()


def test_errors_keep_their_type_sentence_and_hint(server: Server, console: Console) -> None:
    """The agent sees the same errors as in process."""
    job = _connect(server, Purpose.WRITE)
    console.call("lock_record", file="TOWLINE/WEBORDH")
    with pytest.raises(InUse, match="KESSLER") as locked:
        job.apply_order(order(1, {"X": 1}), event_id="e1")
    assert locked.value.hint
    console.call("unlock_all")
    job.apply_order(order(1, {"X": 1}), event_id="e1")
    with pytest.raises(Refused) as twin:
        job.apply_order(order(1, {"X": 1}), event_id="e2")
    assert twin.value.code == "SQL0803"
    with pytest.raises(Permanent, match="SQL0204"):
        job.rows(replace(ITEM, select="SELECT A FROM B.C"), [("x",)])
    with pytest.raises(Permanent, match="no verb"):
        console.call("format_disk")
    job.close()


def test_a_remote_wait_ends_with_the_entry_of_another_job(server: Server) -> None:
    """It blocks at the partition, not by asking again and again."""
    waiting, sending = _connect(server, Purpose.WAIT), _connect(server, Purpose.WRITE)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(waiting.wait, _BELL, seconds=30)
        sending.queue_send(_BELL, b"ring")
        entry = found.result(timeout=20)
    assert entry is not None
    assert (entry.data, entry.sender_job) == (b"ring", sending.name)
    waiting.close()
    sending.close()


def test_restricted_state_drops_jobs_refuses_new_ones_and_keeps_the_console(
    server: Server, console: Console
) -> None:
    """A waiting job loses its link, connecting is Restricted, and after the start all is well."""
    job, waiting = _connect(server, Purpose.READ), _connect(server, Purpose.WAIT)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(waiting.wait, _BELL, seconds=30)
        console.call("end_subsystem")
        with pytest.raises(LinkLost):
            found.result(timeout=20)
    with pytest.raises(LinkLost):
        job.describe()
    with pytest.raises(Restricted):
        _connect(server, Purpose.READ)
    assert console.call("status")["state"] == "restricted"
    console.call("start_subsystem")
    again = _connect(server, Purpose.READ)
    assert again.describe().simulated
    for each in (job, waiting, again):
        each.close()


def test_a_partition_that_went_away_is_retryable(tmp_path: Path) -> None:
    """A call over a dead link, and a connect to nobody."""
    server = Server(tmp_path / "ibmi.db", FAST)
    server.start()
    made = driver(Section({"address": server.address}, file="agent.toml", name="ibmi"), Site())
    job = made.connect(Purpose.READ)
    server.stop()
    with pytest.raises(LinkLost, match="08S01"):
        job.describe()
    with pytest.raises(Retryable, match="08001"):
        made.connect(Purpose.READ)
    job.close()


def test_closing_frees_a_blocked_call_and_forbids_the_next(server: Server) -> None:
    """Close never waits for an answer; a call afterwards is Misuse; closing twice is harmless."""
    job = _connect(server, Purpose.WAIT)
    with ThreadPoolExecutor(1) as pool:
        blocked = pool.submit(job.wait, _BELL, seconds=1)
        job.close()
        with pytest.raises((LinkLost, Misuse)):
            blocked.result(timeout=20)
    with pytest.raises(Misuse):
        job.describe()
    job.close()


def test_a_wait_whose_client_died_still_takes_the_next_entry(server: Server) -> None:
    """The ghost receiver: why no data may depend on an entry taken by a wait."""
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        wire.send(client, {"hello": "job", "purpose": Purpose.WAIT})
        wire.receive(client)
        wire.send(client, {"verb": "wait", "arguments": {"queue": _BELL, "seconds": 20}})
    job = _local(server)
    job.queue_send(_BELL, b"lost")
    deadline = time.monotonic() + 20
    while job.queue_info(_BELL).entries and time.monotonic() < deadline:
        os.sched_yield()
    assert job.queue_info(_BELL).entries == 0


def test_noise_on_the_port_ends_that_connection_only(server: Server, console: Console) -> None:
    """What is no frame is dropped; others go on."""
    host, _, port = server.address.rpartition(":")
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x04null"):
        with socket.create_connection((host, int(port)), timeout=20) as other:
            other.sendall(noise)
            with contextlib.suppress(OSError):  # a reset is an end too
                other.shutdown(socket.SHUT_WR)
                assert other.recv(100) == b""
    assert console.call("status")["state"] == "up"


def test_a_wrong_address_is_named(tmp_path: Path) -> None:
    """The sentence has file, field and value."""
    for address in ("nowhere", "host:port", ":9471"):
        with pytest.raises(Misconfigured, match=r"ibmi\.address"):
            driver(Section({"address": address}, file="agent.toml", name="ibmi"), Site())
