"""The other ways in: a queue entry and a program call say the same as the staging tables."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import START, AgentHouse, agent_house
from tests.unit.agent.test_deliver import ORDER, order
from towline_agent.config_formats import ORDER_VALUES, Parameter
from towline_agent.ibmi.port import Applied, Purpose, QueueName
from towline_agent.policy import ProgramName
from towline_agent.sinks.data_queue import OrderQueue
from towline_agent.sinks.documents import order_value
from towline_agent.sinks.program_call import DocumentProgram, fitted
from towline_shared.errors import Refused
from towline_shared.events import Event

QUEUE = QueueName("TOWLINE", "WEBORD")


def test_an_order_becomes_one_json_entry_with_its_event_id(tmp_path: Path) -> None:
    """The entry begins with the event id, amounts are text, letters are UTF-8."""

    async def scenario(house: AgentHouse) -> None:
        sink = OrderQueue(house.workers[Purpose.WRITE], QUEUE, ccsid=1208)
        event = replace(order(1), body=replace(ORDER, customer_name="Käthe Grün"))
        assert await sink.write(event) is Applied.WRITTEN

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        (entry,) = house.partition.queues[str(QUEUE)]
        assert entry.data.startswith(b'{"event_id":"event-1"')
        document = json.loads(entry.data)
        assert document["total"] == "10.00"
        assert document["customer_name"] == "Käthe Grün"
        assert document["lines"][0]["sku"] == "10-4711"


def test_a_letter_the_queues_ccsid_lacks_is_refused(tmp_path: Path) -> None:
    """Nothing is replaced; the sentence names the way out and not the letter."""

    async def scenario(house: AgentHouse) -> None:
        sink = OrderQueue(house.workers[Purpose.WRITE], QUEUE, ccsid=37)
        event = replace(order(1), body=replace(ORDER, customer_name="Łukasz"))
        with pytest.raises(Refused, match="CCSID 37 does not have") as caught:
            await sink.write(event)
        assert "Łukasz" not in str(caught.value)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert not house.partition.queues[str(QUEUE)]


def test_a_program_gets_its_values_in_order(tmp_path: Path) -> None:
    """Positional, typed, from the closed list."""

    async def scenario(house: AgentHouse) -> None:
        sink = DocumentProgram(
            house.workers[Purpose.WRITE],
            ProgramName("DISTLIB", "WEBORD"),
            parameters=[
                Parameter("event_id", "char", length=64),
                Parameter("total", "packed", digits=11, decimals=2),
                Parameter("line_count", "integer"),
            ],
            value=order_value,
        )
        assert await sink.write(order(1)) is Applied.WRITTEN

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        (call,) = house.partition.programs
        assert (call.library, call.program) == ("DISTLIB", "WEBORD")
        assert call.parameters == ("event-1", Decimal("10.00"), 1)


@pytest.mark.parametrize(
    ("parameter", "value", "why"),
    [
        (Parameter("name", "char", length=3), "#1001", "3 characters"),
        (Parameter("total", "packed", digits=5, decimals=2), Decimal("1000.00"), "5 digits"),
        (Parameter("total", "packed", digits=5, decimals=2), Decimal("1.005"), "2 decimals"),
        (Parameter("name", "packed", digits=5), "#1001", "a number"),
        (Parameter("total", "integer"), Decimal("1.50"), "a whole number"),
    ],
)
def test_what_does_not_fit_a_parameter_is_refused(
    parameter: Parameter, value: str | Decimal, why: str
) -> None:
    """Nothing is cut or rounded, and the value is not repeated."""
    with pytest.raises(Refused, match=why) as caught:
        fitted(parameter, value)
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize("name", ORDER_VALUES)
def test_every_named_value_exists(name: str) -> None:
    """The closed list and the document agree."""
    event = Event("event-1", ORDER.order_gid, "shopify:orders/create", START, ORDER)
    assert order_value(event, name) is not None
