"""The stand-in behind a socket: each connection is a server job, or the system console.

The first frame says which: ``{"hello": "job", "purpose": ...}`` or ``{"hello": "console"}``. Then
each request ``{"verb": name, "arguments": {...}}`` has one answer: ``{"value": ...}`` or
``{"error": {...}}``. ``{"hello": "bench"}`` borrows a fresh partition, for the conformance kit: the
answer is its address, and it is gone when that connection is.

Ghost receiver, modelled on purpose: a job that waits on a data queue does not notice that its
client went away; it takes the next entry and loses it (an assumption of docs/unverified.md).
"""

from __future__ import annotations

import contextlib
import signal
import socket
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import structlog

from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi import wire
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.erp import Machine
from towline_sandbox.ibmi.jobs import Job
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.settings import BENCH, IbmISettings
from towline_shared.errors import Permanent, TowlineError

__all__ = ["JOB_VERBS", "MachineServer", "Server", "serve"]

_log = structlog.get_logger(__name__)

JOB_VERBS = frozenset(
    "outbox outbox_delete rows snapshot wait queue_peek queue_take queue_send queue_info"
    " apply_order call_program describe outbox_depth data_area job_active send_message"
    " journal".split()
)


M = TypeVar("M", bound=Machine)
Connect = Callable[[Purpose], Job]


class MachineServer(Generic[M]):
    """A partition on a port; a context manager.

    Attributes:
        system: the partition, for tests that look inside; None before :meth:`start`.
    """

    def __init__(
        self,
        settings: IbmISettings,
        opened: Callable[[], M],
        *,
        connects: Callable[[M], Connect] | None = None,
    ) -> None:
        """Prepare.

        Args:
            opened: opens the partition.
            connects: how it takes in jobs of the agent; None when they come another way, and only
                the console is served.
        """
        self._settings = settings
        self._opened = opened
        self._connects = connects
        self.system: M | None = None
        self._tcp: _Tcp | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """``host:port`` once started."""
        assert self._tcp is not None
        host, port = self._tcp.server_address[:2]
        return f"{host!s}:{port}"

    def start(self) -> None:
        """Open the partition, listen, and start the programs when the settings say so."""
        system = self.system = self._opened()
        connect = None if self._connects is None else self._connects(system)
        try:
            self._tcp = _Tcp(system, (self._settings.host, self._settings.port), connect)
        except OSError as error:
            system.close()
            raise Permanent(
                f"Port {self._settings.port} can't be listened on: {error.strerror}.",
                hint="Choose another port, or 0 for a free one.",
            ) from None
        self._thread = threading.Thread(
            target=self._tcp.serve_forever, args=(0.05,), name="ibmi-server", daemon=True
        )
        self._thread.start()
        if self._settings.programs:
            system.subsystem.start()

    def stop(self) -> None:
        """Drop all connections and close the partition; harmless when it does not run."""
        tcp, self._tcp = self._tcp, None
        if tcp is None or self.system is None or self._thread is None:
            return
        tcp.shutdown()
        self._thread.join()
        self.system.subsystem.stop()
        self.system.drop_jobs()
        tcp.drop_all()
        tcp.server_close()
        self.system.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Server(MachineServer[SimulatedIbmI]):
    """The simulated IBM i on a port: jobs of the agent, and the console."""

    def __init__(self, path: Path, settings: IbmISettings | None = None) -> None:
        """Prepare; ``path`` is the partition's file."""
        chosen = settings or IbmISettings()
        super().__init__(
            chosen,
            lambda: SimulatedIbmI.open(path, chosen),
            connects=lambda system: system.connect,
        )


def serve(
    server: MachineServer[M],
    *,
    ready: Callable[[str], None] | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or the event; ``ready`` gets the address.

    Signals are only caught on the main thread.
    """
    ended = until or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
    with server:
        _log.info("partition up", action="ibmi_up", address=server.address)
        if ready is not None:
            ready(server.address)
        ended.wait()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False  # closing waits for the handlers: the file must outlive them

    def __init__(self, system: Machine, address: tuple[str, int], connect: Connect | None) -> None:
        self.connect = connect
        self.verbs = ConsoleVerbs(system)
        self._open: dict[socket.socket, str] = {}
        self._guard = threading.Lock()
        system.on_ended(self.drop_jobs)
        super().__init__(address, _Handler)

    def opened(self, connection: socket.socket, kind: str) -> None:
        with self._guard:
            self._open[connection] = kind

    def ended(self, connection: socket.socket) -> None:
        with self._guard:
            self._open.pop(connection, None)

    def drop_jobs(self) -> None:
        """Cut the connections of jobs; the console stays."""
        self._drop(lambda kind: kind == "job")

    def drop_all(self) -> None:
        """Cut every connection."""
        self._drop(lambda _: True)

    def _drop(self, wanted: Callable[[str], bool]) -> None:
        with self._guard:
            for connection in [c for c, kind in self._open.items() if wanted(kind)]:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is everyday business; anything else is a bug worth a line."""
        _log.exception("connection failed", action="ibmi_connection")


class _Handler(socketserver.BaseRequestHandler):
    server: _Tcp
    request: socket.socket

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            self.server.opened(self.request, "new")
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            hello = wire.receive(self.request)
            kind, purpose = hello.get("hello"), hello.get("purpose")
            self.server.opened(self.request, str(kind))
            if kind == "job" and isinstance(purpose, Purpose) and self.server.connect:
                self._job(self.server.connect, purpose)
            elif kind == "console":
                wire.send(self.request, {"value": "console"})
                self._answer(self.server.verbs.call)
            elif kind == "bench" and self.server.connect:
                self._bench()

    def finish(self) -> None:
        self.server.ended(self.request)

    def _job(self, connect: Connect, purpose: Purpose) -> None:
        try:
            job = connect(purpose)
        except TowlineError as error:
            wire.send(self.request, {"error": wire.error_of(error)})
            return
        try:
            wire.send(self.request, {"value": job.name})
            self._answer(lambda verb, arguments: _call(job, verb, arguments))
        finally:
            job.close()

    def _bench(self) -> None:
        with TemporaryDirectory(prefix="towline-kit-") as folder:
            with Server(Path(folder) / "ibmi.db", BENCH) as own:
                wire.send(self.request, {"value": own.address})
                wire.receive(self.request)  # nothing comes but the end

    def _answer(self, call: Callable[[str, dict[str, Any]], Any]) -> None:
        while True:
            match wire.receive(self.request):
                case {"verb": str(verb), "arguments": dict(arguments)}:
                    wire.send(self.request, _answered(call, verb, arguments))
                case _:
                    return


def _answered(
    call: Callable[[str, dict[str, Any]], Any], verb: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    try:
        return {"value": call(verb, arguments)}
    except TowlineError as error:
        return {"error": wire.error_of(error)}


def _call(job: Job, verb: str, arguments: dict[str, Any]) -> Any:
    if verb not in JOB_VERBS:
        raise Permanent(f"A job has no verb {verb!r}.")
    return getattr(job, verb)(**arguments)
