"""The driver ``simulated``: the IbmI port over a socket to the stand-in, and its console."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from towline_agent.conformance.bench import Bench, Person
from towline_agent.ibmi.errors import LinkLost, Restricted
from towline_agent.ibmi.port import (
    Applied,
    Description,
    Document,
    EntityQuery,
    IbmIDriver,
    JournalName,
    JournalPage,
    JournalPosition,
    OutboxDepth,
    OutboxRow,
    ProgramCall,
    Purpose,
    QueueEntry,
    QueueInfo,
    QueueName,
    Site,
    TableRow,
)
from towline_sandbox.ibmi import wire
from towline_shared.config import Section
from towline_shared.errors import Misconfigured, Misuse, TowlineError

__all__ = ["Console", "Driver", "RemoteJob", "driver"]


def driver(settings: Section, site: Site) -> IbmIDriver:
    """Return the driver for ``[ibmi]``: ``address``, ``connect_timeout_s``, ``call_timeout_s``.

    The stand-in's library is always TOWLINE and journaled; of the site nothing else is needed.

    Raises:
        Misconfigured: a setting is wrong.
    """
    if site.library != "TOWLINE":
        raise Misconfigured(
            f"{settings.file}: outbox.library = {site.library!r} is not on the simulated IBM i.",
            hint='Write library = "TOWLINE".',
        )
    settings.only("driver", "address", "connect_timeout_s", "call_timeout_s")
    address = settings.text("address")
    host, sign, port = address.rpartition(":")
    if not sign or not host or not port.isdigit():
        raise settings.wrong("address", address, "must be host:port")
    return Driver(
        (host, int(port)),
        connect_timeout_s=settings.seconds("connect_timeout_s", 5.0),
        call_timeout_s=settings.seconds("call_timeout_s", 30.0),
    )


class Driver:
    """Opens a socket for each connection; also a maker of benches for the conformance kit."""

    def __init__(
        self, address: tuple[str, int], *, connect_timeout_s: float, call_timeout_s: float
    ) -> None:
        self._address = address
        self._connect_timeout_s = connect_timeout_s
        self._call_timeout_s = call_timeout_s

    def connect(self, purpose: Purpose) -> RemoteJob:
        """See the port."""
        wires = _Wire(self._address, connect_s=self._connect_timeout_s, call_s=self._call_timeout_s)
        name = wires.ask({"hello": "job", "purpose": purpose})
        return RemoteJob(wires, str(name))

    def bench(self, library: str, person: Person) -> AbstractContextManager[Bench]:
        """See :class:`~towline_agent.conformance.bench.BenchMaker`.

        Partitions of its own stand for the library, so neither its name nor a person matters here.
        """
        from towline_sandbox.ibmi.bench import over_tcp  # it stands on this module

        return over_tcp(f"{self._address[0]}:{self._address[1]}")


class _Wire:
    """One socket, one question at a time; a failure ends it for good."""

    def __init__(self, address: tuple[str, int], *, connect_s: float, call_s: float) -> None:
        self._where = f"{address[0]}:{address[1]}"
        self._call_s = call_s
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._socket = socket.create_connection(address, timeout=connect_s)
        except OSError as error:
            raise Restricted(
                f"08001: the IBM i at {self._where} can't be reached: {error}.",
                hint="Is the simulated IBM i running?",
            ) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, question: dict[str, Any], *, extra_s: float = 0.0) -> Any:
        with self._lock:
            if self._closed:
                raise Misuse("A closed connection to the IBM i was used.")
            try:
                self._socket.settimeout(self._call_s + extra_s)
                wire.send(self._socket, question)
                answer = wire.receive(self._socket)
            except (OSError, ConnectionError) as error:
                self._socket.close()
                raise LinkLost(
                    f"08S01: communication link failure with the IBM i at {self._where}: {error}.",
                    hint="Connect again; whether the last change was made is unknown.",
                ) from None
        if "error" in answer:
            error_data = answer["error"]
            failure: TowlineError = wire.raised(error_data)
            if question.get("hello"):
                self.close()
            raise failure
        return answer["value"]

    def close(self) -> None:
        """Close at once; a question that waits for its answer in another thread fails."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()


class RemoteJob:
    """Implements :class:`~towline_agent.ibmi.port.IbmI` over a socket."""

    def __init__(self, wires: _Wire, name: str) -> None:
        self.name = name
        self._wire = wires

    def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        """See the port."""
        return self._many("outbox", after=after, limit=limit)

    def outbox_delete(self, ids: Sequence[int]) -> int:
        """See the port."""
        return int(self._ask("outbox_delete", ids=list(ids)))

    def rows(self, query: EntityQuery, keys: Sequence[tuple[str, ...]]) -> Sequence[TableRow]:
        """See the port."""
        return self._many("rows", query=query, keys=list(keys))

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> Sequence[TableRow]:
        """See the port."""
        return self._many("snapshot", query=query, after_key=after_key, limit=limit)

    def wait(self, queue: QueueName, *, seconds: float) -> QueueEntry | None:
        """See the port."""
        question = {"verb": "wait", "arguments": {"queue": queue, "seconds": seconds}}
        found = self._wire.ask(question, extra_s=seconds)
        assert found is None or isinstance(found, QueueEntry)
        return found

    def queue_peek(self, queue: QueueName, *, limit: int) -> Sequence[QueueEntry]:
        """See the port."""
        return self._many("queue_peek", queue=queue, limit=limit)

    def queue_take(self, queue: QueueName, *, key: bytes = b"") -> QueueEntry | None:
        """See the port."""
        found = self._ask("queue_take", queue=queue, key=key)
        assert found is None or isinstance(found, QueueEntry)
        return found

    def queue_send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """See the port."""
        self._ask("queue_send", queue=queue, data=data, key=key)

    def queue_info(self, queue: QueueName) -> QueueInfo:
        """See the port."""
        found = self._ask("queue_info", queue=queue)
        assert isinstance(found, QueueInfo)
        return found

    def apply_order(self, document: Document, *, event_id: str) -> Applied:
        """See the port."""
        return Applied(self._ask("apply_order", document=document, event_id=event_id))

    def call_program(self, call: ProgramCall) -> None:
        """See the port."""
        self._ask("call_program", call=call)

    def describe(self) -> Description:
        """See the port."""
        found = self._ask("describe")
        assert isinstance(found, Description)
        return found

    def outbox_depth(self) -> OutboxDepth:
        """See the port."""
        found = self._ask("outbox_depth")
        assert isinstance(found, OutboxDepth)
        return found

    def journal(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        """See the port."""
        found = self._ask("journal", journal=journal, files=files, after=after, limit=limit)
        assert isinstance(found, JournalPage)
        return found

    def data_area(self, library: str, name: str) -> str:
        """See the port."""
        return str(self._ask("data_area", library=library, name=name))

    def job_active(self, name: str) -> bool:
        """See the port."""
        return bool(self._ask("job_active", name=name))

    def send_message(self, text: str) -> None:
        """See the port."""
        self._ask("send_message", text=text)

    def expired(self) -> bool:
        """See the port; these connections do not wear out."""
        return False

    def close(self) -> None:
        """See the port."""
        self._wire.close()

    def _ask(self, verb: str, **arguments: Any) -> Any:
        return self._wire.ask({"verb": verb, "arguments": arguments})

    def _many(self, verb: str, **arguments: Any) -> list[Any]:
        found = self._ask(verb, **arguments)
        assert isinstance(found, list)
        return found


class Console:
    """The system console: ``console.call("status")``; blocking, any thread, a context manager."""

    def __init__(self, address: str, *, timeout_s: float = 30.0, hello: str = "console") -> None:
        """Connect; Restricted, which is Retryable, when nothing listens there.

        Args:
            hello: ``bench`` borrows a partition for as long as the connection lives; ``told`` is
                its address then.
        """
        host, _, port = address.rpartition(":")
        self._wire = _Wire((host, int(port)), connect_s=timeout_s, call_s=timeout_s)
        self.told = str(self._wire.ask({"hello": hello}))

    def call(self, verb: str, **arguments: Any) -> Any:
        """Call a control verb; errors are those of :mod:`towline_shared.errors`."""
        return self._wire.ask({"verb": verb, "arguments": arguments})

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
