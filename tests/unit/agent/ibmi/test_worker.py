"""A connection's worker: opens when needed, spares the system, never repeats a refused sign-on."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tests.support.agent_house import AgentHouse, agent_house
from towline_agent.ibmi.errors import InUse, LinkLost, Restricted, SignOnRefused
from towline_agent.ibmi.port import IbmI, Purpose
from towline_shared.errors import Misconfigured, Permanent, Refused, Retryable


def describe(ibmi: IbmI) -> str:
    return ibmi.describe().system


def test_it_opens_once_and_keeps_the_connection(tmp_path: Path) -> None:
    """Two calls, one sign-on; all calls on one thread."""

    async def scenario(house: AgentHouse) -> None:
        worker = house.workers[Purpose.READ]
        assert worker.state.status == "starting"
        await worker.call(describe)
        threads = {await worker.call(lambda _: threading.get_ident()) for _ in range(3)}
        assert house.partition.connects == [Purpose.READ]
        assert len(threads) == 1
        assert worker.state.status == "up"
        assert worker.state.last_good_at == house.clock.now()

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_refused_sign_on_is_never_repeated_by_any_connection(tmp_path: Path) -> None:
    """QMAXSIGN would disable the profile: one attempt for all three connections together."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.refuse = SignOnRefused("CWBSY0002: the password is not correct.")
        for worker in [*house.workers.values()] * 3:
            with pytest.raises(Permanent, match="CWBSY0002"):
                await worker.call(describe)
            house.clock.advance(3600)
        assert len(house.partition.connects) == 1
        assert all(worker.state.status == "down" for worker in house.workers.values())

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_password_that_expires_stops_the_next_sign_on_only(tmp_path: Path) -> None:
    """The first connection that wears out is refused; the others work on until they do."""

    async def scenario(house: AgentHouse) -> None:
        reader, writer = house.workers[Purpose.READ], house.workers[Purpose.WRITE]
        await reader.call(describe)
        await writer.call(describe)
        house.partition.refuse = SignOnRefused("CWBSY0003: the password has expired.")
        house.partition.worn = True
        with pytest.raises(SignOnRefused):
            await reader.call(describe)
        house.partition.worn = False
        assert await writer.call(describe) == "NORDWIND"
        assert (reader.state.status, writer.state.status) == ("down", "up")
        assert house.sign_on.refused is house.partition.refuse
        house.partition.worn = True
        with pytest.raises(SignOnRefused):
            await writer.call(describe)
        assert len(house.partition.connects) == 3

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_wrong_setting_is_tried_again_slowly(tmp_path: Path) -> None:
    """A certificate that has run out disables no profile: once it is renewed, all goes on."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.refuse = Misconfigured("CWBCO1050: the certificate is not trusted.")
        for worker in house.workers.values():
            with pytest.raises(Misconfigured):
                await worker.call(describe)
        assert len(house.partition.connects) == 1
        house.partition.refuse = None
        house.clock.advance(299)
        with pytest.raises(Misconfigured):
            await house.workers[Purpose.READ].call(describe)
        house.clock.advance(2)
        assert await house.workers[Purpose.READ].call(describe) == "NORDWIND"
        assert house.sign_on.refused is None

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_whatever_a_driver_calls_permanent_at_sign_on_is_one(tmp_path: Path) -> None:
    """The caller must be able to tell it from a fault of what it asked for."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.refuse = Permanent("The profile was refused.", hint="Ask.")
        with pytest.raises(SignOnRefused, match="refused") as caught:
            await house.workers[Purpose.WRITE].call(describe)
        assert caught.value.hint == "Ask."

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_lost_link_is_reopened_after_a_rest(tmp_path: Path) -> None:
    """Until the rest is over calls fail at once, without touching the system."""

    async def scenario(house: AgentHouse) -> None:
        worker = house.workers[Purpose.READ]
        house.partition.failures["describe"] = [LinkLost("08S01: the line broke.")]
        with pytest.raises(LinkLost):
            await worker.call(describe)
        assert worker.state.status == "down"
        with pytest.raises(Retryable) as caught:
            await worker.call(describe)
        assert caught.value.retry_after_s
        assert len(house.partition.connects) == 1
        house.clock.advance(caught.value.retry_after_s)
        assert await worker.call(describe) == "NORDWIND"
        assert worker.state.status == "up"
        assert worker.state.last_error == ""
        assert worker.state.jobs == 2

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_restricted_state_is_told_from_a_fault(tmp_path: Path) -> None:
    """A full save is normal; the state says so."""

    async def scenario(house: AgentHouse) -> None:
        worker = house.workers[Purpose.READ]
        house.partition.refuse = Restricted("The system is in restricted state.")
        with pytest.raises(Retryable):
            await worker.call(describe)
        assert worker.state.status == "restricted"

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_lock_does_not_cost_the_connection(tmp_path: Path) -> None:
    """The other job holds the record; ours is sound and stays open."""

    async def scenario(house: AgentHouse) -> None:
        worker = house.workers[Purpose.WRITE]
        house.partition.failures["describe"] = [InUse("SQL0913"), Permanent("SQL0204")]
        with pytest.raises(InUse):
            await worker.call(describe)
        with pytest.raises(Permanent):
            await worker.call(describe)
        assert worker.state.status == "up"
        await worker.call(describe)
        assert len(house.partition.connects) == 1

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_what_the_erp_refuses_is_not_shown_as_trouble_of_a_connection(tmp_path: Path) -> None:
    """The sentence is the ERP's and may name a customer; it travels with the report only."""

    async def scenario(house: AgentHouse) -> None:
        worker = house.workers[Purpose.WRITE]
        house.partition.failures["describe"] = [Refused("Kunde Käthe Grün ist gesperrt.")]
        with pytest.raises(Refused):
            await worker.call(describe)
        assert (worker.state.status, worker.state.last_error) == ("up", "")

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_an_error_that_does_not_tell_is_asked_about(tmp_path: Path) -> None:
    """A full queue leaves the connection alone; a dead one is found out and opened anew."""

    async def scenario(house: AgentHouse) -> None:
        worker = house.workers[Purpose.WRITE]
        await worker.call(describe)
        house.partition.failures["outbox"] = [Retryable("CPF950A: the queue is full.")]
        with pytest.raises(Retryable, match="CPF950A"):
            await worker.call(lambda ibmi: ibmi.outbox(after=0, limit=1))
        assert worker.state.status == "up"
        house.partition.failures["outbox"] = [Retryable("08S01")]
        house.partition.failures["describe"] = [Retryable("08S01")]
        with pytest.raises(Retryable, match="08S01"):
            await worker.call(lambda ibmi: ibmi.outbox(after=0, limit=1))
        assert worker.state.status == "down"

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
