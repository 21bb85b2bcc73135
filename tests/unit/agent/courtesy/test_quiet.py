"""Calendar, signs and pauses together, as the loops meet them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from tests.support.agent_house import START, AgentHouse, agent_house, until
from towline_agent.calendar import Calendar, Weekdays, Window, Work
from towline_agent.courtesy.pause import PAUSE_FILE, Pause, save_pauses
from towline_agent.courtesy.quiet import QuietHours
from towline_agent.courtesy.signals import DataArea, JobActive, Signal
from towline_agent.ibmi.errors import LinkLost, Restricted
from towline_agent.ibmi.port import Purpose

READ = frozenset({Work.READ})
CLOSE = Signal("daily close", READ, DataArea("DISTLIB", "NIGHTRUN", "Y"))
BILLING = Signal("billing", frozenset({Work.WRITE}), JobActive("BILLRUN"))


def quiet_hours(
    house: AgentHouse, *signals: Signal, calendar: Calendar | None = None
) -> QuietHours:
    return QuietHours(
        calendar=calendar or Calendar(), signals=signals, ask_s=30, folder=house.folder,
        reader=house.workers[Purpose.READ], clock=house.clock, pace=house.pace,
    )  # fmt: skip


def test_a_data_area_and_a_job_make_it_quiet(tmp_path: Path) -> None:
    """Each sign rests its own work while it stands, and says which sign it is."""

    async def scenario(house: AgentHouse) -> None:
        quiet = quiet_hours(house, CLOSE, BILLING)
        house.partition.data_areas["DISTLIB/NIGHTRUN"] = "Y"
        await quiet.ask()
        found = quiet.now(Work.READ)
        assert found is not None
        assert found.name == "daily close (data area DISTLIB/NIGHTRUN)"
        assert found.until is None
        assert quiet.now(Work.WRITE) is None
        house.partition.data_areas["DISTLIB/NIGHTRUN"] = "N"
        house.partition.active_jobs.add("BILLRUN")
        await quiet.ask()
        assert quiet.now(Work.READ) is None
        assert quiet.now(Work.WRITE) is not None

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_before_the_first_answer_it_is_quiet(tmp_path: Path) -> None:
    """An agent that starts in the middle of the nightly batch keeps still until it has asked."""
    with agent_house(tmp_path) as house:
        quiet = quiet_hours(house, CLOSE)
        assert quiet.now(Work.READ) is not None
        assert quiet.now(Work.WRITE) is None


def test_a_question_that_fails_counts_as_not_quiet(tmp_path: Path) -> None:
    """A deleted data area never stops the business; the page says that nobody knows."""

    async def scenario(house: AgentHouse) -> None:
        quiet = quiet_hours(house, CLOSE)
        await quiet.ask()
        assert quiet.now(Work.READ) is None
        ((name, sentence),) = quiet.state.faults.items()
        assert name == "data area DISTLIB/NIGHTRUN"
        assert "CPF1015" in sentence
        house.partition.data_areas["DISTLIB/NIGHTRUN"] = "N"
        await quiet.ask()
        assert quiet.state.faults == {}

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_in_restricted_state_the_last_answer_holds(tmp_path: Path) -> None:
    """A save in the middle of the batch doesn't end the batch."""

    async def scenario(house: AgentHouse) -> None:
        quiet = quiet_hours(house, CLOSE)
        house.partition.data_areas["DISTLIB/NIGHTRUN"] = "Y"
        await quiet.ask()
        house.partition.failures["data_area"] = [Restricted("Full save.")]
        await quiet.ask()
        assert quiet.now(Work.READ) is not None
        house.clock.advance(60)
        house.partition.failures["data_area"] = [LinkLost("The line broke.")]
        await quiet.ask()
        assert quiet.now(Work.READ) is None

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_signs_are_asked_rarely_and_pauses_seen_soon(tmp_path: Path) -> None:
    """Within thirty seconds the partition is asked once, while the file is looked at each turn."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.data_areas["DISTLIB/NIGHTRUN"] = "N"
        quiet = quiet_hours(house, CLOSE)
        task = asyncio.create_task(quiet.run())
        await until(lambda: len(house.pace.rests) == 1)
        save_pauses(house.folder, {Work.WRITE: Pause(START)})
        house.clock.advance(2)
        house.pace.tick()
        await until(lambda: quiet.now(Work.WRITE) is not None)
        assert house.partition.calls.count("data_area") == 1
        house.clock.advance(30)
        house.pace.tick()
        await until(lambda: house.partition.calls.count("data_area") == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_pause_is_known_at_once_after_a_restart(tmp_path: Path) -> None:
    """The file is read before the first loop asks; a damaged one pauses nothing and is told."""
    with agent_house(tmp_path) as house:
        save_pauses(house.folder, {Work.READ: Pause(START, START + timedelta(hours=1))})
        quiet = quiet_hours(house)
        assert quiet.now(Work.READ) is not None
        assert [each.what for each in quiet.state.paused] == [Work.LOAD, Work.READ]
        house.clock.advance(3600)
        assert quiet.now(Work.READ) is None
        (house.folder / PAUSE_FILE).write_text("{")
        assert quiet_hours(house).now(Work.READ) is None
        assert "nothing is paused" in quiet_hours(house).state.faults["pause"]


def test_a_rest_ends_with_the_window_and_with_a_stop(tmp_path: Path) -> None:
    """A loop rests in short steps, the last one up to the very end; ``wake`` ends it early."""
    days = (Weekdays(frozenset(range(7))),)
    calendar = Calendar(UTC, (Window("night", READ, days, time(8, 0), time(8, 1)),))

    async def scenario(house: AgentHouse) -> None:
        quiet = quiet_hours(house, calendar=calendar)
        resting = asyncio.create_task(quiet.rest(Work.READ))
        await until(lambda: len(house.pace.rests) == 1)
        house.pace.tick()
        assert await resting
        house.clock.advance(58)
        stop = asyncio.Event()
        stop.set()
        assert await quiet.rest(Work.READ, stop)
        assert house.pace.rests == [5.0, 2.0]
        house.clock.advance(2)
        assert not await quiet.rest(Work.READ)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_the_reading_connection_is_let_go_once(tmp_path: Path) -> None:
    """As the rest begins the connection is closed: a half-open cursor would fail a RGZPFM."""
    calendar = Calendar(
        UTC,
        (Window("night", READ, (Weekdays(frozenset(range(7))),), time(8, 1), time(8, 30)),),
    )

    async def scenario(house: AgentHouse) -> None:
        reader = house.workers[Purpose.READ]
        await reader.call(lambda ibmi: ibmi.describe())
        quiet = quiet_hours(house, calendar=calendar)
        task = asyncio.create_task(quiet.run())
        await until(lambda: len(house.pace.rests) == 1)
        assert reader._connection is not None
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: reader._connection is None)
        await until(lambda: len(house.pace.rests) == 2)
        await reader.call(lambda ibmi: ibmi.describe())
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 3)
        assert reader._connection is not None  # a sign may be asked; that leaves no cursors
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_the_longest_cause_is_told(tmp_path: Path) -> None:
    """A pause until ten and a window until noon are a rest until noon."""
    days = (Weekdays(frozenset(range(7))),)
    calendar = Calendar(UTC, (Window("morning", READ, days, time(7), time(12)),))
    with agent_house(tmp_path) as house:
        save_pauses(house.folder, {Work.READ: Pause(START, START + timedelta(hours=2))})
        found = quiet_hours(house, calendar=calendar).now(Work.READ)
        assert found is not None
        assert (found.name, found.until) == ("morning", datetime(2026, 11, 23, 12, tzinfo=UTC))
        save_pauses(house.folder, {Work.READ: Pause(START)})
        found = quiet_hours(house, calendar=calendar).now(Work.READ)
        assert found is not None
        assert found.until is None
