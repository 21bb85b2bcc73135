"""A wire on loopback that is cut at a chosen moment; plain threads, for drivers that block."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

# DRDA's "commit unit of work" (The Open Group, DRDA Version 5, Volume 3: RDBCMM, code point 200E)
# as a whole command without parameters.
COMMIT = b"\x00\x04\x20\x0e"


class CutWire:
    """Carries bytes to a port until told, or until a marker passes by.

    Attributes:
        port: where to connect.
        cuts: how often it has cut all connections.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._all: list[socket.socket] = []
        self._guard = threading.Lock()
        self._marker: bytes | None = None
        self._carry_it = False
        self._silent = threading.Event()
        self._lose_answer = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self._start(self._accept)

    def cut_at(self, marker: bytes, *, carry_it: bool) -> None:
        """Cut once, when the client sends the marker.

        Args:
            carry_it: the far side still gets it; only its answer is lost.
        """
        self._marker, self._carry_it = marker, carry_it

    def cut(self) -> None:
        """Cut everything that is open; new connections are carried."""
        self.cuts += 1
        self._drop()

    def fall_silent(self) -> None:
        """Swallow everything from now on without closing, as a firewall that forgot."""
        self._silent.set()

    def speak_again(self) -> None:
        """Carry again; what was swallowed stays lost."""
        self._silent.clear()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except ConnectionRefusedError:  # the far side is down; it may come back
                    near.close()
                    continue
                with self._guard:
                    self._open |= {near, far}
                    self._all += [near, far]
                self._start(self._carry_out, near, far)
                self._start(self._carry_back, far, near)

    def _carry_out(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self._silent.is_set():
                    continue
                if self._marker is not None and self._marker in data:
                    self._marker = None
                    if not self._carry_it:
                        self.cut()
                        return
                    self._lose_answer.set()
                server.sendall(data)
        _end(client, server)

    def _carry_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self._silent.is_set():
                    continue
                if self._lose_answer.is_set():
                    self._lose_answer.clear()
                    self.cut()
                    return
                client.sendall(data)
        _end(client, server)

    def _drop(self) -> None:
        with self._guard:
            ends, self._open = self._open, set()
        _end(*ends)

    def close(self) -> None:
        """Stop listening and close everything; harmless when closed."""
        _end(self._listener)
        self._listener.close()
        self._drop()
        for thread in self._threads:
            thread.join(timeout=10)
        for each in self._all:
            each.close()

    def __enter__(self) -> CutWire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
