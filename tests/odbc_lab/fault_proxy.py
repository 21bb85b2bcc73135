"""A wire to the stand-in that can be cut at the worst moment: around a commit.

DRDA's commit is the command RDBCMM (The Open Group, "DRDA, Version 5, Volume 3", code point 200E),
an object of four bytes. Cut at the request, the commit never arrives; cut at the answer, it is
done and nobody hears of it: the two outcomes a client can't tell apart.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

__all__ = ["FaultProxy"]

_COMMIT = b"\x00\x04\x20\x0e"


class FaultProxy:
    """Forwards ``127.0.0.1:port`` to the server while nothing is wrong."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._fault = ""
        self._armed = threading.Event()
        self._carries = threading.Event()
        self._carries.set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut_commit(self, at: str) -> None:
        """Cut the next commit at its ``request`` or at its ``answer``."""
        self._fault = at

    def cut(self) -> None:
        """Close every connection now."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Carry nothing more, in either direction, and tell nobody."""
        self._carries.clear()

    def close(self) -> None:
        """Stop listening and close everything."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the accept; a mere close would not
        self._threads[0].join()
        self._listening.close()
        self.cut()  # before what was swallowed could still be carried
        self._carries.set()
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [near, far]
                for ends in ((near, far, True), (far, near, False)):
                    thread = threading.Thread(target=self._carry, args=ends, daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _carry(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        # Only shut down here: a socket closed under another thread's recv would block it for ever.
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._carries.wait()
                if asks and _COMMIT in data and self._fault == "request":
                    self._fault = ""
                    self.cut()
                    return
                if asks and _COMMIT in data and self._fault == "answer":
                    self._armed.set()
                elif not asks and self._armed.is_set():
                    self._armed.clear()
                    self._fault = ""
                    self.cut()
                    return
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
