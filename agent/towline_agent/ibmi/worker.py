"""One connection to the IBM i with a thread of its own: opens, keeps, reopens, reports.

A worker never repeats a refused sign-on: QMAXSIGN disables a profile after a few tries
(https://www.ibm.com/docs/en/i/7.5?topic=values-maximum-sign-attempts-qmaxsign), and the agent has
three connections. All workers of an agent therefore share a :class:`SignOn`: the first refusal
stops all of them until the agent is started again. A setting that is wrong (a certificate that has
run out, a driver that is not installed) disables nothing, so that is tried again, slowly.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import structlog

from towline_agent.ibmi.errors import InUse, LinkLost, Restricted, SignOnRefused
from towline_agent.ibmi.port import IbmI, IbmIDriver, Purpose
from towline_shared.clock import Clock
from towline_shared.errors import Misconfigured, Permanent, Refused, Retryable, TowlineError
from towline_shared.retry import Backoff

__all__ = ["IbmIWorker", "SignOn", "WorkerState"]

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_STRANGE_AGAIN_S = 30.0  # a person may say yes meanwhile
_SETTING_AGAIN_S = 300.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How a connection is.

    Attributes:
        status: ``starting``, ``up``, ``down`` or ``restricted``.
        since: when it became so (aware UTC).
        last_good_at: when a verb last succeeded; None before the first.
        last_error: the last failure's sentence; empty while all is well.
        jobs: connections opened so far.
    """

    status: str
    since: datetime
    last_good_at: datetime | None = None
    last_error: str = ""
    jobs: int = 0


class SignOn:
    """What all connections of one agent know about the sign-on; one attempt at a time.

    Attributes:
        refused: why no connection is opened; None while nothing speaks against it.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.refused: Permanent | None = None
        self._again_at: float | None = None

    def hold(self, now_s: float) -> None:
        """Raise what was refused, unless it may be tried again."""
        if self.refused is not None and (self._again_at is None or now_s < self._again_at):
            raise self.refused

    def refuse(self, error: Permanent, now_s: float) -> Permanent:
        """Remember a refusal: for ever, or for a while where a setting is wrong; return it."""
        setting = isinstance(error, Misconfigured)
        if not setting and not isinstance(error, SignOnRefused):
            error = SignOnRefused(error.what, hint=error.hint)
        self.refused = error
        self._again_at = now_s + _SETTING_AGAIN_S if setting else None
        return error

    def accept(self) -> None:
        """Forget what was refused: a connection is open."""
        self.refused = None


class IbmIWorker:
    """A connection for one purpose; its verbs run one after the other on one thread."""

    def __init__(
        self,
        driver: IbmIDriver,
        purpose: Purpose,
        *,
        clock: Clock,
        sign_on: SignOn,
        backoff: Backoff,
        rng: random.Random,
        belongs: Callable[[IbmI], None] = lambda _: None,
    ) -> None:
        """Open nothing yet; the first call does.

        Args:
            belongs: looks at each new connection; raises where the agent does not belong.
        """
        self._belongs = belongs
        self._driver = driver
        self._purpose = purpose
        self._clock = clock
        self._sign_on = sign_on
        self._backoff = backoff
        self._rng = rng
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"ibmi-{purpose.value}")
        self._connection: IbmI | None = None
        self._failures = 0
        self._not_before = 0.0
        self._state = WorkerState("starting", clock.now())

    @property
    def purpose(self) -> Purpose:
        """What the connection is for."""
        return self._purpose

    @property
    def state(self) -> WorkerState:
        """How the connection is now; safe from any thread."""
        return self._state

    async def call(self, work: Callable[[IbmI], T]) -> T:
        """Run verbs on the connection, opening it when needed.

        Raises:
            Retryable: not now; ``retry_after_s`` is set while the worker spares the system.
            Permanent: as the verb said, or the sign-on was refused and is not repeated.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, work)

    async def release(self) -> None:
        """Close the connection between verbs; the next call opens it anew.

        A server job may keep the cursors of closed statements half open, and with them locks that
        fail RGZPFM or CLRPFM of a night batch (general knowledge, see docs/unverified.md); a closed
        connection holds nothing.
        """
        await asyncio.get_running_loop().run_in_executor(self._pool, self._drop)

    async def close(self) -> None:
        """Finish the running verb (a wait is never abandoned), close, end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._drop)
        self._pool.shutdown(wait=False)

    def _run(self, work: Callable[[IbmI], T]) -> T:
        try:
            answer = work(self._opened())
        except Retryable as error:
            # a connection that met a lock did its part: another job holds that
            if isinstance(error, InUse) and self._connection is not None:
                self._good(str(error))
            elif isinstance(error, LinkLost | Restricted) or not self._sound():
                self._lost(error)
            else:
                self._good(str(error))
            raise
        except TowlineError as error:
            if self._connection is not None:
                # what the ERP refused is no trouble of the connection, and may name a customer
                self._good("" if isinstance(error, Refused) else str(error))
            raise
        self._good("")
        return answer

    def _opened(self) -> IbmI:
        if self._connection is not None and self._connection.expired():
            self._drop()
        if self._connection is not None:
            return self._connection
        wait_s = self._not_before - self._clock.monotonic()
        if wait_s > 0:
            raise LinkLost(
                self._state.last_error or "The IBM i is not connected.", retry_after_s=wait_s
            )
        with self._sign_on.lock:
            try:
                self._sign_on.hold(self._clock.monotonic())
                connection = self._connected()
            except Permanent as error:
                self._show("down", str(error))
                raise
            self._sign_on.accept()
        self._connection = self._at_home(connection)
        self._failures = 0
        self._state = replace(self._state, jobs=self._state.jobs + 1)
        self._good("")
        return self._connection

    def _at_home(self, connection: IbmI) -> IbmI:
        """Close a connection to a partition the agent does not belong to, and ask rarely."""
        try:
            self._belongs(connection)
        except TowlineError as error:
            with contextlib.suppress(TowlineError, OSError):
                connection.close()
            if isinstance(error, Permanent):
                self._not_before = self._clock.monotonic() + _STRANGE_AGAIN_S
                self._show("down", str(error))
            raise
        return connection

    def _connected(self) -> IbmI:
        try:
            return self._driver.connect(self._purpose)
        except Permanent as error:
            refused = self._sign_on.refuse(error, self._clock.monotonic())
            raise refused from None

    def _sound(self) -> bool:
        """Ask the connection whether it lives, after an error that does not tell."""
        if self._connection is None:
            return False
        try:
            self._connection.describe()
        except TowlineError:
            return False
        return True

    def _lost(self, error: Retryable) -> None:
        """Close what is left and say when the next attempt may be made."""
        if isinstance(error, LinkLost) and self._not_before > self._clock.monotonic():
            return  # our own answer while sparing the system
        self._drop()
        delay = self._backoff.delay_s(self._failures, rng=self._rng, least_s=error.retry_after_s)
        self._failures += 1
        self._not_before = self._clock.monotonic() + delay
        self._show("restricted" if isinstance(error, Restricted) else "down", str(error))

    def _good(self, note: str) -> None:
        now = self._clock.now()
        if self._state.status != "up":
            _log.info("IBM i connected", action="ibmi.up", purpose=self._purpose.value)
            self._state = replace(self._state, status="up", since=now)
        if not note:
            self._state = replace(self._state, last_good_at=now)
        self._state = replace(self._state, last_error=note)

    def _show(self, status: str, sentence: str) -> None:
        if (self._state.status, self._state.last_error) != (status, sentence):
            _log.warning(
                "IBM i not connected",
                action="ibmi.down",
                purpose=self._purpose.value,
                status=status,
                error=sentence,
            )
        since = self._state.since if self._state.status == status else self._clock.now()
        self._state = replace(self._state, status=status, since=since, last_error=sentence)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(TowlineError, OSError):
                connection.close()
