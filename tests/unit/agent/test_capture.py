"""The outbox becomes events: once, in order, without losing a row that commits late."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import ORIGIN, AgentHouse, agent_house, until
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.port import Purpose, Unread
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import OrderResult, Price, Shipment, Stock, Unreadable


def skus(house: AgentHouse) -> list[str]:
    return [event.key for event in house.events()]


def test_the_current_row_travels_not_the_history(tmp_path: Path) -> None:
    """Three changes of one price become one event: the newest row image and outbox row count."""
    with agent_house(tmp_path) as house:
        house.partition.set_price(1, "10-4711", Decimal("9.90"))
        house.partition.set_price(2, "10-4711", Decimal("9.95"))
        house.partition.set_price(3, "10-4711", Decimal("10.00"))
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        (event,) = house.events()
        assert isinstance(event.body, Price)
        assert event.body.row["PRICE"] == Decimal("10.00")
        assert event.origin_time.endswith("000003")
        assert house.buffer.taken([1, 2, 3]).result() == {1, 2, 3}


def test_a_row_that_commits_late_with_a_lower_id_is_read(tmp_path: Path) -> None:
    """Id 5 becomes visible after id 6 was read; the next ordinary read finds it."""

    async def scenario(house: AgentHouse) -> None:
        capture = house.capture()
        house.partition.set_price(4, "A", 1)
        house.partition.set_price(6, "C", 3)
        await capture.read(ORIGIN, sweep=True)
        house.partition.set_price(5, "B", 2)
        await capture.read(ORIGIN, sweep=False)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert skus(house) == ["A", "C", "B"]


def test_a_row_that_commits_very_late_is_found_by_the_sweep(tmp_path: Path) -> None:
    """After the gap's patience an ordinary read looks only forward; the sweep starts at zero."""

    async def scenario(house: AgentHouse) -> None:
        capture = house.capture()
        house.partition.set_price(4, "A", 1)
        house.partition.set_price(6, "C", 3)
        await capture.read(ORIGIN, sweep=True)
        house.clock.advance(3600)
        house.partition.set_price(5, "B", 2)
        await capture.read(ORIGIN, sweep=False)
        assert skus(house) == ["A", "C"]
        await capture.read(ORIGIN, sweep=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert skus(house) == ["A", "C", "B"]


def test_a_restart_between_capture_and_ack_repeats_nothing(tmp_path: Path) -> None:
    """Rows that are in the buffer and still on the IBM i are known by id after kill -9."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        await house.capture().read(ORIGIN, sweep=True)
        await house.restart()
        house.partition.set_price(2, "B", 2)
        await house.capture().read(ORIGIN, sweep=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert skus(house) == ["A", "B"]


def test_a_crash_before_the_commit_gives_the_same_event_again(tmp_path: Path) -> None:
    """An event's id comes from the outbox row, so reading anew can't double a fact."""
    ids = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        with agent_house(tmp_path / folder) as house:
            house.partition.set_price(1, "A", 1)
            asyncio.run(house.capture().read(ORIGIN, sweep=True))
            ids.append(house.events()[0].id)
    assert ids[0] == ids[1]


def test_an_unreadable_cell_travels_and_the_rest_flows_on(tmp_path: Path) -> None:
    """One dirty price is one Unreadable with its bytes; its neighbours are prices."""
    with agent_house(tmp_path) as house:
        house.partition.set_price(1, "A", 1)
        house.partition.set_price(2, "B", Unread("4040404040", "SQL0802, blank decimal data."))
        house.partition.set_price(3, "C", 3)
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        kinds = [event.entity for event in house.events()]
        assert kinds == ["price", "unreadable", "price"]
        body = house.events()[1].body
        assert isinstance(body, Unreadable)
        assert (body.entity, body.keys, body.field, body.raw_hex) == (
            "price", ("B",), "PRICE", "4040404040",
        )  # fmt: skip
        assert house.buffer.taken([2]).result() == {2}


def test_a_key_without_a_row_is_gone(tmp_path: Path) -> None:
    """A deleted balance record becomes a fact, and the relay decides what it means."""
    with agent_house(tmp_path) as house:
        house.partition.change(1, "ITMBAL", "A", "001", operation="D")
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        assert house.events()[0].body == Stock("A", "001", gone=True)


def test_an_order_the_erp_has_not_decided_needs_no_event(tmp_path: Path) -> None:
    """A staging row that is still new is accounted for, deletable, and says nothing."""
    with agent_house(tmp_path) as house:
        gid = "gid://shopify/Order/1"
        house.partition.rows["order_result"][(gid,)] = [{"ORDER_GID": gid, "OUTCOME": "N"}]
        house.partition.change(1, "WEBORDH", gid, library="TOWLINE")
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        assert house.events("results") == []
        assert house.buffer.deletable(10).result() == [1]


def test_answers_of_the_erp_travel_in_their_own_stream(tmp_path: Path) -> None:
    """A decision and a shipment of several lines don't wait behind a price run."""
    gid = "gid://shopify/Order/1"
    line = {
        "SHIPMENT": "S00000001", "ORDER_GID": gid, "WAREHOUSE": "001", "CARRIER": "DHL",
        "TRACKING": "JJD0001", "SHIPPED_AT": "2026-11-23-09.00.00",
    }  # fmt: skip
    with agent_house(tmp_path) as house:
        house.partition.set_price(1, "A", 1)
        house.partition.rows["order_result"][(gid,)] = [
            {"ORDER_GID": gid.ljust(64), "OUTCOME": "A", "ERP_ORDER": Decimal(700123)}
        ]
        house.partition.change(2, "WEBORDH", gid, library="TOWLINE")
        house.partition.rows["shipment"][("S00000001",)] = [
            {**line, "LINE_GID": "gid://shopify/LineItem/1", "QUANTITY": Decimal(2)},
            {**line, "LINE_GID": "gid://shopify/LineItem/2", "QUANTITY": 1},
        ]
        house.partition.change(3, "SHPHDR", "S00000001")
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        result, shipment = house.events("results")
        assert isinstance(result.body, OrderResult)
        assert (result.body.outcome, result.body.erp_order) == ("accepted", "700123")
        assert isinstance(shipment.body, Shipment)
        assert [line.quantity for line in shipment.body.lines] == [2, 1]
        assert shipment.body.tracking == ("JJD0001",)
        assert shipment.key == gid
        assert skus(house) == ["A"]


def test_a_file_nobody_maps_is_said_and_cleared(tmp_path: Path) -> None:
    """A trigger without an entity makes one parked event per key, not a flood and not silence."""
    with agent_house(tmp_path) as house:
        house.partition.change(1, "CUSMST", "000123")
        house.partition.change(2, "CUSMST", "000123")
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        (event,) = house.events()
        assert isinstance(event.body, Unreadable)
        assert "DISTLIB/CUSMST has a trigger, but no entity" in event.body.reason
        assert house.buffer.taken([1, 2]).result() == {1, 2}


def test_a_blank_key_is_said(tmp_path: Path) -> None:
    """A record without its key can't be read again; the sentence names the columns."""
    with agent_house(tmp_path) as house:
        house.partition.change(1, "ITMBAL", "A", "   ")
        asyncio.run(house.capture().read(ORIGIN, sweep=True))
        body = house.events()[0].body
        assert isinstance(body, Unreadable)
        assert "SKU, WAREHOUSE" in body.reason


def test_a_failing_select_sets_one_entity_aside(tmp_path: Path) -> None:
    """Rows of the broken entity stay in the outbox; when it is mended the sweep reads them."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        house.partition.rows["stock"][("A", "001")] = [{"SKU": "A", "WAREHOUSE": "001"}]
        house.partition.change(2, "ITMBAL", "A", "001")
        house.partition.failures["rows"] = [Permanent("SQL0206: column IPPRC not found.")]
        capture = house.capture()
        await capture.read(ORIGIN, sweep=True)
        assert capture.state.faults == {"price": "SQL0206: column IPPRC not found."}
        assert [event.entity for event in house.events()] == ["stock"]
        assert house.buffer.taken([1, 2]).result() == {2}
        await capture.read(ORIGIN, sweep=True)
        assert capture.state.faults == {}
        assert [event.entity for event in house.events()] == ["stock", "price"]

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_locked_file_stalls_its_own_entity_only(tmp_path: Path) -> None:
    """A night batch holds the prices: stock flows on, and the lock is not waited for each time."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        house.partition.rows["stock"][("A", "001")] = [{"SKU": "A", "WAREHOUSE": "001"}]
        house.partition.change(2, "ITMBAL", "A", "001")
        house.partition.failures["rows"] = [InUse("SQL0913: ITMPRC is in use.")]
        capture = house.capture()
        await capture.read(ORIGIN, sweep=True)
        assert capture.state.faults == {"price": "SQL0913: ITMPRC is in use."}
        assert [event.entity for event in house.events()] == ["stock"]
        asked = house.partition.calls.count("rows")
        await capture.read(ORIGIN, sweep=True)
        assert house.partition.calls.count("rows") == asked
        assert capture.state.faults == {"price": "SQL0913: ITMPRC is in use."}
        house.clock.advance(5)
        await capture.read(ORIGIN, sweep=True)
        assert capture.state.faults == {}
        assert [event.entity for event in house.events()] == ["stock", "price"]

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_select_that_breaks_every_connection_stalls_its_own_entity_only(tmp_path: Path) -> None:
    """The first time it may be the line; after the second the others are read without it."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        house.partition.rows["stock"][("A", "001")] = [{"SKU": "A", "WAREHOUSE": "001"}]
        house.partition.change(2, "ITMBAL", "A", "001")
        capture = house.capture()
        for _ in range(2):
            house.partition.failures["rows"] = [LinkLost("SQL0901: SQL system error.")]
            with pytest.raises(LinkLost):
                await capture.read(ORIGIN, sweep=True)
            assert house.events() == []
            house.clock.advance(3)
        await capture.read(ORIGIN, sweep=True)
        assert [event.entity for event in house.events()] == ["stock"]
        house.clock.advance(5)
        await capture.read(ORIGIN, sweep=True)
        assert [event.entity for event in house.events()] == ["stock", "price"]

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_select_that_fails_in_passing_stalls_its_own_entity_only(tmp_path: Path) -> None:
    """A resource limit of one SELECT on a sound connection is no reason to read nothing."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        house.partition.rows["stock"][("A", "001")] = [{"SKU": "A", "WAREHOUSE": "001"}]
        house.partition.change(2, "ITMBAL", "A", "001")
        house.partition.failures["rows"] = [Retryable("SQL0904: a resource limit was reached.")]
        capture = house.capture()
        await capture.read(ORIGIN, sweep=True)
        assert [event.entity for event in house.events()] == ["stock"]
        assert house.workers[Purpose.READ].state.status == "up"

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_full_buffer_stops_reading_and_the_ibmi_keeps_the_rows(tmp_path: Path) -> None:
    """Between pages the gate is asked; what is left stays where it is and is swept up later."""

    async def scenario(house: AgentHouse) -> None:
        for number in range(1, 41):
            house.partition.set_price(number, f"SKU{number:02d}", number)
        capture = house.capture()
        task = asyncio.create_task(capture.run())
        await until(lambda: capture.state.paused)
        await until(lambda: len(house.pace.rests) == 1)
        assert len(house.events()) == 20
        assert len(house.partition.outbox) == 40
        reads = house.partition.calls.count("outbox")
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 2)
        assert house.partition.calls.count("outbox") == reads + 1  # forward only, no sweep
        house.ack_all()
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 3)
        house.ack_all()
        house.pace.tick()
        await until(lambda: not capture.state.paused and len(house.pace.rests) == 4)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert sorted(skus(house)) == [f"SKU{number:02d}" for number in range(1, 41)]

    with agent_house(tmp_path, most_events=20, batch=10) as house:
        asyncio.run(scenario(house))
        assert house.captured == 4


def test_answers_about_orders_pass_a_catalogue_that_is_full(tmp_path: Path) -> None:
    """Changes are held on the IBM i; the ERP's answer behind them is read at once all the same."""

    async def scenario(house: AgentHouse) -> None:
        for number in range(1, 21):
            house.partition.set_price(number, f"SKU{number:02d}", number)
        capture = house.capture()
        task = asyncio.create_task(capture.run())
        await until(lambda: capture.state.held == ("changes",))
        answer = {"ORDER_GID": "gid://shopify/Order/1", "OUTCOME": "A", "ERP_ORDER": "4711"}
        house.partition.rows["order_result"][(answer["ORDER_GID"],)] = [dict(answer)]
        house.partition.change(21, "WEBORDH", answer["ORDER_GID"], operation="I", library="TOWLINE")
        capture.wake()
        await until(lambda: len(house.events("results")) == 1)
        assert len(house.events()) == 10
        house.ack_all()
        capture.wake()
        await until(lambda: len(house.events()) == 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path, most_events=10, batch=10) as house:
        asyncio.run(scenario(house))


def test_changes_pass_answers_that_nobody_takes(tmp_path: Path) -> None:
    """The other way round: each stream is held for itself, and a row of the other is not lost."""

    async def scenario(house: AgentHouse) -> None:
        for number in (1, 2, 3):
            gid = f"gid://shopify/Order/{number}"
            answer = {"ORDER_GID": gid, "OUTCOME": "A", "ERP_ORDER": str(number)}
            house.partition.rows["order_result"][(gid,)] = [answer]
            house.partition.change(number, "WEBORDH", gid, operation="I", library="TOWLINE")
        for number in range(4, 7):
            house.partition.set_price(number, f"SKU{number:02d}", number)
        capture = house.capture()
        task = asyncio.create_task(capture.run())
        await until(lambda: capture.state.held == ("results",) and len(house.events()) == 3)
        assert len(house.events("results")) == 2
        assert not capture.state.paused
        house.ack_all()
        capture.wake()
        await until(lambda: len(house.events("results")) == 3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path, most_events=8, batch=2) as house:
        asyncio.run(scenario(house))


def test_the_loop_reads_on_a_ring_and_outlives_a_lost_link(tmp_path: Path) -> None:
    """No polling while quiet: one read at the start, one at the ring, although the link broke."""

    async def scenario(house: AgentHouse) -> None:
        capture = house.capture()
        task = asyncio.create_task(capture.run())
        await until(lambda: bool(house.pace.rests))
        assert house.partition.calls.count("outbox") == 1
        assert house.pace.rests == [60.0]
        house.partition.failures["outbox"] = [LinkLost("The line broke.")]
        house.partition.set_price(1, "A", 1)
        capture.wake()
        await until(lambda: capture.state.trouble == "The line broke.")
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: skus(house) == ["A"])
        await until(lambda: capture.state.trouble == "")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_after_a_ring_the_loop_looks_again_for_the_commit(tmp_path: Path) -> None:
    """The doorbell rings at the write and the row shows at the commit: it looks a few times."""

    async def scenario(house: AgentHouse) -> None:
        capture = house.capture()
        task = asyncio.create_task(capture.run())
        await until(lambda: len(house.pace.rests) == 1)
        capture.wake()
        await until(lambda: len(house.pace.rests) == 2)
        house.partition.set_price(1, "A", 1)
        house.pace.tick()
        await until(lambda: skus(house) == ["A"])
        for rests in range(3, 9):
            await house.rested(rests)
            house.pace.tick()
        await until(lambda: len(house.pace.rests) == 9)
        assert house.pace.rests[1:] == [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
