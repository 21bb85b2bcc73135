"""The simulated shop without a wire, and a process that may die at any of its calls and commits.

The relay's client posts to a session; this one hands the document to the shop in the same process,
which is what makes thousands of lives affordable. Everything above the wire is the real thing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.support.fake_shop import Crash
from towline_relay.store.base import Lease
from towline_relay.store.effects import Effects
from towline_relay.store.sqlite import SqliteStore
from towline_sandbox.shopify.admin_api import AdminApi

__all__ = ["Fuse", "MortalStore", "NearSession"]


@dataclass
class Fuse:
    """Counts the moments at which a process may die, and lets it die at one of them.

    Attributes:
        left: moments until it dies; None lets it live.
        lose: calls whose answer is lost after they took effect.
        dead: nothing runs any more; only a restart ends that.
    """

    left: int | None = None
    lose: int = 0
    dead: bool = False

    def burn(self) -> None:
        """Pass one moment.

        Raises:
            Crash: the process dies here, or is dead.
        """
        if self.left is not None:
            self.left -= 1
            self.dead = self.dead or self.left <= 0
        if self.dead:
            raise Crash


class NearSession:
    """What the client needs of an ``aiohttp.ClientSession``."""

    def __init__(self, api: AdminApi, fuse: Fuse) -> None:
        self._api = api
        self._fuse = fuse

    def post(self, _url: str, *, data: str, **_options: Any) -> _Exchange:
        return _Exchange(self._api, self._fuse, data)


class _Exchange:
    """One call: the process may die before it is made, and before its answer is heard."""

    status = 200
    headers: Mapping[str, str] = {"X-Shopify-API-Version": "2026-10"}

    def __init__(self, api: AdminApi, fuse: Fuse, data: str) -> None:
        self._api, self._fuse, self._data = api, fuse, data
        self._answer = b""

    async def __aenter__(self) -> _Exchange:
        self._fuse.burn()
        given = json.loads(self._data)
        self.status, answer = await self._api.answer(
            given["query"], given["variables"], given["operationName"]
        )
        self._answer = json.dumps(answer).encode()
        self._fuse.burn()
        if self._fuse.lose:
            self._fuse.lose -= 1
            raise TimeoutError
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def read(self) -> bytes:
        return self._answer


class MortalStore:
    """A store whose process may die before and after each commit of a step."""

    def __init__(self, store: SqliteStore, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def advance(self, lease: Lease, effects: Effects) -> None:
        """Commit a step, if the process lives to do it."""
        self._fuse.burn()
        await self._store.advance(lease, effects)
        self._fuse.burn()
