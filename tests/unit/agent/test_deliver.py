"""Documents reach the IBM i once, in order, each with a report."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import START, AgentHouse, agent_house, until
from towline_agent.ibmi.errors import InUse, Restricted, SignOnRefused, SiteFault
from towline_agent.policy import Policy
from towline_shared.codec import encode
from towline_shared.errors import Misconfigured, Permanent, Refused
from towline_shared.events import Delivered, Event, Order, OrderLine, Stock

LINE = OrderLine(
    line_gid="gid://shopify/LineItem/1", number=1, sku="10-4711", title="Bolt", quantity=2,
    unit_price=Decimal("5.00"), discount=Decimal("0.00"), total=Decimal("10.00"),
)  # fmt: skip
ORDER = Order(
    order_gid="gid://shopify/Order/1", name="#1001", placed_at="2026-11-23T09:00:00+01:00",
    currency="EUR", taxes_included=True, lines=(LINE,), shipping=(), payments=(),
    lines_total=Decimal("10.00"), shipping_total=Decimal("0.00"), tax_total=Decimal("1.60"),
    adjustment=Decimal("0.00"), total=Decimal("10.00"),
)  # fmt: skip


def order(number: int) -> Event:
    gid = f"gid://shopify/Order/{number}"
    body = replace(ORDER, order_gid=gid, name=f"#{1000 + number}")
    return Event(f"event-{number}", gid, "shopify:orders/create", START, body)


def arrive(house: AgentHouse, *events: Event) -> None:
    house.receive(*((each.id, each.entity, each.key, encode(each)) for each in events))


def reports(house: AgentHouse) -> list[tuple[str, str, str]]:
    return [
        (event.body.event_id, event.body.outcome, event.body.reason)
        for event in house.events("results")
        if isinstance(event.body, Delivered)
    ]


async def run_until(house: AgentHouse, count: int) -> None:
    delivery = house.delivery()
    task = asyncio.create_task(delivery.run())
    await until(lambda: len(reports(house)) >= count)
    delivery.stop()
    await task


def test_each_document_is_written_and_reported(tmp_path: Path) -> None:
    """Two orders become two transactions and two reports, in order."""
    with agent_house(tmp_path) as house:
        arrive(house, order(1), order(2))
        asyncio.run(run_until(house, 2))
        assert list(house.partition.orders) == ["event-1", "event-2"]
        assert reports(house) == [("event-1", "written", ""), ("event-2", "written", "")]


def test_a_crash_after_the_effect_finds_it_already_there(tmp_path: Path) -> None:
    """The event id is the key of the transaction, so a repetition writes nothing."""
    with agent_house(tmp_path) as house:
        arrive(house, order(1))
        house.partition.orders["event-1"] = ORDER
        asyncio.run(run_until(house, 1))
        assert reports(house) == [("event-1", "already there", "")]


def test_a_locked_record_is_waited_for_before_anything_behind_it(tmp_path: Path) -> None:
    """Order is kept: the second document is not tried while the first one waits."""

    async def scenario(house: AgentHouse) -> None:
        arrive(house, order(1), order(2))
        house.partition.failures["apply_order"] = [
            InUse("WEBORDH is in use by 123456/KESSLER/QPADEV0007."),
            Restricted("The system is in restricted state."),
        ]
        delivery = house.delivery()
        task = asyncio.create_task(delivery.run())
        await until(lambda: "KESSLER" in delivery.state.waiting)
        house.pace.tick()
        await until(lambda: "restricted" in delivery.state.waiting)
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: len(reports(house)) == 2)
        assert list(house.partition.orders) == ["event-1", "event-2"]
        assert delivery.state.waiting == ""
        delivery.stop()
        await task

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_refused_document_is_reported_and_the_next_one_flows(tmp_path: Path) -> None:
    """A value that does not fit is the ERP's no, with its sentence."""
    with agent_house(tmp_path) as house:
        arrive(house, order(1), order(2))
        house.partition.failures["apply_order"] = [Refused("TITLE does not fit CHAR(40).")]
        asyncio.run(run_until(house, 2))
        assert reports(house)[0] == ("event-1", "refused", "TITLE does not fit CHAR(40).")
        assert list(house.partition.orders) == ["event-2"]


@pytest.mark.parametrize(
    "fault",
    [
        SignOnRefused("CWBSY0003: the password has expired."),
        Misconfigured("CWBCO1050: the certificate is not trusted."),
        SiteFault("SQL0551: not authorised to object WEBORDL in TOWLINE."),
    ],
)
def test_a_fault_of_the_site_refuses_no_order(fault: Permanent, tmp_path: Path) -> None:
    """An expired password would refuse every order of the night; they wait for a person instead."""

    async def scenario(house: AgentHouse) -> None:
        arrive(house, order(1), order(2))
        house.partition.failures["apply_order"] = [fault]
        delivery = house.delivery()
        task = asyncio.create_task(delivery.run())
        await until(lambda: delivery.state.waiting == str(fault))
        assert reports(house) == []
        house.pace.tick()
        await until(lambda: len(reports(house)) == 2)
        assert [outcome for _, outcome, _ in reports(house)] == ["written", "written"]
        delivery.stop()
        await task

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_document_nobody_can_read_is_refused_with_its_sentence(tmp_path: Path) -> None:
    """Broken text does not stop the stream and is reported under the id it came with."""
    with agent_house(tmp_path) as house:
        house.receive(("event-9", "order", "gid://shopify/Order/9", '{"v": 99}'))
        asyncio.run(run_until(house, 1))
        ((event_id, outcome, reason),) = reports(house)
        assert (event_id, outcome) == ("event-9", "refused")
        assert "version 99" in reason


def test_a_document_of_another_kind_is_refused(tmp_path: Path) -> None:
    """An agent applies orders; anything else is said, not guessed at."""
    with agent_house(tmp_path) as house:
        stray = Event("event-3", "k", "relay", START, Delivered("x", "written"))
        arrive(house, stray)
        asyncio.run(run_until(house, 1))
        assert "this agent applies orders" in reports(house)[0][2]


def test_stopping_leaves_what_waits_in_the_inbox(tmp_path: Path) -> None:
    """A stop ends the wait at once; the next start tries the document again."""

    async def scenario(house: AgentHouse) -> None:
        arrive(house, order(1))
        house.partition.failures["apply_order"] = [InUse("locked")]
        delivery = house.delivery()
        task = asyncio.create_task(delivery.run())
        await until(lambda: delivery.state.waiting == "locked")
        delivery.stop()
        await task
        assert reports(house) == []
        await house.restart()
        await run_until(house, 1)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert reports(house) == [("event-1", "written", "")]


def test_what_the_site_does_not_allow_is_refused_reported_and_counted(tmp_path: Path) -> None:
    """An order of a site that takes none, a fact that is none of its business, a stranger."""

    async def scenario(house: AgentHouse) -> None:
        stock = Event("event-2", "A", "relay", START, Stock("A", "001"))
        arrive(house, order(1), stock)
        house.receive(("event-3", "sql", "k", '{"v":1,"entity":"sql"}'), first=3)
        policy = Policy(frozenset({"TOWLINE"}), documents=frozenset({"customer"}))
        delivery = house.delivery(policy=policy)
        task = asyncio.create_task(delivery.run())
        await until(lambda: len(reports(house)) == 3)
        delivery.stop()
        await task
        assert {outcome for _, outcome, _ in reports(house)} == {"refused"}
        assert "'order' are outside this site's policy" in reports(house)[0][2]
        assert "'stock' are outside this site's policy" in reports(house)[1][2]
        assert house.partition.orders == {}
        assert (delivery.state.outside, delivery.state.outside_at) == (3, START)
        assert "sql" in delivery.state.outside_last

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
