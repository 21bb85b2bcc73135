"""A disk in memory as a VFS of the very SQLite library that Python's ``sqlite3`` uses.

``sqlite3_vfs`` and ``sqlite3_io_methods`` (https://www.sqlite.org/c3ref/vfs.html,
https://www.sqlite.org/c3ref/io_methods.html) are filled with Python functions through ctypes. So
the product runs as it is: its own connections, its own statements, the library of its host.
There is no shared memory in it (``iVersion`` 1), which SQLite allows for a write-ahead log under an
exclusive lock: the way the product opens its files.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import itertools
import sqlite3
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import Any
from urllib.parse import quote

from tests.faults.power.disk import Disk, DiskBroken, DiskFull, File, PowerOff

__all__ = ["Mounted"]

_OK, _NOTFOUND = 0, 12
_IOERR, _FULL, _SHORT_READ = 10, 13, 522
_DELETE_ON_CLOSE = 0x8
_POWERSAFE_OVERWRITE = 0x1000  # as SQLite's own VFS for Unix says, so that it writes the same way
_MOST_PATH = 512

_Int = c_int


class _IoMethods(Structure):
    pass


class _OpenFile(Structure):
    _fields_ = (("methods", POINTER(_IoMethods)), ("handle", c_int64))


_F = POINTER(_OpenFile)
_CLOSE = CFUNCTYPE(_Int, _F)
_READ = CFUNCTYPE(_Int, _F, c_void_p, _Int, c_int64)
_WRITE = CFUNCTYPE(_Int, _F, c_void_p, _Int, c_int64)
_TRUNCATE = CFUNCTYPE(_Int, _F, c_int64)
_FLAGS = CFUNCTYPE(_Int, _F, _Int)
_SIZE = CFUNCTYPE(_Int, _F, POINTER(c_int64))
_CHECK = CFUNCTYPE(_Int, _F, POINTER(_Int))
_CONTROL = CFUNCTYPE(_Int, _F, _Int, c_void_p)

_IoMethods._fields_ = (
    ("version", _Int),
    ("close", _CLOSE),
    ("read", _READ),
    ("write", _WRITE),
    ("truncate", _TRUNCATE),
    ("sync", _FLAGS),
    ("size", _SIZE),
    ("lock", _FLAGS),
    ("unlock", _FLAGS),
    ("check_lock", _CHECK),
    ("control", _CONTROL),
    ("sector_size", _CLOSE),
    ("characteristics", _CLOSE),
)

_OPEN = CFUNCTYPE(_Int, c_void_p, c_char_p, _F, _Int, POINTER(_Int))
_DELETE = CFUNCTYPE(_Int, c_void_p, c_char_p, _Int)
_ACCESS = CFUNCTYPE(_Int, c_void_p, c_char_p, _Int, POINTER(_Int))
_FULL_PATH = CFUNCTYPE(_Int, c_void_p, c_char_p, _Int, c_void_p)


class _Vfs(Structure):
    _fields_ = (
        ("version", _Int),
        ("file_bytes", _Int),
        ("most_path", _Int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("app_data", c_void_p),
        ("open", _OPEN),
        ("delete", _DELETE),
        ("access", _ACCESS),
        ("full_path", _FULL_PATH),
        ("dl_open", c_void_p),
        ("dl_error", c_void_p),
        ("dl_sym", c_void_p),
        ("dl_close", c_void_p),
        ("randomness", c_void_p),
        ("sleep", c_void_p),
        ("current_time", c_void_p),
        ("last_error", c_void_p),
    )


# The functions of the library that the module itself is linked with, whichever that is.
_library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
_library.sqlite3_vfs_find.argtypes = [c_char_p]
_library.sqlite3_vfs_find.restype = POINTER(_Vfs)
_library.sqlite3_vfs_register.argtypes = [POINTER(_Vfs), _Int]
_library.sqlite3_vfs_unregister.argtypes = [POINTER(_Vfs)]

_numbers = itertools.count(1)


class Mounted:
    """A disk under a name of its own among SQLite's file systems; unmount it when done.

    Attributes:
        strange: exceptions of the model itself; anything in here is a bug of the harness.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.name = f"power-{next(_numbers)}"
        self.strange: list[BaseException] = []
        self._handles: dict[int, tuple[File, str]] = {}
        self._next = itertools.count(1)
        self._methods = self._io_methods()
        self._vfs = self._file_system()
        _library.sqlite3_vfs_register(ctypes.byref(self._vfs), 0)

    def connect(self, path: str) -> sqlite3.Connection:
        """Connect as :func:`towline_shared.database.plain` does, on this disk."""
        return sqlite3.connect(
            f"file:{quote(path)}?vfs={self.name}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )

    def unmount(self) -> None:
        """Take it off SQLite's list; all its connections must be closed."""
        assert not self._handles, "a connection is still open, and C would call what is gone"
        _library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))

    # -- the two tables of functions ---------------------------------------------------------------

    def _io_methods(self) -> _IoMethods:
        safe = self._safe
        return _IoMethods(
            version=1,
            close=_CLOSE(safe(self._close)),
            read=_READ(safe(self._read)),
            write=_WRITE(safe(self._write)),
            truncate=_TRUNCATE(safe(lambda f, size: self.disk.truncate(self._file(f), size))),
            sync=_FLAGS(safe(lambda f, flags: self.disk.sync(self._file(f)))),
            size=_SIZE(safe(self._size)),
            lock=_FLAGS(safe(lambda f, level: None)),
            unlock=_FLAGS(safe(lambda f, level: None)),
            check_lock=_CHECK(safe(_nobody_else)),
            control=_CONTROL(lambda f, op, argument: _NOTFOUND),
            sector_size=_CLOSE(lambda f: 4096),
            characteristics=_CLOSE(lambda f: _POWERSAFE_OVERWRITE),
        )

    def _file_system(self) -> _Vfs:
        usual = _library.sqlite3_vfs_find(None).contents
        safe = self._safe
        return _Vfs(
            version=1,
            file_bytes=ctypes.sizeof(_OpenFile),
            most_path=_MOST_PATH,
            name=self.name.encode(),
            open=_OPEN(safe(self._open)),
            delete=_DELETE(safe(self._delete)),
            access=_ACCESS(safe(self._access)),
            full_path=_FULL_PATH(safe(_full_path)),
            dl_open=usual.dl_open,
            dl_error=usual.dl_error,
            dl_sym=usual.dl_sym,
            dl_close=usual.dl_close,
            randomness=usual.randomness,
            sleep=usual.sleep,
            current_time=usual.current_time,
            last_error=usual.last_error,
        )

    def _safe(self, work: Callable[..., int | None]) -> Callable[..., int]:
        """Turn exceptions into SQLite's codes: none may pass through C."""

        def answered(*arguments: Any) -> int:
            try:
                return work(*arguments) or _OK
            except (PowerOff, DiskBroken):
                return _IOERR
            except DiskFull:
                return _FULL
            except BaseException as error:
                self.strange.append(error)
                return _IOERR

        return answered

    # -- the file system ---------------------------------------------------------------------------

    def _open(self, vfs: int, name: bytes | None, f: Any, flags: int, out: Any) -> None:
        f.contents.methods = POINTER(_IoMethods)()  # null: on failure there is nothing to close
        number = next(self._next)
        if name is None:
            flags |= _DELETE_ON_CLOSE
        path = name.decode() if name is not None else f"temporary {number}"
        file = self.disk.open(path)
        self._handles[number] = file, path if flags & _DELETE_ON_CLOSE else ""
        f.contents.handle = number
        f.contents.methods = ctypes.pointer(self._methods)
        if out:
            out[0] = flags

    def _delete(self, vfs: int, name: bytes, synced: int) -> None:
        self.disk.remove(name.decode(), synced=bool(synced))

    def _access(self, vfs: int, name: bytes, flags: int, out: Any) -> None:
        out[0] = int(self.disk.exists(name.decode()))

    # -- files -------------------------------------------------------------------------------------

    def _file(self, f: Any) -> File:
        return self._handles[f.contents.handle][0]

    def _close(self, f: Any) -> None:
        _, temporary = self._handles.pop(f.contents.handle)
        if temporary and self.disk.on:
            self.disk.remove(temporary, synced=False)

    def _read(self, f: Any, to: int, size: int, offset: int) -> int:
        data = self.disk.read(self._file(f), size, offset)
        ctypes.memmove(to, data.ljust(size, b"\0"), size)
        return _OK if len(data) == size else _SHORT_READ

    def _write(self, f: Any, data: int, size: int, offset: int) -> None:
        self.disk.write(self._file(f), ctypes.string_at(data, size), offset)

    def _size(self, f: Any, out: Any) -> None:
        out[0] = self.disk.size(self._file(f))


def _nobody_else(f: Any, out: Any) -> None:
    out[0] = 0


def _full_path(vfs: int, name: bytes, size: int, out: int) -> int:
    text = name + b"\0"
    if len(text) > size:
        return _IOERR
    ctypes.memmove(out, text, len(text))
    return _OK
