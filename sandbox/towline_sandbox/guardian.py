"""Ends the children of a process tree whose parent was killed.

A parent that meets kill -9 can end nobody, and its children, in sessions of their own, would keep
files and ports from the next run. So it runs this program and tells of them over a pipe, one line
each, ``+PID`` when a child begins and ``-PID`` when it has ended. The pipe's end is the parent's
end, however it came; what is still on the list then is told to stop, and killed if it does not
obey.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

__all__ = ["LINE_OFF", "LINE_ON", "left", "main"]

LINE_ON, LINE_OFF = "+{0}\n", "-{0}\n"
_PATIENCE_S = 10.0
_LOOK_S = 0.1


def left(lines: Iterable[str]) -> list[int]:
    """Read to the end and return who is still there, the last started first."""
    there: dict[int, None] = {}
    for line in lines:
        sign, number = line[:1], line[1:-1]
        if not (line.endswith("\n") and number.isdigit()):
            continue  # cut by the parent's end: half a number is somebody else's
        if sign == "+":
            there[int(number)] = None
        else:
            there.pop(int(number), None)
    return list(reversed(there))


def main(
    lines: Iterable[str] | None = None,
    *,
    patience_s: float = _PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait for the parent's end, then end its children."""
    # A closed terminal or Ctrl-C is the parent's to handle; this program ends when it has.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    there = left(sys.stdin if lines is None else lines)
    for pid in there:
        _send(pid, signal.SIGTERM)
    waited = 0.0
    while waited < patience_s and any(map(_lives, there)):
        sleep(_LOOK_S)
        waited += _LOOK_S
    for pid in filter(_lives, there):
        _send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
