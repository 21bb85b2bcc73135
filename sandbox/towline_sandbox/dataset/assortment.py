"""What the wholesaler sells: families of articles with their sizes, materials, prices, weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

__all__ = ["FAMILIES", "Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """Articles that differ by size and make.

    Attributes:
        prefix: of the item number; ``item_class`` groups for the web shop.
        share: weight in the assortment.
        price: list price range in euro; ``weight`` range in kg.
    """

    prefix: str
    item_class: str
    unit: str
    share: int
    nouns: tuple[str, ...]
    sizes: tuple[str, ...]
    makes: tuple[str, ...]
    price: tuple[float, float]
    weight: tuple[float, float]

    def articles(self) -> Iterator[tuple[str, str]]:
        """Yield description and second description, without end: pack sizes when all is used."""
        pack = 0
        while True:
            for noun, size, make in product(self.nouns, self.sizes, self.makes):
                second = make if pack == 0 else f"{make}, VPE {pack * 50}"
                yield f"{noun} {size}", second
            pack += 1


def _metric(diameters: str, lengths: str) -> tuple[str, ...]:
    return tuple(f"M{d}X{length}" for d in diameters.split() for length in lengths.split())


def _join(left: str, right: str, sign: str = " ") -> tuple[str, ...]:
    return tuple(f"{a}{sign}{b}" for a in left.split() for b in right.split())


_STEELS = ("8.8 verzinkt", "10.9 blank", "Edelstahl A2", "Edelstahl A4")

FAMILIES = (
    Family("FA", "FAST", "PAK", 26,
           ("Sechskantschraube DIN 933", "Zylinderschraube DIN 912", "Senkschraube DIN 7991"),
           _metric("4 5 6 8 10 12 16", "10 16 20 25 30 40 50 60 80"), _STEELS,
           (2.4, 48.0), (0.05, 4.5)),
    Family("FN", "FAST", "PAK", 8,
           ("Sechskantmutter DIN 934", "Stoppmutter DIN 985", "Scheibe DIN 125",
            "Federring DIN 127"),
           tuple(f"M{d}" for d in (3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24)), _STEELS,
           (1.2, 22.0), (0.02, 3.0)),
    Family("FD", "FAST", "PAK", 7, ("Spreizdübel", "Nageldübel", "Schwerlastanker", "Rahmendübel"),
           _join("5 6 8 10 12 14", "30 40 60 80 120", "x"), ("Nylon", "Stahl verzinkt"),
           (3.1, 64.0), (0.08, 5.0)),
    Family("EL", "ELEC", "STK", 14,
           ("Leitungsschutzschalter", "Fi-Schutzschalter", "Installationsschütz", "Zeitrelais"),
           _join("B C D", "6A 10A 16A 20A 25A 32A 40A 63A"), ("1-polig", "3-polig", "4-polig"),
           (4.2, 128.0), (0.09, 0.9)),
    Family("CA", "CABL", "RNG", 9,
           ("Leitung H07V-K", "Mantelleitung NYM-J", "Steuerleitung ÖLFLEX",
            "Schlauchleitung H05VV-F"),
           _join("1x 3x 4x 5x", "1,5 2,5 4 6 10 16", ""), ("blau 100m", "schwarz 100m", "grau 50m"),
           (18.0, 640.0), (1.2, 68.0)),
    Family("LI", "LITE", "STK", 7,
           ("LED-Panel", "LED-Feuchtraumleuchte", "LED-Strahler", "LED-Hallenleuchte"),
           _join("9W 18W 24W 36W 50W", "3000K 4000K 6500K"), ("IP20", "IP44", "IP65"),
           (9.9, 189.0), (0.16, 4.2)),
    Family("TO", "TOOL", "STK", 5, ("Kombizange", "Seitenschneider", "Wasserpumpenzange"),
           ("140 mm", "160 mm", "180 mm", "200 mm", "250 mm", "300 mm"),
           ("Standard", "Profi", "isoliert 1000V"), (9.9, 78.0), (0.15, 0.9)),
    Family("TO", "TOOL", "STK", 5, ("Ring-Maulschlüssel", "Steckschlüsseleinsatz 1/2\"",
                                    "Innensechskant-Bit"),
           tuple(f"SW {n}" for n in (4, 5, 6, 7, 8, 10, 12, 13, 14, 17, 19, 22, 24, 27, 30, 32)),
           ("CrV matt", "CrV poliert", "lang"), (2.4, 34.0), (0.03, 0.8)),
    Family("TO", "TOOL", "STK", 4, ("Spiralbohrer HSS-G", "Hammerbohrer SDS-plus", "Kegelsenker"),
           tuple(f"{n} mm" for n in (3, 4, 5, 6, 8, 10, 12, 14, 16, 20)),
           ("DIN 338", "lang", "TiN-beschichtet"), (1.9, 42.0), (0.01, 0.4)),
    Family("PL", "PLMB", "STK", 12,
           ("Kugelhahn Messing", "Pressfitting Bogen 90°", "T-Stück Kupfer", "Rohrschelle",
            "Rückschlagventil"),
           ("15", "18", "22", "28", "35", "42", "1/2\"", "3/4\"", "1\"", "5/4\"", "2\""),
           ("DVGW", "PN16", "PN25", "mit Entleerung"), (1.1, 118.0), (0.03, 3.8)),
    Family("GA", "GAUG", "STK", 4, ("Manometer", "Kapselfedermanometer", "Digitalmanometer"),
           _join("63 80 100 160", "0-4bar 0-10bar 0-16bar 0-25bar"), ("radial", "axial"),
           (11.0, 240.0), (0.12, 2.0)),
    Family("SA", "SAFE", "STK", 3, ("Montagehandschuh", "Schnittschutzhandschuh", "Kältehandschuh"),
           tuple(f"Gr. {n}" for n in (7, 8, 9, 10, 11, 12)), ("EN 388", "EN 511", "EN 407"),
           (1.6, 24.0), (0.04, 0.3)),
    Family("SA", "SAFE", "PAA", 4, ("Sicherheitsschuh S3", "Sicherheitsstiefel S5",
                                     "Sicherheitssandale S1P"),
           tuple(f"Gr. {n}" for n in range(37, 49)), ("schwarz", "braun", "ESD"),
           (34.0, 149.0), (0.9, 1.9)),
    Family("CH", "CHEM", "DSE", 5,
           ("Schmierfett", "Kontaktspray", "Silikon sanitär", "Gewindedichtmittel"),
           ("50 ml", "100 ml", "200 ml", "310 ml", "400 ml", "1 l", "5 l"),
           ("transparent", "weiß", "grau", "hochtemperaturfest"), (3.4, 78.0), (0.06, 5.6)),
    Family("PK", "PACK", "KTN", 4, ("Faltkarton", "Versandtasche", "Luftpolsterbeutel"),
           _join("200 300 400 600", "150 200 300 500", "x"), ("braun", "weiß"),
           (2.2, 58.0), (0.3, 9.0)),
)  # fmt: skip
