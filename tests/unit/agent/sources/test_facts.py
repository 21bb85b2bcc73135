"""Rows become facts, or one sentence about why not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from towline_agent.ibmi.port import EntityQuery, TableRow
from towline_agent.sources.facts import bodies, event_key, group_rows
from towline_agent.sources.outbox import stream_of
from towline_shared.errors import BadRecord
from towline_shared.events import (
    BusinessCustomer,
    Customer,
    Item,
    OrderResult,
    PartyResult,
    Price,
    Shipment,
)

ITEM = EntityQuery("item", "", ("SKU",))
PRICE = EntityQuery("price", "", ("SKU",))
RESULT = EntityQuery("order_result", "", ("ORDER_GID",))
SHIPMENT = EntityQuery("shipment", "", ("SHIPMENT",))


def rows(*cells: Mapping[str, object]) -> list[TableRow]:
    return [TableRow(each) for each in cells]  # type: ignore[arg-type]


def test_text_is_right_trimmed_and_numbers_stay_numbers() -> None:
    """The row travels column by column; left blanks stay."""
    (body,) = bodies(
        ITEM, ("A",), rows({"SKU": "A   ", "UNIT": "  EA ", "WEIGHT": Decimal("1.50")})
    )
    assert isinstance(body, Item)
    assert body.sku == "A"
    assert dict(body.row) == {"SKU": "A", "UNIT": "  EA", "WEIGHT": Decimal("1.50")}


def test_several_price_lists_are_several_facts() -> None:
    """One price for each list; the same list twice is refused."""
    two = rows({"SKU": "A", "PRICE_LIST": "STD"}, {"SKU": "A", "PRICE_LIST": "WEB"})
    found = [body for body in bodies(PRICE, ("A",), two) if isinstance(body, Price)]
    assert [body.price_list for body in found] == ["STD", "WEB"]
    with pytest.raises(BadRecord, match="two prices for the list STD"):
        list(bodies(PRICE, ("A",), [two[0], two[0]]))


def test_a_join_that_multiplies_rows_is_refused() -> None:
    """Nobody can tell which of two item rows counts."""
    with pytest.raises(BadRecord, match="2 rows for one key"):
        list(bodies(ITEM, ("A",), rows({"SKU": "A"}, {"SKU": "A"})))


@pytest.mark.parametrize(
    ("cells", "why"),
    [({"ITNBR": "A"}, "no column SKU"), ({"SKU": "  "}, "SKU is blank"), ({"SKU": None}, "blank")],
)
def test_a_missing_column_is_said(cells: dict[str, object], why: str) -> None:
    """The sentence names the column and, for a missing one, the alias to write."""
    with pytest.raises(BadRecord, match=why):
        list(bodies(ITEM, ("A",), rows(cells)))


@pytest.mark.parametrize(
    ("letter", "outcome"), [("A", "accepted"), ("R", "refused"), ("X", "cancelled")]
)
def test_the_erps_letter_becomes_an_outcome(letter: str, outcome: str) -> None:
    """Three letters are decisions; any other says nothing yet."""
    cells = {"ORDER_GID": "g", "OUTCOME": letter, "ERP_ORDER": "0700123", "REASON": "no"}
    (body,) = bodies(RESULT, ("g",), rows(cells))
    assert isinstance(body, OrderResult)
    assert (body.outcome, body.erp_order, body.reason) == (outcome, "0700123", "no")
    assert list(bodies(RESULT, ("g",), rows(cells | {"OUTCOME": "N"}))) == []
    assert list(bodies(RESULT, ("g",), [])) == []


def test_a_shipment_gathers_its_lines_and_parcels() -> None:
    """Lines in order, each tracking number once, blank ones left out."""
    line = {"SHIPMENT": "S1", "ORDER_GID": "g", "LINE_GID": "l1", "QUANTITY": Decimal("2")}
    (body,) = bodies(
        SHIPMENT, ("S1",),
        rows(line | {"TRACKING": "T1 "}, line | {"LINE_GID": "l2", "TRACKING": "T1"},
             line | {"LINE_GID": "l3", "TRACKING": " "}),
    )  # fmt: skip
    assert isinstance(body, Shipment)
    assert [each.line_gid for each in body.lines] == ["l1", "l2", "l3"]
    assert body.tracking == ("T1",)
    with pytest.raises(BadRecord, match="QUANTITY is not a whole number"):
        list(bodies(SHIPMENT, ("S1",), rows(line | {"QUANTITY": Decimal("1.5")})))


def test_a_deleted_shipment_is_gone() -> None:
    """The relay decides what that means; the agent only says it."""
    (body,) = bodies(SHIPMENT, ("S1",), [])
    assert body == Shipment("S1", "", "", (), gone=True)


def test_number_keys_match_whatever_zeros_the_trigger_wrote() -> None:
    """DIGITS() in a trigger gives leading zeros; a CHAR key keeps them."""
    query = EntityQuery("item", "", ("SKU", "KIND"))
    found = group_rows(query, [("000123", "07"), ("9", "1")], rows({"SKU": 123, "KIND": "07  "}))
    assert [len(group) for group in found.values()] == [1, 0]
    other = group_rows(query, [("000123", "7")], rows({"SKU": 123, "KIND": "07"}))
    assert other == {("000123", "7"): []}


def test_a_shipment_of_several_parcels_keeps_its_quantities() -> None:
    """Parcels beyond the first stand in rows without a line, or in one cell; lines count once."""
    head = {"SHIPMENT": "S1", "ORDER_GID": "gid://1", "STATUS": "D"}
    told = rows(
        {**head, "LINE_GID": "L1", "QUANTITY": 2, "TRACKING": "T1, T2"},
        {**head, "LINE_GID": None, "QUANTITY": None, "TRACKING": "T3", "TRACKING_URL": "https://t"},
    )
    (body,) = bodies(SHIPMENT, ("S1",), told)
    assert isinstance(body, Shipment)
    assert [(line.line_gid, line.quantity) for line in body.lines] == [("L1", 2)]
    assert body.tracking == ("T1", "T2", "T3")
    assert (body.urls, body.status) == (("", "", "https://t"), "D")
    two = rows({**head, "LINE_GID": "L1", "QUANTITY": 1, "TRACKING": "A;B", "TRACKING_URL": "x"})
    with pytest.raises(BadRecord, match="one TRACKING_URL stands beside 2 tracking numbers"):
        list(bodies(SHIPMENT, ("S1",), two))


def test_customers_and_companies_travel_as_they_were_read() -> None:
    """A number names them; a company has a row for each of its places; what is gone says so."""
    (person,) = bodies(
        EntityQuery("customer", "", ("CUSTOMER",)),
        ("100010",),
        rows({"CUSTOMER": Decimal(100010), "CUNAM": "Petersen  "}),
    )
    assert isinstance(person, Customer)
    assert (person.number, person.row["CUNAM"]) == ("100010", "Petersen")
    company = EntityQuery("company", "", ("COMPANY",))
    places = rows({"COMPANY": "7", "PLACE": "1"}, {"COMPANY": "7", "PLACE": "2"})
    (business,) = bodies(company, ("7",), places)
    assert isinstance(business, BusinessCustomer)
    assert [row["PLACE"] for row in business.rows] == ["1", "2"]
    assert list(bodies(company, ("7",), [])) == [BusinessCustomer("7", gone=True)]


@pytest.mark.parametrize("entity", ["customer_result", "company_result"])
def test_an_answer_about_a_customer_or_company_is_a_fact_once_it_is_decided(entity: str) -> None:
    """By the event of the document; what is still new or was cleaned away says nothing."""
    query = EntityQuery(entity, "", ("DOCUMENT_ID",))
    row = {"DOCUMENT_ID": "e1", "GID": "gid://c/1", "ERP_NUMBER": "700001 ", "REASON": ""}
    (answer,) = bodies(query, ("e1",), rows({**row, "OUTCOME": "A"}))
    assert answer == PartyResult("e1", "accepted", "gid://c/1", "700001")
    assert event_key(answer, ("e1",)) == "gid://c/1"
    (answer,) = bodies(query, ("e1",), rows({**row, "OUTCOME": "R", "REASON": "No name"}))
    assert answer == PartyResult("e1", "refused", "gid://c/1", "700001", "No name")
    assert event_key(PartyResult("e1", "accepted"), ("e1",)) == "e1"
    for outcome in ("N", "L", ""):
        assert list(bodies(query, ("e1",), rows({**row, "OUTCOME": outcome}))) == []
    assert list(bodies(query, ("e1",), [])) == []
    assert stream_of(entity) == "results"
