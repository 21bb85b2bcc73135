"""Whether the app still stands in the shop: an app that was uninstalled rests, and says so.

Shopify sends ``app/uninstalled`` and the token is dead from then on; ``shop/redact`` follows after
48 hours (https://shopify.dev/docs/apps/build/privacy-law-compliance). The webhook may be late, or
older than a new installation, so a token that works ends the rest.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from towline_relay.store.base import Lease, Store
from towline_relay.sync.intake.deliveries import uninstalled_timer
from towline_shared.clock import Clock, parse_utc
from towline_shared.errors import Retryable, TowlineError
from towline_shared.health import Check, Status

__all__ = ["Standing", "Uninstalled"]

_log = structlog.get_logger()

_HINT = "Install the app anew; what waits goes on by itself when its token works again."


class Uninstalled(Retryable):
    """The merchant removed the app; nothing can be read or written."""


class Worker(Protocol):
    """A lane, see :class:`towline_relay.lanes.Lane`."""

    @property
    def name(self) -> str: ...

    async def recover(self, lease: Lease) -> None: ...

    async def turn(self, lease: Lease) -> bool: ...


class Asked(Protocol):
    """The one verb of the shop that tells whether the token works."""

    async def shop_info(self) -> object: ...


class Standing:
    """Remembers over restarts that the app was uninstalled; asks the shop whether it is back."""

    def __init__(self, *, tenant: str, shop: str, store: Store, door: Asked, clock: Clock) -> None:
        self._shop = shop
        self._timer = uninstalled_timer(tenant)
        self._store = store
        self._door = door
        self._since = clock.now()
        self._at = ""

    async def uninstalled(self) -> str:
        """Return the text of the moment the app was uninstalled; empty while it stands."""
        self._at = await self._store.timer(self._timer) or ""
        return self._at

    async def look(self) -> bool:
        """Ask the shop when the app is said to be uninstalled; true when it stands (again)."""
        if not await self.uninstalled():
            return True
        try:
            await self._door.shop_info()
        except TowlineError:
            return False
        await self._store.set_timer(self._timer, "")
        self._at = ""
        _log.info("the app is installed again", action="shop.installed", shop=self._shop)
        return True

    def resting(self, lane: Worker) -> Worker:
        """Let a lane rest while the app is uninstalled."""
        return _Resting(lane, self)

    def sentence(self) -> str:
        """Say that the app was uninstalled."""
        return (
            f"The app was uninstalled from {self._shop} ({self._at[:16].replace('T', ' ')} UTC); "
            "nothing is read or written there."
        )

    def check(self) -> Check:
        """Tell whether the app stands."""
        name = f"app {self._shop}"
        if not self._at:
            return Check(name, Status.OK, self._since, "Nobody uninstalled it.")
        return Check(name, Status.FAILED, parse_utc(self._at), self.sentence(), _HINT)


class _Resting:
    """A lane that does nothing while the app is uninstalled."""

    def __init__(self, lane: Worker, standing: Standing) -> None:
        self._lane = lane
        self._standing = standing

    @property
    def name(self) -> str:
        return self._lane.name

    async def recover(self, lease: Lease) -> None:
        await self._rest()
        await self._lane.recover(lease)

    async def turn(self, lease: Lease) -> bool:
        await self._rest()
        return await self._lane.turn(lease)

    async def _rest(self) -> None:
        if await self._standing.uninstalled():
            raise Uninstalled(self._standing.sentence(), hint=_HINT)
