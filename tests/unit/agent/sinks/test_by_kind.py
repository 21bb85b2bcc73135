"""What follows an order goes where agent.toml says, kind by kind, with the same words."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.support.agent_house import START, AgentHouse, agent_house
from tests.unit.agent.test_deliver import order
from towline_agent.config_formats import (
    CHANGE_VALUES,
    COMPANY_VALUES,
    CUSTOMER_VALUES,
    Parameter,
)
from towline_agent.config_orders import CHANGE_KINDS, ChangeSettings, OrderSettings
from towline_agent.config_sinks import PeopleSettings
from towline_agent.conformance.documents import (
    CHANGES,
    sample_change,
    sample_company,
    sample_customer,
)
from towline_agent.ibmi.port import Applied, Purpose, QueueName
from towline_agent.policy import ProgramName
from towline_agent.sinks.by_kind import document_sinks
from towline_agent.sinks.documents import change_value, company_value, customer_value
from towline_shared.errors import Permanent, Refused
from towline_shared.events import Event

QUEUE = QueueName("TOWLINE", "WEBCHG")
PROGRAM = ProgramName("DISTLIB", "WEBCHG")
PARAMETERS = (
    Parameter("event_id", "char", length=64),
    Parameter("kind", "char", length=10),
    Parameter("status", "char", length=10),
    Parameter("moved", "packed", digits=15, decimals=2),
    Parameter("total", "packed", digits=15, decimals=2),
    Parameter("goods_count", "integer"),
)


def change(kind: str) -> Event:
    body = sample_change(kind)
    return Event(f"change-{kind}", body.order_gid, "shopify:orders/edited", START, body)


def settings(**changes: Any) -> OrderSettings:
    return OrderSettings(
        "order_tables", False, None, 1208, None, (),
        ChangeSettings(**{"queue": QUEUE, "program": PROGRAM, "parameters": PARAMETERS, **changes}),
    )  # fmt: skip


def written(tmp_path: Path, told: OrderSettings, *events: Event) -> Any:
    """Hand events to the sinks, and return the partition after it."""

    async def scenario(house: AgentHouse) -> None:
        sink = document_sinks(told, house.workers[Purpose.WRITE])
        for event in events:
            assert await sink.write(event) is Applied.WRITTEN

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        return house.partition


def test_each_kind_goes_to_its_own_sink(tmp_path: Path) -> None:
    """An order and an edit into tables, a refund onto the queue, a hold to the program."""
    kinds = MappingProxyType({"refund": "data_queue", "hold": "program_call"})
    events = [order(1), change("edit"), change("refund"), change("hold")]
    partition = written(tmp_path, settings(kinds=kinds), *events)
    (entry,) = partition.queues[str(QUEUE)]
    (call,) = partition.programs
    assert json.loads(entry.data)["kind"] == "refund"
    assert (call.library, call.program) == ("DISTLIB", "WEBCHG")
    assert set(partition.orders) == {"event-1", "change-edit"}


def test_a_change_on_the_queue_says_what_it_is_and_is_whole(tmp_path: Path) -> None:
    """Every kind; the event id first, amounts as text, goods and money apart."""
    told = settings(sink="data_queue")
    partition = written(tmp_path, told, *(change(kind) for kind in CHANGES))
    found = [json.loads(entry.data) for entry in partition.queues[str(QUEUE)]]
    assert [each["kind"] for each in found] == list(CHANGES)
    for each in found:
        assert list(each)[:2] == ["event_id", "document"]
        assert each["document"] == "order_change"
        body = sample_change(each["kind"])
        assert Decimal(each["total"]) == body.total
        assert [goods["kind"] for goods in each["restocks"]] == [x.kind for x in body.restocks]
        assert len(each["lines"]) == len(body.lines)


def test_a_program_gets_the_values_of_a_change_in_order(tmp_path: Path) -> None:
    """What moves is signed, and adds up to the total that stands after it."""
    told = settings(sink="program_call")
    partition = written(tmp_path, told, change("cancel"), change("hold"))
    assert [call.parameters for call in partition.programs] == [
        ("change-cancel", "cancel", "", Decimal("-14.90"), Decimal("0.00"), 1),
        ("change-hold", "hold", "ON_HOLD", Decimal(0), Decimal("14.90"), 1),
    ]


def test_a_kind_this_site_does_not_take_is_refused_where_people_see_it(tmp_path: Path) -> None:
    """The relay is told what and how to let it through; nothing is written."""
    told = settings(kinds=MappingProxyType({"edit": "refuse"}))

    async def scenario(house: AgentHouse) -> None:
        sink = document_sinks(told, house.workers[Purpose.WRITE])
        with pytest.raises(Refused, match=r"order #1 was changed in the shop \(edit\)") as caught:
            await sink.write(change("edit"))
        assert "[orders.changes]" in caught.value.hint

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert not house.partition.orders


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("name", CHANGE_VALUES)
def test_every_named_value_of_a_change_exists(name: str, kind: str) -> None:
    """The closed list and the document agree."""
    assert change_value(change(kind), name) is not None
    with pytest.raises(Permanent, match="no change of an order"):
        change_value(order(1), name)


def test_the_kinds_are_those_of_the_documents() -> None:
    """A kind the relay makes has a name in the settings."""
    assert set(CHANGES) < set(CHANGE_KINDS)


def person() -> Event:
    """A customer's document."""
    body = sample_customer()
    return Event("customer-1", body.customer_gid, "shopify:customers/update", START, body)


def company() -> Event:
    """A company's document."""
    body = sample_company()
    return Event("company-1", body.company_gid, "shopify:companies/update", START, body)


def test_people_go_where_their_tables_say(tmp_path: Path) -> None:
    """Customers onto a queue of theirs, companies to a program, orders as ever into tables."""
    told = replace(
        settings(),
        customers=PeopleSettings("data_queue", queue=QUEUE),
        companies=PeopleSettings(
            "program_call",
            program=PROGRAM,
            parameters=(
                Parameter("event_id", "char", length=64),
                Parameter("number", "char", length=30),
                Parameter("place_count", "integer"),
                Parameter("document", "char", length=9000),
            ),
        ),
    )
    partition = written(tmp_path, told, order(1), person(), company())
    (entry,) = partition.queues[str(QUEUE)]
    sent = json.loads(entry.data)
    assert (sent["event_id"], sent["document"], sent["email"]) == (
        "customer-1", "customer", "kaethe@example.com",
    )  # fmt: skip
    (call,) = partition.programs
    assert call.parameters[:3] == ("company-1", "4711", 2)
    whole = json.loads(call.parameters[3])
    assert (whole["document"], whole["places"][0]["terms"]) == ("company", "Net 30")
    assert set(partition.orders) == {"event-1"}


@pytest.mark.parametrize(("event", "noun"), [(person(), "customers"), (company(), "companies")])
def test_people_this_site_does_not_take_are_refused(
    event: Event, noun: str, tmp_path: Path
) -> None:
    """With the table that would let them in, and the rule that would not send them."""
    refuse = PeopleSettings("refuse")
    told = replace(settings(), customers=refuse, companies=refuse)

    async def scenario(house: AgentHouse) -> None:
        sink = document_sinks(told, house.workers[Purpose.WRITE])
        with pytest.raises(Refused, match=f"takes no {noun}") as caught:
            await sink.write(event)
        assert f"[orders.{noun}]" in caught.value.hint

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


@pytest.mark.parametrize("name", sorted({*CUSTOMER_VALUES, *COMPANY_VALUES}))
def test_every_named_value_of_people_exists(name: str) -> None:
    """The closed lists and the documents agree."""
    for values, value, event in (
        (CUSTOMER_VALUES, customer_value, person()),
        (COMPANY_VALUES, company_value, company()),
    ):
        if name in values:
            assert value(event, name) is not None
        with pytest.raises(Permanent, match="is of the kind order and no"):
            value(order(1), name)


def test_a_value_of_a_person_that_does_not_fit_is_not_in_the_sentence(tmp_path: Path) -> None:
    """The parameter is named and how long the value is, not the e-mail address."""
    short = (Parameter("email", "char", length=5),)
    told = replace(
        settings(), customers=PeopleSettings("program_call", program=PROGRAM, parameters=short)
    )

    async def scenario(house: AgentHouse) -> None:
        sink = document_sinks(told, house.workers[Purpose.WRITE])
        with pytest.raises(Refused, match="email of the customer program holds") as caught:
            await sink.write(person())
        assert "kaethe" not in str(caught.value)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
