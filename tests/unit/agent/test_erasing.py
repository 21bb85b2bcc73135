"""What the relay asks to forget is gone from the agent's file, and nothing else is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.agent_house import START, agent_house
from tests.unit.agent.test_deliver import arrive, order, reports, run_until
from towline_shared.events import BusinessCustomer, CompanyContact, Erase, Event, Order


def about(number: int, name: str) -> Event:
    """An order document of a buyer."""
    event = order(number)
    assert isinstance(event.body, Order)
    return replace(event, body=replace(event.body, customer_name=name, email=f"{name}@example.com"))


def wish(body: Erase) -> Event:
    return Event("erase-1", "1", "relay:privacy", START, body)


def on_disk(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.rglob("buffer*"))


@pytest.mark.parametrize(
    ("body", "bert_stays"),
    [(Erase(orders=("gid://shopify/Order/1",)), True), (Erase(everything=True), False)],
)
def test_the_documents_are_emptied_down_to_the_disk(
    tmp_path: Path, body: Erase, bert_stays: bool
) -> None:
    """Neither the file nor its write-ahead log holds the name once the wish was reported."""
    with agent_house(tmp_path, sealed=False) as house:  # so that what is left can be seen
        arrive(house, about(1, "anna"), about(2, "bert"), wish(body), about(3, "carl"))
        asyncio.run(run_until(house, 4))
        assert reports(house)[2:] == [("erase-1", "written", ""), ("event-3", "written", "")]
        house.buffer.set_meta("after", "the checkpoint").result()
        assert not on_disk(tmp_path, "anna@example.com")
        assert on_disk(tmp_path, "bert@example.com") is bert_stays
        assert on_disk(tmp_path, "carl@example.com")  # it stands behind the wish


def test_a_companys_documents_are_emptied_by_its_gid(tmp_path: Path) -> None:
    """The wish names it among the customers: a contact of it is to be forgotten."""
    gid = "gid://shopify/Company/1"
    contact = CompanyContact("c1", "gid://shopify/Customer/1", email="anna@example.com")
    body = BusinessCustomer("", company_gid=gid, name="Petersen", contacts=(contact,))
    told = Event("company-1", gid, "shopify:companies/update", START, body)
    with agent_house(tmp_path, sealed=False) as house:
        arrive(house, told, about(2, "bert"), wish(Erase(customers=(gid,))))
        asyncio.run(run_until(house, 3))
        house.buffer.set_meta("after", "the checkpoint").result()
        assert not on_disk(tmp_path, "anna@example.com")
        assert on_disk(tmp_path, "bert@example.com")
