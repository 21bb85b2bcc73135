"""The key the buffer's payloads are sealed under: one file beside it, made with the buffer."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Protocol

from towline_agent.protect import conceal, protection_of, reveal
from towline_shared.errors import Misconfigured
from towline_shared.private_file import write_private
from towline_shared.row_seal import KEY_BYTES, RowSeal

__all__ = ["KEY_FILE", "BufferKey", "KeyFile"]

KEY_FILE = "buffer.key"
_ABOUT = "buffer's key"


class BufferKey(Protocol):
    """Where the buffer's key is kept."""

    @property
    def where(self) -> str:
        """The place, for sentences."""
        ...

    def read(self) -> bytes | None:
        """Return the key; None when there is none yet."""
        ...

    def make(self) -> bytes:
        """Make a key and keep it durably, before anything is sealed under it."""
        ...


class KeyFile:
    """A key in a file with mode 0600, under a protection of the machine if there is one."""

    def __init__(self, path: Path, protection: str = "") -> None:
        """Use a file; an empty protection leaves it as it is (clear, if it is made)."""
        self._path = path
        self._protection = protection

    @property
    def where(self) -> str:
        """The file's path."""
        return str(self._path)

    def read(self) -> bytes | None:
        """Return the key; None when there is no file.

        Raises:
            Misconfigured: others may read the file, or it holds no key.
        """
        try:
            mode = self._path.stat().st_mode
            text = self._path.read_text(encoding="ascii").strip()
            key = base64.b64decode(reveal(text, _ABOUT), validate=True)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # its content must not get into a message
            raise self._unreadable(type(error).__name__) from None
        if len(key) != KEY_BYTES:
            raise self._unreadable("it has another length")
        if os.name == "posix" and mode & 0o077:
            raise Misconfigured(
                f"{self._path} can be read by others.", hint=f"Run chmod 600 {self._path}."
            )
        if self._protection and protection_of(text) != self._protection:
            self._write(key)
        return key

    def make(self) -> bytes:
        """Make a key; on disk when this returns.

        Raises:
            Misconfigured: the folder can't be written.
        """
        key = RowSeal.make_key()
        self._write(key)
        return key

    def _write(self, key: bytes) -> None:
        text = base64.b64encode(key).decode("ascii")
        try:
            write_private(self._path, conceal(text, self._protection or "file", _ABOUT) + "\n")
        except OSError as error:
            raise Misconfigured(f"{self._path} can't be written: {error.strerror}.") from None

    def _unreadable(self, why: str) -> Misconfigured:
        return Misconfigured(
            f"{self._path} can't be read as the buffer's key: {why}.",
            hint="Restore it from the backup; docs/operate.md says what to do without one.",
        )
