"""Customers of the wholesaler: made-up trade businesses with made-up addresses."""

from __future__ import annotations

from decimal import Decimal
from random import Random

__all__ = ["customers"]

_NAMES = (
    "Petersen", "Hansen", "Brandt", "Köhler", "Vogt", "Lindner", "Sommer", "Krüger", "Weiß",
    "Albrecht", "Jansen", "Behrens", "Öztürk", "Kowalski", "Meyer-Lüders", "Thode", "Nowak",
    "Schröder", "Claasen", "Wulf",
)  # fmt: skip
_TRADES = ("Sanitär GmbH", "Elektrotechnik", "Metallbau KG", "Maschinenbau GmbH & Co. KG")
_TOWNS = (
    ("20095", "Hamburg"), ("24103", "Kiel"), ("28195", "Bremen"), ("30159", "Hannover"),
    ("04109", "Leipzig"), ("80331", "München"), ("90402", "Nürnberg"), ("50667", "Köln"),
)  # fmt: skip
_STREETS = ("Hafenstraße", "Industrieweg", "Am Güterbahnhof", "Lange Reihe", "Werkstraße")
_ASCII = str.maketrans({"ö": "oe", "ü": "ue", "ä": "ae", "ß": "ss", "Ö": "oe", "é": "e"})


def customers(rng: Random, *, count: int = 40) -> list[dict[str, str | int | Decimal]]:
    """Return rows of CUSMST; a few have a credit limit that an order can exceed, one is blocked."""
    rows: list[dict[str, str | int | Decimal]] = []
    for i in range(count):
        name = f"{_NAMES[i % len(_NAMES)]} {_TRADES[(i * 3 + i // len(_NAMES)) % len(_TRADES)]}"
        postal, town = rng.choice(_TOWNS)
        local = _NAMES[i % len(_NAMES)].translate(_ASCII).lower()
        rows.append(
            {
                "CUNBR": 100010 + i * 7,
                "CUNAM": name,
                "CUADR": f"{rng.choice(_STREETS)} {rng.randint(1, 180)}",
                "CUZIP": postal,
                "CUCTY": town,
                "CUCTR": "DE",
                "CUMAIL": f"einkauf{i // len(_NAMES) or ''}@{local}.example",
                "CUSTS": "B" if i == 17 else "A",
                "CULIM": Decimal(rng.choice((500, 2500, 10000))) if i % 9 == 4 else Decimal(0),
                "CUOPEN": Decimal(rng.randint(0, 40000)) / 100,
                "CUCRTD": rng.choice((0, 890301, 940612, 1030217, 1190412)),
            }
        )
    return rows
