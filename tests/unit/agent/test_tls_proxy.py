"""An intercepting proxy: it reads nothing that matters, and changes nothing unnoticed.

The proxy is a real one: TLS to the agent under its own authority, which agent.toml names, and every
websocket message in the clear in its hands.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_site import QuickPace, write_site
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay, until
from tests.support.tls_proxy import TlsProxy, company_authority, tls_proxy
from towline_agent.app import Agent
from towline_agent.config import load_config
from towline_agent.conformance.documents import sample_order
from towline_agent.identity import enrol
from towline_shared.clock import SystemClock
from towline_shared.codec import encode
from towline_shared.events import Event
from towline_shared.frames import Data, pack
from towline_shared.retry import Backoff

SECRETS = (
    "Käthe Grün", "Hafenstraße", "kaethe@example.com", "Sechskantschraube",
    "14.90", "SKU-SECRET-7", "8.15", "Rohrschelle verzinkt", "gid://shopify/Order",
)  # fmt: skip


def order(number: int) -> Event:
    now = SystemClock().now()
    return Event(f"event-{number}", f"gid://{number}", "shopify", now, sample_order(1))


def readable(message: bytes) -> list[bytes]:
    """Everything a curious proxy can make of a message: as it is, and inflated."""
    found = [message]
    for start in (0, 2):
        try:
            found.append(zlib.decompress(message[start:]))
        except zlib.error:
            continue
    return found


def leaks(messages: list[bytes]) -> set[str]:
    """Return the secrets that can be read in messages, in UTF-8 or as JSON escapes them."""
    texts = [text for message in messages for text in readable(message)]
    return {
        secret
        for secret in SECRETS
        for text in texts
        if secret.encode() in text or secret.encode("ascii", "backslashreplace") in text
    }


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[tuple[Relay, TlsProxy, FakePartition, Agent]]:
    """Run an agent whose only way to its relay leads through the proxy."""
    relay, partition = Relay(folder), FakePartition()
    await relay.start()
    ca_file, context = company_authority(folder)
    try:
        async with tls_proxy(relay.url, context) as proxy:
            path = write_site(folder / "site", url=proxy.url)
            text = path.read_text().replace("[state]", f'ca_file = "{ca_file}"\n[state]')
            path.write_text(text)
            config = load_config(path)
            await enrol(url=relay.url, code=relay.code(), name="site", folder=config.state)
            agent = Agent(config, driver=partition, pace=QuickPace())
            agent._link._backoff = Backoff(first_s=0.05, most_s=0.1)
            stop = asyncio.Event()
            task = asyncio.create_task(agent.run(stop))
            try:
                yield relay, proxy, partition, agent
            finally:
                stop.set()
                await task
    finally:
        await relay.stop()


def identity_of(agent: Agent) -> str:
    """Return the agent's id at the relay."""
    return agent._about.agent_id


def fill(partition: FakePartition) -> None:
    """An item with a name and a price that nobody on the way should read."""
    row = {"SKU": "SKU-SECRET-7", "ITDSC": "Rohrschelle verzinkt"}
    partition.rows["item"][("SKU-SECRET-7",)] = [row]
    partition.set_price(1, "SKU-SECRET-7", Decimal("8.15"))


def test_the_proxy_reads_no_order_no_name_no_price(tmp_path: Path) -> None:
    """Both journeys through it; it has every message and can read none but the handshake's."""

    async def story() -> None:
        async with site(tmp_path) as (relay, proxy, partition, agent):
            fill(partition)
            partition.ring()
            relay.send_down(identity_of(agent), [order(1)])
            await until(lambda: "event-1" in partition.orders)
            await until(lambda: not partition.outbox)
            await until(lambda: len(relay.got()) >= 2)  # the price and the report
            messages = [message for _, message in proxy.seen]
            hello = b"".join(readable(messages[0]))
            assert identity_of(agent).encode() in hello  # it does read in the clear
            assert sum(way == "down" for way, _ in proxy.seen) > 3
            assert leaks(messages) == set()

    asyncio.run(story())


def test_the_search_would_find_what_is_not_sealed() -> None:
    """The same documents in frames without a seal are readable to the last of the secrets."""
    item = Event("e1", "SKU-SECRET-7", "ibmi", SystemClock().now(), sample_order(1))
    events = [order(1), item]
    rows = tuple((e.id, e.entity, e.key, encode(e)) for e in events)
    rest = ("e2", "price", "SKU-SECRET-7", "8.15 Rohrschelle verzinkt")
    assert leaks([pack(Data("orders", "x", 1, (*rows, rest)))]) == set(SECRETS)


def flipped(message: bytes) -> list[bytes]:
    return [message[:-1] + bytes([message[-1] ^ 1])]


def cut(message: bytes) -> list[bytes]:
    return [message[: len(message) // 2]]


def twice(message: bytes) -> list[bytes]:
    return [message, message]


def gone(message: bytes) -> list[bytes]:
    return []


def header(message: bytes) -> list[bytes]:
    return [bytes([message[0], message[1] ^ 1]) + message[2:]]


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("tamper", [flipped, cut, twice, gone, header])
def test_a_changed_frame_ends_the_session_and_has_no_effect(
    tmp_path: Path, way: str, tamper: Callable[[bytes], list[bytes]]
) -> None:
    """From the third message of a way on: noticed at the next one, and all arrives once after."""

    async def story() -> None:
        async with site(tmp_path) as (relay, proxy, partition, agent):
            await until(lambda: agent._link.state.connected)
            met: list[int] = []

            def change(path: str, number: int, message: bytes) -> list[bytes]:
                if path == way and number >= 2 and not met:
                    met.append(number)
                    return tamper(message)
                return [message]

            proxy.change = change
            fill(partition)
            partition.ring()
            relay.send_down(identity_of(agent), [order(1), order(2)])
            await until(lambda: bool(met) and proxy.connections >= 2)
            await until(lambda: {"event-1", "event-2"} <= partition.orders.keys())
            await until(lambda: not partition.outbox and len(relay.got()) >= 3)
            assert len(relay.got()) == len(set(relay.got()))
            assert partition.calls.count("apply_order") == 2

    asyncio.run(story())


def test_a_proxy_that_plays_the_relay_is_refused(tmp_path: Path) -> None:
    """With keys of its own it gets no AUTH: the agent pinned the relay's when it enrolled."""

    async def story() -> None:
        (tmp_path / "impostor").mkdir()
        impostor = Relay(tmp_path / "impostor")
        await impostor.start()
        try:
            async with site(tmp_path) as (_, proxy, partition, agent):
                await until(lambda: agent._link.state.connected)
                proxy.relay_url = impostor.url
                proxy.change = lambda way, number, message: [message] * (2 if number > 2 else 1)
                fill(partition)
                partition.ring()  # what it sends is doubled, so that it has to join anew
                await until(lambda: "it accepts" in agent._link.state.last_error)
                assert not any(frame[1] & 0x02 for _, frame in proxy.seen[-2:])  # no AUTH came
                assert impostor.got() == []
        finally:
            await impostor.stop()

    asyncio.run(story())


def test_the_proxys_authority_is_trusted_by_the_setting_only(tmp_path: Path) -> None:
    """Without ``[relay] ca_file`` the agent does not even begin to talk."""

    async def story() -> None:
        relay = Relay(tmp_path)
        await relay.start()
        _, context = company_authority(tmp_path)
        try:
            async with tls_proxy(relay.url, context) as proxy:
                config = load_config(write_site(tmp_path / "site", url=proxy.url))
                await enrol(url=relay.url, code=relay.code(), name="site", folder=config.state)
                agent = Agent(config, driver=FakePartition(), pace=QuickPace())
                stop = asyncio.Event()
                task = asyncio.create_task(agent.run(stop))
                await until(lambda: "CERTIFICATE_VERIFY_FAILED" in agent._link.state.last_error)
                stop.set()
                await task
                assert proxy.seen == []
        finally:
            await relay.stop()

    asyncio.run(story())
