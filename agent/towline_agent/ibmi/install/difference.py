"""One difference between what is wanted and what is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from towline_agent.ibmi.install.script import Statement

__all__ = ["Difference", "Kind"]


class Kind(Enum):
    """What a difference is."""

    MISSING = "missing"
    DIFFERS = "differs"
    EXTRA = "extra"
    REFUSED = "refused"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        part: name of the part; ``sentence`` says what is so, and what to do where no script helps.
        closes: the script closes it; ``REFUSED`` ones stop the install, warnings do not.
        extra: statements beyond the script of what is wanted.
    """

    kind: Kind
    part: str
    sentence: str
    closes: bool = True
    extra: tuple[Statement, ...] = ()
