"""The door to Windows' data protection (crypt32, kernel32); no other file knows it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from towline_shared.errors import Misconfigured

__all__ = ["Blob", "Dpapi"]

_UI_FORBIDDEN = 0x1


class Blob(ctypes.Structure):
    """DATA_BLOB of wincrypt.h."""

    _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.POINTER(ctypes.c_char)))


class Dpapi:
    """The Windows data protection of the account that runs this."""

    def __init__(self, library: Callable[[str], Any] | None = None) -> None:
        """Use Windows' libraries; ``library`` returns one by its name."""
        self._library = library or getattr(ctypes, "WinDLL", None)

    def seal(self, secret: bytes, about: bytes) -> bytes:
        """Seal for this account."""
        return self._call("CryptProtectData", secret, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Open what this account sealed on this machine."""
        return self._call("CryptUnprotectData", sealed, about)

    def _call(self, name: str, value: bytes, about: bytes) -> bytes:
        if self._library is None:
            raise Misconfigured(
                "DPAPI is there on Windows only.", hint='Set [state] protect = "auto".'
            )
        given, bound, made = _blob(value), _blob(about), Blob()
        work = getattr(self._library("crypt32"), name)
        if not work(
            ctypes.byref(given), None, ctypes.byref(bound), None, None, _UI_FORBIDDEN,
            ctypes.byref(made),
        ):  # fmt: skip
            raise Misconfigured(
                f"Windows refused {name}: the secret is another account's, or another machine's.",
                hint="Run the agent under the account that enrolled it, or enrol it anew.",
            )
        try:
            return ctypes.string_at(made.data, made.size)
        finally:
            self._library("kernel32").LocalFree(made.data)


def _blob(value: bytes) -> Blob:
    data = ctypes.create_string_buffer(value, len(value))
    return Blob(len(value), ctypes.cast(data, ctypes.POINTER(ctypes.c_char)))
