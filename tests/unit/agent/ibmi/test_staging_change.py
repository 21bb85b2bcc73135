"""Documents as records: everything an order can have, and a change of one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from towline_agent.conformance.documents import sample_order
from towline_agent.ibmi.staging import records
from towline_agent.ibmi.towline_files import STAGING
from towline_shared.errors import Refused
from towline_shared.events import (
    Address,
    ChangeLine,
    Charge,
    Company,
    Discount,
    DueDate,
    OrderChange,
    Restock,
)

AT = "2026-11-23-09.00.00.000000"


def found(document: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the records by file."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for file, row in records(document, event_id="e1", at=AT):
        rows.setdefault(file, []).append(row)
    return rows


def test_what_an_order_has_beside_goods_gets_its_own_records() -> None:
    """Discounts, charges, company, terms, bundle and notes; each in its file."""
    order = sample_order(1)
    line = replace(
        order.lines[0], discounts=(Discount("Summer", "SUMMER15", Decimal("1.50")),),
        group="Starter kit", attributes=(("Engraving", "M+J"),),
    )  # fmt: skip
    rows = found(
        replace(
            order,
            lines=(line,),
            charges=(Charge("TIP", "", Decimal("2.50"), item="TIPS"),),
            company=Company(company_id="100234", name="Nordwind GmbH"),
            terms="Net 30",
            due=(DueDate("2026-12-23T00:00:00Z", Decimal("14.90")),),
            tags=("VIP",),
            localized=(("TAX", "123"),),
        )
    )
    assert [(row["LINENO"], row["CODE"], row["AMOUNT"]) for row in rows["WEBORDD"]] == [
        (1, "SUMMER15", Decimal("1.50"))
    ]
    assert [(row["KIND"], row["ITEM"]) for row in rows["WEBORDF"]] == [("TIP", "TIPS")]
    (header,) = rows["WEBORDH"]
    assert (header["COMPID"], header["TERMS"]) == ("100234", "Net 30")
    assert header["DUEAT"] == "2026-12-23T00:00:00Z"
    assert rows["WEBORDL"][0]["GRPTITLE"] == "Starter kit"
    notes = [(row["KIND"], row["NAME"], row["VALUE"]) for row in rows["WEBORDN"]]
    assert notes == [
        ("LINEATTR", "1 Engraving", "M+J"), ("TAG", "", "VIP"), ("LOCALFIELD", "TAX", "123"),
        ("DUE", "2026-12-23T00:00:00Z", "14.90"),
    ]  # fmt: skip


CHANGE = OrderChange(
    order_gid="gid://shopify/Order/1",
    name="#1",
    change_gid="gid://shopify/RefundAgreement/2",
    kind="refund",
    happened_at="2026-11-24T09:00:00Z",
    currency="EUR",
    taxes_included=False,
    lines=(ChangeLine("gid://line", "AB-1", "Screw", -1, Decimal("-5.00"), Decimal("-0.95")),),
    total=Decimal("7.95"),
    tax_total=Decimal("0.65"),
    refunded=Decimal("8.95"),
    charges=(Charge("SHIPPING", "DHL", Decimal("-1.00")), Charge("ADJUSTMENT", "", Decimal(-2))),
    restocks=(Restock("gid://line", "AB-1", 1, "RETURN", "gid://location"),),
    note="x" * 5000,
    ship_to=Address(name="Käthe Grün"),
)


def test_a_change_says_what_it_moves_without_what_stands_beside_the_total() -> None:
    """Tax on top counts, an adjustment does not; goods have records of their own."""
    rows = found(CHANGE)
    (header,) = rows["WEBCHG"]
    assert (header["MOVED"], header["TAXMOVED"]) == (Decimal("-6.95"), Decimal("-0.95"))
    assert (header["STATUS"], header["KIND"]) == ("N", "refund")
    assert [(row["QTY"], row["AMOUNT"]) for row in rows["WEBCHGL"]] == [(-1, Decimal("-5.00"))]
    assert [(row["QTY"], row["KIND"]) for row in rows["WEBCHGR"]] == [(1, "RETURN")]
    assert [row["KIND"] for row in rows["WEBORDF"]] == ["SHIPPING", "ADJUSTMENT"]
    assert "".join(row["VALUE"] for row in rows["WEBORDN"]) == CHANGE.note
    assert rows["WEBORDA"][0]["NAME"] == "Käthe Grün"
    assert set(rows) <= set(STAGING)


def test_an_amount_that_does_not_fit_refuses_the_change() -> None:
    """The sentence names column and file."""
    with pytest.raises(Refused, match="column TOTAL of WEBCHG"):
        found(replace(CHANGE, total=Decimal("99999999999999999.99")))
