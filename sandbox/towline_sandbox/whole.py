"""The whole, running: both stand-ins, relay and agent as a customer runs them, and the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from towline_sandbox.ibmi.client import Console
from towline_sandbox.link_proxy import LinkProxy
from towline_sandbox.processes import Child, ProcessTree, script
from towline_sandbox.world import TENANT, World
from towline_shared.errors import Permanent, TowlineError

__all__ = ["Whole"]

_LOOK_S = 0.2
_LOCALE = {"LC_ALL": "C.UTF-8"}  # the lab's ODBC driver garbles texts under LC_ALL=C
_TIMEOUT = aiohttp.ClientTimeout(total=30)


class Whole:
    """Starts everything in order and stops it in the reverse order; an async context manager."""

    def __init__(self, world: World, *, calm: bool = False) -> None:
        """Prepare.

        Args:
            calm: webhooks arrive once, soon and in order; for those who want to look at one thing.
        """
        self.world = world
        self.tree = ProcessTree(world.logs)
        self.wire = LinkProxy(target_port=world.ports["relay"])
        self.http: aiohttp.ClientSession
        self._calm = calm

    async def __aenter__(self) -> Whole:
        self.http = aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.tree.stop()
        await self.wire.stop()
        await self.http.close()

    async def _start(self) -> None:
        await self.tree.start(self._ibmi())
        await self.tree.start(self._shopify(await self._products()))
        await self.tree.start(self._relay())
        await self.wire.start(self.world.ports["link"])
        if not self.world.enrolled:
            await self._enrol()
        await self.tree.start(self._agent())

    # -- asking the parts -------------------------------------------------------------------------

    async def erp(self, verb: str, **arguments: Any) -> Any:
        """Call a verb of the simulated IBM i's console."""

        def call() -> Any:
            with Console(f"127.0.0.1:{self.world.ports['ibmi']}") as console:
                return console.call(verb, **arguments)

        return await asyncio.to_thread(call)

    async def shop(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the simulated shop's control API: POST with a body, GET without."""
        url = f"{self.world.url('shopify')}/sandbox/{path}"
        method = "GET" if body is None else "POST"
        async with self.http.request(method, url, json=body) as reply:
            answer = await reply.json()
            if reply.status >= 400:
                raise Permanent(str(answer.get("error")), hint=str(answer.get("hint", "")))
            return answer

    async def relay(self, path: str) -> Any:
        """Read a page of the relay as JSON."""
        headers = {"Authorization": f"Bearer {self.world.admin_token}"}
        url = f"{self.world.url('relay')}/admin/{path}"
        async with self.http.get(url, headers=headers) as reply:
            reply.raise_for_status()
            return await reply.json()

    async def agent(self) -> Any:
        """Read the agent's status.json."""
        async with self.http.get(f"{self.world.url('health')}/status.json") as reply:
            return await reply.json()

    # -- children ---------------------------------------------------------------------------------

    def _ibmi(self) -> Child:
        world = self.world
        command = [
            script("towline-sandbox"), "ibmi", "--engine", world.engine,
            "--state", str(world.ibmi_state), "--port", str(world.ports["ibmi"]),
            "--odbc-port", str(world.ports.get("odbc", 0)),
            "--items", str(world.items), "--seed", str(world.seed), "--pace", str(world.pace),
            "--currency", world.currency,
        ]  # fmt: skip
        return Child("ibmi", command, self._until(lambda: self.erp("status")), _LOCALE)

    def _shopify(self, products: Path) -> Child:
        world = self.world
        command = [
            script("towline-sandbox"), "shopify",
            "--state", str(world.shop_file), "--port", str(world.ports["shopify"]),
            "--seed", str(world.seed), "--products", str(products),
            "--currency", world.currency,
            "--webhooks", world.url("relay") + "/webhooks/{shop}/{topic}",
            *(["--calm"] if self._calm else []),
        ]  # fmt: skip
        secrets = {
            "TOWLINE_SANDBOX_SHOP_TOKEN": world.token,
            "TOWLINE_SANDBOX_WEBHOOK_SECRET": world.webhook_secret,
        }
        return Child("shopify", command, self._until(lambda: self.shop("state")), secrets)

    def _relay(self) -> Child:
        command = [script("towline-relay"), "serve", "--config", str(self.world.relay_config)]
        return Child("relay", command, self._until(lambda: self._alive("relay", "readyz")))

    def _agent(self) -> Child:
        command = [script("towline-agent"), "run", "--config", str(self.world.agent_config)]
        ready = self._until(lambda: self._alive("health", "healthz"))
        return Child("agent", command, ready, _LOCALE)

    async def _products(self) -> Path:
        """Write what the shop already has, as the dataset says, for the shop's first start."""
        path = self.world.folder / "products.json"
        if not path.exists():
            products = await self.erp("shop_products")
            path.write_text(json.dumps(products, default=str), encoding="utf-8")
        return path

    async def _enrol(self) -> None:
        """Let the agent in as a customer does: a code from the relay, redeemed on site."""
        told = await self._program(
            "towline-relay", "enrol", "--config", str(self.world.relay_config),
            "--tenant", TENANT, "--name", "store room", "--json",
        )  # fmt: skip
        code = str(json.loads(told)["code"])
        await self._program(
            "towline-agent", "enrol", "--config", str(self.world.agent_config),
            environment={"TOWLINE_ENROLMENT_CODE": code},
        )  # fmt: skip

    async def _program(
        self, name: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> str:
        process = await asyncio.create_subprocess_exec(
            script(name),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        if process.returncode != 0:
            raise Permanent(
                f"{name} ended with {process.returncode}: {err.decode().strip()[-500:]}"
            )
        return out.decode()

    async def _alive(self, port: str, path: str) -> None:
        async with self.http.get(f"{self.world.url(port)}/{path}") as reply:
            reply.raise_for_status()

    @staticmethod
    def _until(ask: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
        async def ready() -> None:
            while True:
                try:
                    await ask()
                except (TowlineError, aiohttp.ClientError, OSError, TimeoutError):
                    await asyncio.sleep(_LOOK_S)
                else:
                    return

        return ready
