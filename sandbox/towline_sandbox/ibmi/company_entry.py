"""BUSENTRY: the ERP's own program takes companies of the shop and gives them numbers.

One company in one unit of work: the business is found by its number, else by the shop's id the
wholesaler keeps, else made; places likewise. The numbers go back into the staging files, and the
changed masters tell the agent. What the wholesaler knows it keeps: names and addresses are its own.
"""

from __future__ import annotations

from collections.abc import Callable

from towline_agent.ibmi.fitting import fit
from towline_sandbox.ibmi.erp import Partition, Record, UnitOfWork, Where
from towline_sandbox.ibmi.order_entry import next_number
from towline_shared.errors import Retryable

__all__ = ["CompanyEntry"]

_HEADER = "TOWLINE/WEBCOMP"
_PLACES = "TOWLINE/WEBCOMPL"
_JOB = "048311/ERPBATCH/BUSENTRY"
_MOST_PLACES = 999  # BPPLC has three digits


class _No(Exception):
    """The company is refused with a reason for people."""


class CompanyEntry:
    """Decides over new web companies, oldest first."""

    def __init__(self, system: Partition) -> None:
        self._system = system

    def run_once(self) -> int:
        """Decide all new companies now; returns how many were decided."""
        decided = 0
        while self._step():
            decided += 1
        return decided

    def run_next(self, pause: Callable[[float], None]) -> float | None:
        """Decide the next one, as a never-ending program does."""
        return 0.0 if self._step() else self._system.settings.look_s

    def _step(self) -> bool:
        new = Where("STATUS", "=", "N")
        found = next(iter(self._system.select(_HEADER, new, order=("CRTTS",), most=1)), None)
        if found is None:
            return False
        unit = self._system.begin(_JOB)
        try:
            header = unit.read(_HEADER, (found["EVENTID"],), lock=True)
            if header is not None and header["STATUS"] == "N":
                self._decide(unit, header)
        except Retryable as error:
            unit.rollback()
            self._system.messages.send("TWL0101", f"BUSENTRY waits: {error.what}", severity=40)
            raise
        except BaseException:
            unit.rollback()
            raise
        unit.commit()
        return True

    def _decide(self, unit: UnitOfWork, header: Record) -> None:
        key = (header["EVENTID"],)
        places = list(
            self._system.select(_PLACES, Where("EVENTID", "=", header["EVENTID"]), order=("SEQ",))
        )
        try:
            self._check(header, places)
        except _No as reason:
            text = fit(str(reason), length=100, ccsid=37)
            unit.update(_HEADER, key, {"STATUS": "R", "REASON": text})
            self._system.messages.send("TWL0105", f"Web company refused: {text}", severity=20)
            return
        number = self._business(unit, header)
        for place in places:
            self._place(unit, number, place)
        unit.update(_HEADER, key, {"STATUS": "A", "COMPID": f"{number:06d}"})

    def _check(self, header: Record, places: list[Record]) -> None:
        if not str(header["NAME"]).strip():
            raise _No("The company has no name")
        if not 0 < len(places) <= _MOST_PLACES:
            raise _No(f"The company has {len(places)} places, not 1 to {_MOST_PLACES}")
        for place in places:
            if not str(place["COUNTRY"]).strip():
                raise _No(f"Place {str(place['NAME']).strip()} has no country")

    def _business(self, unit: UnitOfWork, header: Record) -> int:
        """Return the business's number, and keep the shop's id of it."""
        gid, given = str(header["COMPGID"]), str(header["COMPID"]).strip()
        if given.isdecimal():
            known = unit.read("DISTLIB/BUSMST", (int(given),), lock=True)
        else:
            known = self._first("DISTLIB/BUSMST", Where("BSGID", "=", gid))
        if known is None:
            number = next_number(unit, "BUS")
            name = fit(str(header["NAME"]), length=40, ccsid=37)
            unit.insert(
                "DISTLIB/BUSMST",
                {
                    "BSNBR": number, "BSNAM": name, "BSSTS": "A", "BSGID": gid,
                    "BSCRTD": self._system.cymd(),
                },
            )  # fmt: skip
            return number
        if str(known["BSGID"]).strip() != gid:
            unit.update("DISTLIB/BUSMST", (known["BSNBR"],), {"BSGID": gid})
        return int(known["BSNBR"])

    def _place(self, unit: UnitOfWork, business: int, place: Record) -> None:
        """Give a place its number; one the wholesaler knows is kept as it is."""
        gid = str(place["LOCGID"])
        mine = Where("BPNBR", "=", business)
        known = self._first("DISTLIB/BUSPLC", mine, Where("BPGID", "=", gid))
        given = str(place["LOCID"]).strip().rpartition("-")[2]
        if known is None and given.isdecimal():
            known = unit.read("DISTLIB/BUSPLC", (business, int(given)), lock=True)
            if known is not None:
                unit.update("DISTLIB/BUSPLC", (business, known["BPPLC"]), {"BPGID": gid})
        if known is not None:
            number = int(known["BPPLC"])
        else:
            rows = self._system.select("DISTLIB/BUSPLC", mine, order=("BPPLC",))
            number = 1 + max((int(row["BPPLC"]) for row in rows), default=0)
            unit.insert("DISTLIB/BUSPLC", _record(business, number, place))
        unit.update(
            _PLACES, (place["EVENTID"], place["SEQ"]), {"LOCID": f"{business:06d}-{number:03d}"}
        )

    def _first(self, file: str, *conditions: Where) -> Record | None:
        found = self._system.select(file, *conditions, order=(), most=1)
        return next(iter(found), None)


def _record(business: int, number: int, place: Record) -> dict[str, str | int]:
    def text(column: str, length: int) -> str:
        return fit(str(place[column]), length=length, ccsid=37)

    return {
        "BPNBR": business,
        "BPPLC": number,
        "BPNAM": text("NAME", 40),
        "BPADR": text("ADDRESS1", 40),
        "BPZIP": text("ZIP", 10),
        "BPCTY": text("CITY", 30),
        "BPCTR": text("COUNTRY", 2),
        "BPTAX": text("TAXID", 20),
        "BPTRM": text("TERMS", 20),
        "BPGID": str(place["LOCGID"]),
    }
