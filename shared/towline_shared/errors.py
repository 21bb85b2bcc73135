"""Every error Towline raises on purpose, and the verdict a caller acts on.

Hierarchy::

    TowlineError              what went wrong, where, and a hint: what to do about it
    +-- Retryable             the same attempt may succeed later; nobody needs to act yet
    +-- Permanent             repeating is useless until somebody or something changes
    |   +-- Refused           the other system understood and said no (an ERP, a shop)
    |   +-- BadRecord         one record can't be read; it is parked and the rest flows on
    |   +-- Misconfigured     a setting is wrong; names the file, the field and the value
    +-- PeerFault             the far side of the link broke the protocol
    +-- Misuse                our own code called something wrongly; a bug

Texts are for people: one sentence that says what, where and why, and a hint that says what to do.
They never hold secrets or personal data.
"""

from __future__ import annotations

from enum import Enum

__all__ = [
    "BadRecord",
    "Misconfigured",
    "Misuse",
    "PeerFault",
    "Permanent",
    "Refused",
    "Retryable",
    "TowlineError",
    "Verdict",
    "verdict",
]


class TowlineError(Exception):
    """Base of all deliberate errors.

    Attributes:
        what: one sentence for people: what, where, why.
        hint: one sentence: what to do; empty when nothing is to be done.
    """

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".rstrip()


class Retryable(TowlineError):
    """The attempt failed in passing; the same attempt may succeed later.

    Attributes:
        retry_after_s: the least wait in seconds the other side asked for, or None.
    """

    def __init__(self, what: str, *, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(what, hint=hint)
        self.retry_after_s = retry_after_s


class Permanent(TowlineError):
    """Repeating the same attempt can't help."""


class Refused(Permanent):
    """The other system understood the request and refused it with a reason.

    Attributes:
        code: the other system's own code for the reason, or an empty string.
    """

    def __init__(self, what: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(what, hint=hint)
        self.code = code


class BadRecord(Permanent):
    """One record can't be read without guessing.

    Attributes:
        field: the column or field name.
        raw_hex: the bytes as they were found, upper-case hex.
    """

    def __init__(self, what: str, *, field: str, raw_hex: str = "", hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.field = field
        self.raw_hex = raw_hex


class Misconfigured(Permanent):
    """A setting can't be used as it stands."""


class PeerFault(TowlineError):
    """The far side of the link sent something the protocol does not allow."""


class Misuse(TowlineError):
    """Our own code called something in a way its contract forbids."""


class Verdict(Enum):
    """What the caller does next."""

    RETRY = "retry"
    PARK = "park"
    CRASH = "crash"


def verdict(error: BaseException) -> Verdict:
    """Tell whether an error is retried, parked or a bug that must surface.

    Only errors raised on purpose get a mild verdict: an unknown exception is a bug, and hiding it
    behind a retry loop would hammer the other system for ever.
    """
    if isinstance(error, Retryable):
        return Verdict.RETRY
    if isinstance(error, Permanent | PeerFault):
        return Verdict.PARK
    return Verdict.CRASH
