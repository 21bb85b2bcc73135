"""The process tree of the sandbox: start, watch, kill, restart, stop.

The relay and the agent run as the very programs a customer runs, each in a process of its own, so
that kill -9 means what it means in production. A child that dies is started again, as systemd
would do it (``Restart=always``). Should this process itself be killed, its guardian ends them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from towline_sandbox.guardian import LINE_OFF, LINE_ON
from towline_shared.errors import Permanent

__all__ = ["Child", "ProcessTree", "script"]

_log = structlog.get_logger(__name__)

_RESTART_S = 0.5
_STOP_S = 10.0


def script(name: str) -> str:
    """Return the path of one of our console scripts beside the running interpreter."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise Permanent(f"{path} does not exist.", hint="Install Towline with pip install -e .")
    return str(path)


@dataclass
class Child:
    """One program of the tree.

    Attributes:
        name: what people call it: ibmi, shopify, relay, agent.
        command: program and arguments; never a secret.
        ready: waits until the program serves; raises nothing, is cancelled on time-out.
        environment: variables on top of ours; secrets go here.
        restarts: how often it was started again after it had died.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[None]]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    restarts: int = 0
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    stopping: bool = False


class ProcessTree:
    """Children in start order; stopped in the reverse order."""

    def __init__(self, logs: Path, *, ready_s: float = 60.0) -> None:
        """Write each child's output to ``logs/<name>.log``."""
        self._logs = logs
        self._ready_s = ready_s
        self._children: dict[str, Child] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._guardian: asyncio.subprocess.Process | None = None

    @property
    def restarts(self) -> Mapping[str, int]:
        """How often each child had to be started again."""
        return {name: child.restarts for name, child in self._children.items()}

    def log_of(self, name: str) -> Path:
        """Return the file a child's output goes to."""
        return self._logs / f"{name}.log"

    async def start(self, child: Child) -> None:
        """Start a child and wait until it is ready.

        Raises:
            Permanent: it ended or was not ready in time; the sentence shows its last lines.
        """
        self._children[child.name] = child
        if self._guardian is None:
            self._guardian = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "towline_sandbox.guardian",
                stdin=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        await self._spawn(child)
        try:
            async with asyncio.timeout(self._ready_s):
                await child.ready()
        except TimeoutError:
            raise Permanent(
                f"The {child.name} was not ready after {self._ready_s:.0f} s. {self._tail(child)}",
                hint=f"Read {self.log_of(child.name)}.",
            ) from None
        self._watchers[child.name] = asyncio.create_task(self._watch(child))

    async def kill(self, name: str) -> None:
        """End a child as a power cut would (SIGKILL); the watcher starts it again."""
        process = self._children[name].process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def stop(self) -> None:
        """Stop all children gently, the last started first; kill one that does not obey."""
        for child in reversed(self._children.values()):
            child.stopping = True
            watcher = self._watchers.pop(child.name, None)
            if watcher is not None:
                watcher.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watcher
            await self._end(child)
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            await self._guardian.wait()
            self._guardian = None

    async def _tell(self, line: str) -> None:
        """Tell the guardian who is there; one that was killed guards nobody, and that is all."""
        if self._guardian is not None and self._guardian.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._guardian.stdin.write(line.encode())
                await self._guardian.stdin.drain()

    async def _spawn(self, child: Child) -> None:
        with self.log_of(child.name).open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                *child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **child.environment},
                start_new_session=True,  # a Ctrl-C in the terminal is ours to hand on, in order
            )
        await self._tell(LINE_ON.format(child.process.pid))

    async def _watch(self, child: Child) -> None:
        while True:
            assert child.process is not None
            code = await child.process.wait()
            if child.stopping:
                return
            await self._tell(LINE_OFF.format(child.process.pid))
            child.restarts += 1
            said = {"words": self._tail(child)} if code > 0 else {}  # it gave up by itself
            _log.info("child ended", action="child_restart", child=child.name, code=code, **said)
            await asyncio.sleep(_RESTART_S)
            await self._spawn(child)

    async def _end(self, child: Child) -> None:
        process = child.process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        await self._tell(LINE_OFF.format(process.pid))

    def _tail(self, child: Child) -> str:
        path = self.log_of(child.name)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
        return "Its last lines: " + " | ".join(lines) if lines else "It wrote nothing."
