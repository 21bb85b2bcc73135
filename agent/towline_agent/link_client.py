"""The agent's end of the link: connects, serves one session after the other, and tells how it is.

What is said in a session stands in ``link_session``, its rules in ``towline_shared.link``. Nothing
but the picture for the health page is remembered across a reconnect.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidURI,
    ProxyError,
)
from websockets.typing import Subprotocol

from towline_agent.buffer import Buffer
from towline_agent.keeper import Keeper
from towline_agent.lease import Lease
from towline_agent.link_session import OPEN_S, Session
from towline_agent.speaker import Speaker
from towline_shared import __version__
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable, TowlineError
from towline_shared.events import Heartbeat
from towline_shared.frames import MOST_BYTES
from towline_shared.retry import Backoff

__all__ = ["SUBPROTOCOL", "LinkClient", "LinkState"]

SUBPROTOCOL = Subprotocol("towline.link.v1")
_log = structlog.get_logger(__name__)
_CLOSE_S = 3.0  # a relay that vanished does not answer a close
_STEADY_S = 30.0  # a session that lived this long was worth having


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link as the health page shows it; all moments aware UTC.

    Attributes:
        clock_gap_s: by how much the relay's clock is ahead of ours; None before it said so.
        relay_backlog: documents the relay has for us and we have not acknowledged.
    """

    relay_url: str
    connected: bool = False
    since: datetime | None = None
    last_good_at: datetime | None = None
    attempts: int = 0
    epoch: int = 0
    last_error: str = ""
    acked: Mapping[str, int] = field(default_factory=dict)
    clock_gap_s: float | None = None
    relay_backlog: int = 0


class LinkClient:
    """Keeps one sealed connection to the relay for as long as it runs."""

    def __init__(
        self,
        *,
        url: str,
        keeper: Keeper,
        buffer: Buffer,
        clock: Clock,
        heartbeat: Callable[[], Heartbeat],
        fingerprint: Callable[[], str] = lambda: "",
        proxy: str | Literal["environment"] | None = "environment",
        tls: ssl.SSLContext | None = None,
        backoff: Backoff | None = None,
        rng: random.Random | None = None,
        lease: Lease | None = None,
        on_inbox: Callable[[], None] = lambda: None,
        on_acked: Callable[[str, int], None] = lambda name, upto: None,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            keeper: of who the agent is, and of its keys.
            heartbeat: how the agent is doing, asked at each heartbeat.
            fingerprint: of the partition, once it is known.
            lease: of the pair, if the tenant has one.
            on_inbox: called after a document was written to the inbox.
            on_acked: called with (stream, upto) after the relay's acknowledgement was written.
        """
        self._url = url
        self._clock = clock
        self._proxy: str | Literal[True] | None = True if proxy == "environment" else proxy
        self._tls = tls
        self._backoff = backoff or Backoff()
        self._rng = rng or random.SystemRandom()
        self._on_inbox = on_inbox
        self._on_acked = on_acked
        self._speaker = Speaker(
            keeper=keeper,
            boot_id=secrets.token_hex(8),
            buffer=buffer,
            clock=clock,
            rng=self._rng,
            heartbeat=heartbeat,
            fingerprint=fingerprint,
            lease=lease or Lease(clock=clock),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._state = LinkState(relay_url=url)
        self._useful = False

    @property
    def state(self) -> LinkState:
        """A frozen picture of the link."""
        return self._state

    def nudge(self) -> None:
        """Say that something was appended to the buffer; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled."""
        self._loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            least: float | None = None
            begun = self._clock.monotonic()
            self._useful = False
            try:
                await self._session()
            except Retryable as error:
                least = error.retry_after_s
                self._lost(error)
            except TowlineError as error:
                # Refused, revoked, diverged: it may be mended at the relay, so ask again, rarely.
                least = self._backoff.most_s / 2
                self._lost(error)
            # A relay that welcomes and then breaks off, its disk full, is no reason to storm it.
            useful = self._useful or self._clock.monotonic() - begun > _STEADY_S
            attempt = 0 if useful else attempt + 1
            self._state = replace(self._state, attempts=attempt)
            await asyncio.sleep(self._backoff.delay_s(attempt, rng=self._rng, least_s=least))

    async def _session(self) -> None:
        try:
            socket = await self._connected()
            try:
                await self._serve(socket)
            finally:
                await _close(socket)
        except ConnectionClosed as error:
            raise Retryable(f"The relay closed the link ({error}).") from None
        except ProxyError as error:
            raise Retryable(
                f"The proxy does not let us through to {self._url}: {error}.",
                hint="Ask who runs the proxy to allow CONNECT to this host and port.",
            ) from None
        except (OSError, TimeoutError, InvalidHandshake, ssl.SSLError) as error:
            raise Retryable(
                f"The relay at {self._url} can't be reached: {type(error).__name__} {error}."
            ) from None
        except InvalidURI as error:
            raise Permanent(f"[relay] url is not an address: {error}.") from None
        except (InvalidProxy, ImportError):
            # Not the error's text: the address may hold the proxy's password. ImportError is how
            # websockets says that a SOCKS proxy needs a package more.
            raise Permanent(
                "The proxy's address can't be used: it must be an http:// or https:// proxy.",
                hint="Check [relay] proxy, and HTTPS_PROXY and ALL_PROXY in the environment.",
            ) from None

    async def _connected(self) -> ClientConnection:
        return await connect(
            self._url,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            proxy=self._proxy,
            ssl=(self._tls or True) if self._url.startswith("wss:") else None,
            max_size=MOST_BYTES,
            open_timeout=OPEN_S,
            ping_interval=None,  # our heartbeats carry more and are not held up by a queue
            user_agent_header=f"towline-agent/{__version__}",
        )

    async def _serve(self, socket: ClientConnection) -> None:
        if socket.subprotocol != SUBPROTOCOL:
            raise Permanent(
                f"What answers at {self._url} does not speak {SUBPROTOCOL}.",
                hint="Check [relay] url and the proxy.",
            )
        session = Session(socket, speaker=self._speaker, listener=self, appended=self._wake)
        await session.serve()

    # -- what a session tells -------------------------------------------------------------------

    def opened(self, epoch: int) -> None:
        """Note that the relay welcomed us."""
        now = self._clock.now()
        self._state = replace(
            self._state, connected=True, since=now, last_good_at=now, epoch=epoch, last_error=""
        )
        _log.info("link open", action="link_open", epoch=epoch)

    def heard(self) -> None:
        """Note that the relay lives."""
        self._state = replace(self._state, last_good_at=self._clock.now())

    def beat(self, gap_s: float | None, backlog: int) -> None:
        """Note what the relay's heartbeat says."""
        self._state = replace(self._state, clock_gap_s=gap_s, relay_backlog=backlog)

    def acked(self, name: str, upto: int) -> None:
        """Note and pass on a new acknowledgement."""
        self._useful = True
        self._state = replace(self._state, acked={**self._state.acked, name: upto})
        self._on_acked(name, upto)

    def arrived(self) -> None:
        """Pass on that the inbox holds something new."""
        self._useful = True
        self._on_inbox()

    def _lost(self, error: TowlineError) -> None:
        since = self._clock.now() if self._state.connected else self._state.since
        self._state = replace(self._state, connected=False, since=since, last_error=str(error))
        _log.warning("link down", action="link_down", error=str(error))


async def _close(socket: ClientConnection) -> None:
    """Close, or cut the connection of a relay that takes nothing.

    websockets waits for full buffers to drain before its own close_timeout begins to count
    (Connection.send_context), which for a relay behind a firewall that forgot us is for ever.
    """
    try:
        async with asyncio.timeout(_CLOSE_S):
            await socket.close()
    except TimeoutError:
        _log.info("link cut", action="link_cut")
    finally:
        socket.transport.abort()
