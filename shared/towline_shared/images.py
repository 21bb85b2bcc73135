"""Images of a load among changes: which of two statements about a key was read later. Pure.

A load reads whole tables and goes in the stream ``bulk``, so that it holds up no change; so an
image of it may arrive long before or after changes that were read around it. Each image says behind
which number of ``changes`` it was read, in its event's ``origin_time``, since no origin gives one.
A change has its own number there. That orders the two without any clock.
"""

from __future__ import annotations

__all__ = ["behind", "behind_change", "version"]

_WORDS = "behind change "
_MOST_DIGITS = 18


def behind_change(number: int) -> str:
    """Write that an image was read when the stream ``changes`` ended with a number."""
    return f"{_WORDS}{number}"


def behind(origin_time: str) -> int | None:
    """Read what :func:`behind_change` wrote; None when it is anything else."""
    digits = origin_time.removeprefix(_WORDS)
    if digits == origin_time or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def version(stream: str, number: int, origin_time: str) -> int | None:
    """Return what orders a row of an agent: the larger was read later; None when nothing does.

    An image behind change n is newer than change n and older than change n + 1.
    """
    if stream == "changes":
        return 2 * number
    image = behind(origin_time) if stream == "bulk" else None
    return None if image is None else 2 * image + 1
