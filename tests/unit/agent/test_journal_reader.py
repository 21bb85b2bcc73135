"""Journal changes walk the outbox's way: current rows, one commit with the progress, no loss."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import AgentHouse, agent_house, until
from tests.support.fake_ibmi import ABOUT
from tests.support.journal_site import JOURNAL, PRICE_FILE, FakeJournal
from towline_agent.calendar import Quiet, Work
from towline_agent.config_journal import JournalSettings
from towline_agent.courtesy.reload import asked_reloads
from towline_agent.gate import Gate
from towline_agent.ibmi.errors import LinkLost, PositionLost
from towline_agent.journal_reader import JournalReader
from towline_agent.journal_wish import ask_restart, restart_asked
from towline_agent.sources.second_look import Published
from towline_agent.sources.snapshot import DONE
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Price, Unreadable

SETTINGS = JournalSettings(
    name=JOURNAL, poll_s=5.0, settle_s=5.0, on_lost="stop", batch=100, files=(PRICE_FILE,)
)
ALL = frozenset({"item", "price", "stock", "order_result", "shipment"})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AgentHouse]:
    """A house whose partition journals its prices."""
    with agent_house(tmp_path) as made:
        made.partition.receivers = FakeJournal()
        yield made


def journal(house: AgentHouse) -> FakeJournal:
    assert house.partition.receivers is not None
    return house.partition.receivers


def set_price(house: AgentHouse, sku: str, price: int, *, cycle: int = 0) -> None:
    """Change a price as a program does; the journal tells of it."""
    house.partition.rows["price"][(sku,)] = [
        {"SKU": sku.ljust(15), "PRICE": Decimal(price), "CURRENCY": "EUR"}
    ]
    journal(house).price(sku, cycle=cycle, rrn=len(sku) + price, price=price + 1)


async def settled(house: AgentHouse, reader: JournalReader) -> None:
    """Look, let the settle delay pass, and read."""
    await reader.round()
    house.clock.advance(5)
    await reader.round()


def told(house: AgentHouse) -> list[str]:
    return [event.key for event in house.events()]


def reloads(house: AgentHouse) -> set[str]:
    return set(asked_reloads(house.folder, ALL))


def test_the_journal_says_which_and_the_file_says_what(house: AgentHouse) -> None:
    """Two changes of one price are one event with the current row, named by the newest entry."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        await reader.round()
        set_price(house, "A", 7)
        set_price(house, "A", 8)
        await settled(house, reader)
        (event,) = house.events()
        assert isinstance(event.body, Price)
        assert event.body.row["PRICE"] == Decimal(8)
        assert event.origin == "ibmi:DISTLIB/ITMPRC"
        assert event.origin_time == journal(house).entries[-1].at
        state = reader.state
        assert (state.position, state.behind) == ("DISTLIB/R0001 5", 0)
        assert (state.written.events, state.trouble, state.lost) == (1, "", "")

    asyncio.run(scenario())


def test_what_was_told_is_handed_on_for_a_second_look(house: AgentHouse) -> None:
    """Rows are read as they are now, perhaps uncommitted; no entry need tell of a rollback."""

    async def scenario() -> None:
        seen: list[Published] = []
        reader = house.journal_reader(SETTINGS, published=seen.extend)
        await reader.round()
        set_price(house, "A", 7)
        await settled(house, reader)
        (one,) = seen
        assert (one.entity, one.key, one.source) == ("price", ("A",), "DISTLIB/ITMPRC")
        assert one.fact == house.events()[0].id

    asyncio.run(scenario())


def test_nothing_is_read_before_it_has_settled(house: AgentHouse) -> None:
    """An entry in sight for less than the delay waits; the page is asked for only then."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        await reader.round()
        set_price(house, "A", 7)
        await reader.round()
        house.clock.advance(4.9)
        await reader.round()
        assert told(house) == []
        house.clock.advance(0.1)
        await reader.round()
        assert told(house) == ["A"]

    asyncio.run(scenario())


def test_a_restart_repeats_nothing_and_loses_no_open_transaction(house: AgentHouse) -> None:
    """Progress and events are one commit; what a transaction held is read again from its start."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        await reader.round()
        cycle = journal(house).begin()
        set_price(house, "HELD", 1, cycle=cycle)
        set_price(house, "TOLD", 2)
        await settled(house, reader)
        assert told(house) == ["TOLD"]
        assert reader.state.open_cycles == 1
        assert reader.state.open_since == journal(house).entries[3].at
        await house.restart()
        journal(house).end(cycle)
        reader = house.journal_reader(SETTINGS)
        await settled(house, reader)
        await house.restart()
        await settled(house, house.journal_reader(SETTINGS))
        assert told(house) == ["TOLD", "HELD"]

    asyncio.run(scenario())


def test_a_failure_in_the_middle_gives_the_same_events_again(house: AgentHouse) -> None:
    """The rows could not be read: the progress stands, and the next round begins there."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        task = asyncio.create_task(reader.run())
        await until(lambda: bool(house.pace.rests))
        set_price(house, "A", 1)
        house.partition.failures["rows"] = [LinkLost("The line broke.")]
        for _ in range(2):
            house.clock.advance(5)
            rests = len(house.pace.rests)
            house.pace.tick()
            await house.rested(rests + 1)
        assert reader.state.trouble == "The line broke."
        assert told(house) == []
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: told(house) == ["A"])
        await until(lambda: reader.state.trouble == "")
        assert house.pace.rests[0] == 5.0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


def test_reading_begins_at_the_newest_entry_before_anything_is_loaded(house: AgentHouse) -> None:
    """The initial load waits for the position; what was loaded before is loaded once more."""

    async def scenario() -> None:
        set_price(house, "OLD", 1)
        house.partition.failures["journal"] = [Retryable("locked")]
        reader = house.journal_reader(SETTINGS)
        with pytest.raises(Retryable):
            await reader.round()
        assert not reader.positioned.is_set()
        await settled(house, reader)
        assert reader.positioned.is_set()
        assert (told(house), reloads(house)) == ([], set())

    asyncio.run(scenario())


def test_a_site_that_changes_from_triggers_to_the_journal_loads_once_more(
    house: AgentHouse,
) -> None:
    """Between the last trigger and the first position a change may have fallen."""

    async def scenario() -> None:
        house.buffer.remember("snapshot:price", DONE).result()
        house.buffer.remember("snapshot:item", DONE).result()
        await house.journal_reader(SETTINGS).round()
        assert reloads(house) == {"price"}

    asyncio.run(scenario())


def test_a_lost_position_stops_loudly_until_a_person_decides(house: AgentHouse) -> None:
    """Nothing is guessed: one sentence, no reading; after the restart all is loaded anew."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        task = asyncio.create_task(reader.run())
        await until(lambda: len(house.pace.rests) == 1)
        journal(house).change_receiver()
        journal(house).gone.add("R0001")
        house.clock.advance(5)
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 2)
        house.clock.advance(5)
        house.pace.tick()
        await until(lambda: bool(reader.state.lost))
        assert "DISTLIB/DISTJRN can't be read on" in reader.state.lost
        assert "CPF9801" in reader.state.lost
        await until(lambda: len(house.pace.rests) == 3)
        asked = house.partition.calls.count("journal")
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 4)
        assert house.partition.calls.count("journal") == asked
        assert reloads(house) == set()
        ask_restart(house.folder, house.clock.now())
        house.pace.tick()
        await until(lambda: not reader.state.lost)
        await until(lambda: len(house.pace.rests) == 5)
        assert reloads(house) == {"price"}
        assert not restart_asked(house.folder)
        set_price(house, "A", 1)
        for count in (6, 7):
            house.clock.advance(5)
            house.pace.tick()
            await house.rested(count)
        assert told(house) == ["A"]
        assert "a person asked for it; price is loaded again" in reader.state.notes[-1]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


def test_a_lost_position_is_lost_after_a_restart_too(house: AgentHouse) -> None:
    """The old position stays until somebody decides, or the settings say reload."""

    async def scenario() -> None:
        await settled(house, house.journal_reader(SETTINGS))
        journal(house).change_receiver()
        journal(house).gone.add("R0001")
        await house.restart()
        reader = house.journal_reader(SETTINGS)
        with pytest.raises(PositionLost):
            await settled(house, reader)
        await house.restart()
        reader = house.journal_reader(replace(SETTINGS, on_lost="reload"))
        task = asyncio.create_task(reader.run())
        for count in (1, 2, 3, 4):
            await house.rested(count)
            house.clock.advance(5)
            house.pace.tick()
        await until(lambda: reader.state.position.startswith("DISTLIB/R0002"))
        assert reloads(house) == {"price"}
        assert "its position was lost" in reader.state.notes[-1]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


def test_on_another_partition_the_position_is_void(house: AgentHouse) -> None:
    """After a role swap receivers and numbers mean something else: loud, not silently wrong."""

    async def scenario() -> None:
        await settled(house, house.journal_reader(SETTINGS))
        house.partition.about = replace(ABOUT, serial="9999999")
        with pytest.raises(PositionLost, match="The partition is 9999999/"):
            await house.journal_reader(SETTINGS).round()

    asyncio.run(scenario())


def test_a_cleared_file_asks_for_a_load_and_tells_no_delete(house: AgentHouse) -> None:
    """The shop keeps its figures; what comes back into the file is read."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        await reader.round()
        journal(house).add("CR", code="F")
        await settled(house, reader)
        assert told(house) == []
        assert reloads(house) == {"price"}
        assert "DISTLIB/ITMPRC was cleared (CLRPFM)" in reader.state.notes[0]

    asyncio.run(scenario())


def test_a_failing_select_holds_the_journal_at_its_entry(house: AgentHouse) -> None:
    """No outbox keeps the rows of a broken entity, so the position must not pass them."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        await reader.round()
        set_price(house, "A", 1)
        house.partition.failures["rows"] = [Permanent("SQL0206: column IPPRC not found.")]
        with pytest.raises(Permanent, match=r"The journal waits, because the SELECT of price"):
            await settled(house, reader)
        await house.restart()
        await settled(house, house.journal_reader(SETTINGS))
        assert told(house) == ["A"]

    asyncio.run(scenario())


def test_changes_nobody_can_read_are_told(house: AgentHouse) -> None:
    """A delete without image and a blank key become Unreadable with their sentences."""

    async def scenario() -> None:
        reader = house.journal_reader(SETTINGS)
        await reader.round()
        journal(house).add("DL", rrn=77)
        set_price(house, "", 1)
        await settled(house, reader)
        first, second = (event.body for event in house.events())
        assert isinstance(first, Unreadable)
        assert isinstance(second, Unreadable)
        assert first.entity == "price"
        assert "without its image" in first.reason
        assert "blank or missing key" in second.reason
        assert reader.state.written.unreadable == 2

    asyncio.run(scenario())


def test_a_huge_commit_is_written_in_parts_and_waits_at_the_gate(house: AgentHouse) -> None:
    """1,200 keys of one transaction: three commits, the progress with the last one only."""

    async def scenario() -> None:
        reader = house.journal_reader(replace(SETTINGS, batch=10_000))
        await reader.round()
        cycle = journal(house).begin()
        for number in range(1200):
            set_price(house, f"SKU{number:04d}", 1, cycle=cycle)
        journal(house).end(cycle)
        before = house.buffer.position(f"journal:{JOURNAL}").result()
        house.partition.calls.clear()
        await reader.round()
        house.clock.advance(5)
        task = asyncio.create_task(reader.round())
        await until(lambda: bool(house.pace.rests))
        assert len(told(house)) == 1000
        assert house.buffer.position(f"journal:{JOURNAL}").result() == before
        house.ack_all()
        house.pace.tick()
        await task
        assert house.buffer.position(f"journal:{JOURNAL}").result() != before
        assert told(house) == [f"SKU{number:04d}" for number in range(1200)]
        assert house.partition.calls.count("rows") == 3

    house.gate = Gate(house.buffer, most_events=1000)
    asyncio.run(scenario())


def test_pages_follow_one_another_within_a_round(house: AgentHouse) -> None:
    """A backlog is read page by page at once, not one page every poll interval."""

    async def scenario() -> None:
        reader = house.journal_reader(replace(SETTINGS, batch=4))
        await reader.round()
        for number in range(1, 10):
            set_price(house, f"SKU{number}", number)
        await settled(house, reader)
        assert told(house) == [f"SKU{number}" for number in range(1, 10)]

    asyncio.run(scenario())


def test_quiet_hours_are_kept(house: AgentHouse) -> None:
    """While reading rests the journal is not asked; the receivers keep everything."""

    class Night:
        def now(self, what: Work) -> Quiet | None:
            return Quiet(what, "night")

        async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
            return True

    async def scenario() -> None:
        house.quiet = Night()
        await house.journal_reader(SETTINGS).round()
        assert house.partition.calls == []

    asyncio.run(scenario())
