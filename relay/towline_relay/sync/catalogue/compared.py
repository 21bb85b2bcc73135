"""What a comparison of values with the shop counts, and what it may write again. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

__all__ = ["COMPARED", "Compared", "Tally", "judged"]

#: What an operator may compare with the shop.
COMPARED = ("orders", "price-lists", "catalogue")

_MOST_NAMED = 50
# As many at once can still be a real day; see :mod:`towline_relay.sync.catalogue.brake`.
_LEAST = 25
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted so far; it travels as JSON between two commits.

    Attributes:
        compared: values that were looked at.
        left_out: those whose item has a change on its way or parked.
        differing: values the shop holds otherwise.
        falling: of these, those the ERP said zero of while the shop has some.
        missing: values the shop does not hold at all.
        items: ERP keys of what differs or is missing, the first 50.
    """

    compared: int = 0
    left_out: int = 0
    differing: int = 0
    falling: int = 0
    missing: int = 0
    items: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> Tally:
        """Read it from JSON; an empty object is nothing counted."""
        given = json.loads(text)
        return cls(**{**given, "items": tuple(given.get("items", ()))})

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    def plus(
        self,
        *,
        compared: int = 0,
        left_out: int = 0,
        falling: int = 0,
        differing: Iterable[str] = (),
        missing: Iterable[str] = (),
    ) -> Tally:
        """Count more; what differs and what is missing is named by the ERP's key."""
        differs, lacks = list(differing), list(missing)
        return Tally(
            self.compared + compared,
            self.left_out + left_out,
            self.differing + len(differs),
            self.falling + falling,
            self.missing + len(lacks),
            tuple(dict.fromkeys([*self.items, *differs, *lacks]))[:_MOST_NAMED],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was found.

    Attributes:
        name: what was compared, or the ERP's name of a price list.
        what: the values, for people.
        tally: the counts; see :class:`Tally`.
        again: how many items the lane was told to write again.
        held: why what differs was not written again although it was asked for; empty else.
        reason: why nothing, or not all, was compared; empty else.
        at: when, as ISO 8601 in UTC; empty for now.
    """

    name: str
    what: str
    tally: Tally = Tally()
    again: int = 0
    held: str = ""
    reason: str = ""
    at: str = ""

    @property
    def equal(self) -> bool:
        """Nothing needs anybody."""
        return not (self.tally.differing or self.tally.missing or self.reason)

    @property
    def sentence(self) -> str:
        """Say what was found."""
        if self.reason:
            return f"{self.name}: {self.reason}"
        tally = self.tally
        words = f"{self.name}: {tally.compared} {self.what} compared"
        if tally.left_out:
            words += f" ({tally.left_out} left out: on their way, or parked)"
        if self.equal:
            return f"{words}, all as the ERP said."
        found = [f"{tally.differing} differ"] if tally.differing else []
        found += [f"{tally.missing} are not in the shop"] if tally.missing else []
        shown = ", ".join(tally.items[:5])
        more = f"; {self.again} are written again" if self.again else ""
        more += f"; nothing is written again: {self.held}" if self.held else ""
        return f"{words}, {' and '.join(found)} ({shown}){more}."

    @property
    def shown(self) -> dict[str, object]:
        """As an answer in JSON."""
        return {**asdict(self), "equal": self.equal, "sentence": self.sentence}


def judged(found: Compared) -> Compared:
    """Hold back what a comparison would write again when it looks like an accident.

    A reading in which most of what the shop was told is missing says more about the reading than
    about the shop; and stocks that would fall to zero by the dozen are asked about, whoever said
    zero: rule 11 of the design.
    """
    tally = found.tally
    whole = tally.compared + tally.left_out + tally.missing
    if tally.missing >= _LEAST and tally.missing > _SHARE * whole:
        words = f"the shop told of {whole - tally.missing} of {whole} values only"
        return replace(found, held=words)
    if tally.falling >= _LEAST and tally.falling >= _SHARE * tally.differing:
        words = f"{tally.falling} stocks would fall to zero at once; let the ERP state them anew"
        return replace(found, held=words)
    return found
