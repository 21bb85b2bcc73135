"""Threads in calls to the IBM i that never came back: how many, and how to end in spite of them.

A driver waits for its own calls when the process ends (seen with IBM's CLI driver over a wire that
had fallen silent: the exit hung until the wire was cut). What is on disk is whole at every moment,
so the process ends at once then.
"""

from __future__ import annotations

import os
import sys
import threading

__all__ = ["give_up", "hanging", "leave"]

_threads: set[threading.Thread] = set()
_counting = threading.Lock()


def give_up(thread: threading.Thread) -> None:
    """Count a thread whose call did not end, until it does."""
    with _counting:
        _threads.add(thread)


def hanging() -> int:
    """Return how many still hang; a call that came back late is no harm."""
    with _counting:
        _threads.difference_update({each for each in _threads if not each.is_alive()})
        return len(_threads)


def leave(code: int) -> None:
    """End the process with an exit code if a call hangs; return otherwise."""
    if hanging():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
