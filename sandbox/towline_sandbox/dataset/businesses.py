"""The wholesaler's business customers and where they take their goods; made up."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BUSINESSES", "PLACES"]

Cell = str | int

BUSINESSES: tuple[Mapping[str, Cell], ...] = (
    {"BSNBR": 200010, "BSNAM": "Tischlerei Petersen GmbH", "BSSTS": "A", "BSCRTD": 1190304},
    {"BSNBR": 200020, "BSNAM": "Möbelbau Öztürk & Söhne KG", "BSSTS": "A", "BSCRTD": 1210615},
    {"BSNBR": 200030, "BSNAM": "Zimmerei Alte Mühle", "BSSTS": "B", "BSCRTD": 1170911},
)


def _place(
    business: int, number: int, name: str, street: str, post: str, terms: str
) -> Mapping[str, Cell]:
    code, _, city = post.partition(" ")
    return {
        "BPNBR": business, "BPPLC": number, "BPNAM": name, "BPADR": street, "BPZIP": code,
        "BPCTY": city, "BPCTR": "DE", "BPTAX": f"DE{business}{number:03d}", "BPTRM": terms,
    }  # fmt: skip


PLACES: tuple[Mapping[str, Cell], ...] = (
    _place(200010, 1, "Werkstatt", "Hafenstraße 12", "24103 Kiel", "Net 30"),
    _place(200010, 2, "Lager", "Am Gleis 3", "24145 Kiel", "Net 30"),
    _place(200020, 1, "Haupthaus", "Kottbusser Damm 77", "10967 Berlin", "Net 15"),
    _place(200030, 1, "Halle", "Mühlenweg 1", "04109 Leipzig", ""),
)
