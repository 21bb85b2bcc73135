"""Mixed EBCDIC text: single bytes, and double bytes between shift-out and shift-in.

Python has no EBCDIC double-byte table, and no package that carries one was found. The C library of
most Linux hosts has them behind ``iconv`` (glibc 2.36 knows IBM930 to IBM1399), so such a CCSID is
offered where this host has its table and refused, at settings time, where it has not; then Db2
converts (CAST ... CCSID 1208). 5026 and 5035, what jobs in Japan mostly run in, are parts of 930
and 939 with fewer user-defined characters (Java's list says so of its Cp930 and Cp939,
https://docs.oracle.com/javase/8/docs/technotes/guides/intl/encoding.doc.html): they are read with
those tables, and user-defined characters are not written.

The framing is checked here and not left to the table: x'0E' opens, x'0F' closes, what lies between
is pairs of bytes (https://www.ibm.com/docs/en/i/7.5?topic=sets-mixed-character-data). A record cut
in the middle of a pair, the classic damage, is refused with its place.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from functools import cache

__all__ = ["MIXED", "check_frames", "decode_mixed", "encode_mixed", "table"]

_WIDER = {5026: 930, 5035: 939}
MIXED = (930, 933, 935, 937, 939, 1364, 1371, 1388, 1390, 1399, *_WIDER)
_USER_DEFINED = re.compile("[\ue000-\uf8ff]")
_OUT, _IN = 0x0E, 0x0F
_FAILED = ctypes.c_void_p(-1).value
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
Convert = Callable[[bytes], bytes]


def decode_mixed(data: bytes, ccsid: int) -> str:
    """Read mixed text.

    Raises:
        ValueError: broken framing, a character the table lacks, or no table on this host.
    """
    reading, _ = table(ccsid)
    check_frames(data)
    try:
        return reading(data).decode("utf-8")
    except UnicodeError:
        raise ValueError(f"is no text in CCSID {ccsid}") from None


def encode_mixed(text: str, ccsid: int) -> bytes:
    """Write mixed text, with its shifts.

    Raises:
        ValueError: a character the CCSID does not have, or no table on this host.
    """
    _, writing = table(ccsid)
    lacking = ValueError(f"holds a character that CCSID {ccsid} does not have")
    if ccsid in _WIDER and _USER_DEFINED.search(text):
        raise lacking
    try:
        return writing(text.encode("utf-8"))
    except UnicodeError:
        raise lacking from None


def check_frames(data: bytes) -> None:
    """Raise ValueError, with the place, unless every shift-out has its shift-in and whole pairs."""
    opened = -1
    place = 0
    while place < len(data):
        byte = data[place]
        if opened < 0:
            if byte == _IN:
                raise ValueError(f"has a shift-in (x'0F') without a shift-out at byte {place + 1}")
            opened = place if byte == _OUT else -1
            place += 1
        elif byte == _IN:
            opened = -1
            place += 1
        elif byte == _OUT:
            raise ValueError(f"has a shift-out (x'0E') within another at byte {place + 1}")
        elif place + 1 == len(data) or data[place + 1] in (_OUT, _IN):
            raise ValueError(f"has half a double-byte character at byte {place + 1}")
        else:
            place += 2
    if opened >= 0:
        raise ValueError(f"has a shift-out (x'0E') without a shift-in at byte {opened + 1}")


@cache
def table(ccsid: int) -> tuple[Convert, Convert]:
    """Return this host's conversions to and from UTF-8, proved on letters and digits.

    Raises:
        ValueError: the host has none, or one that moves letters; says what to do instead.
    """
    no_table = ValueError(
        f"CCSID {ccsid} has no double-byte table on this host; let Db2 convert it to 1208"
    )
    if ccsid not in MIXED:
        raise no_table
    try:
        name = f"IBM{_WIDER.get(ccsid, ccsid)}"
        reading, writing = _iconv(name, "UTF-8"), _iconv("UTF-8", name)
        sound = writing(_PLAIN.encode()) == _PLAIN.encode("cp037")
        sound = sound and reading(_PLAIN.encode("cp037")) == _PLAIN.encode()
    except (OSError, AttributeError, TypeError, UnicodeError):
        raise no_table from None
    if not sound:
        raise no_table
    return reading, writing


def _iconv(source: str, target: str) -> Convert:
    """Bind one direction of the C library's iconv; each call has a descriptor of its own.

    Raises:
        OSError: no such conversion. AttributeError, TypeError: no such library on this system.
    """
    library = ctypes.CDLL(None, use_errno=True)
    library.iconv_open.restype = library.iconv.restype = ctypes.c_void_p
    library.iconv_open.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    library.iconv.argtypes = [ctypes.c_void_p] * 5
    library.iconv_close.argtypes = [ctypes.c_void_p]

    def convert(data: bytes) -> bytes:
        handle = library.iconv_open(target.encode(), source.encode())
        if handle in (None, _FAILED):
            raise OSError(f"no conversion from {source} to {target}")
        try:
            return _run(library, handle, data)
        finally:
            library.iconv_close(handle)

    convert(b"")
    return convert


def _run(library: ctypes.CDLL, handle: int, data: bytes) -> bytes:
    """Convert all of ``data`` and return to the initial shift state (which may write a shift-in).

    Raises:
        UnicodeError: a character can't be converted, or the input ends within one. An irreversible
            conversion (a count above zero) is refused too: it would be a guess.
    """
    given = ctypes.create_string_buffer(data, len(data) + 1)
    room = ctypes.create_string_buffer(8 * len(data) + 16)
    source = ctypes.c_char_p(ctypes.addressof(given))
    target = ctypes.c_char_p(ctypes.addressof(room))
    left, free = ctypes.c_size_t(len(data)), ctypes.c_size_t(len(room))
    rest = (ctypes.byref(target), ctypes.byref(free))
    if library.iconv(handle, ctypes.byref(source), ctypes.byref(left), *rest) or left.value:
        raise UnicodeError("not convertible")
    if library.iconv(handle, None, None, *rest):
        raise UnicodeError("not convertible")
    return room.raw[: len(room) - free.value]
