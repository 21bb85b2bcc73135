"""The fuse measures on the reading connection, never in quiet hours, and outlives refusals."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.agent_house import WEBPRICE, AgentHouse, agent_house, until
from towline_agent.calendar import Quiet, Work
from towline_agent.courtesy.fuse import FuseLimits
from towline_agent.courtesy.gauge import Gauge
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.port import Purpose
from towline_shared.errors import Permanent
from towline_shared.health import Status


def gauge(house: AgentHouse, quiet: Rests = NEVER_QUIET) -> Gauge:
    return Gauge(
        queues=[WEBPRICE], limits=FuseLimits(outbox_rows=10), clock=house.clock, pace=house.pace,
        reader=house.workers[Purpose.READ], quiet=quiet,
    )  # fmt: skip


def test_outbox_and_queues_are_measured(tmp_path: Path) -> None:
    """Rows, entries, and what a trigger missed; the worst one is found."""
    with agent_house(tmp_path) as house:
        for number in range(1, 8):
            house.partition.set_price(number, "A", 1)
        house.partition.missed = 3
        one = gauge(house)
        asyncio.run(one.measure())
        assert one.state.readings["outbox"].used == 7
        assert one.state.readings["outbox"].status is Status.WARNING
        assert one.state.readings["TOWLINE/WEBPRICE"].most == 0
        assert one.state.missed == 3
        assert one.state.worst == one.state.readings["outbox"]


def test_a_refused_question_is_shown_and_forgotten_when_it_works(tmp_path: Path) -> None:
    """No authority to the queue's description is a line on the page; a lost link is not."""

    async def scenario(house: AgentHouse) -> None:
        one = gauge(house)
        house.partition.failures["queue_info"] = [Permanent("No *USE to DATA_QUEUE_INFO.")]
        await one.measure()
        assert one.state.faults == {"TOWLINE/WEBPRICE": "No *USE to DATA_QUEUE_INFO."}
        house.partition.failures["queue_info"] = [LinkLost("The line broke.")]
        await one.measure()
        assert len(one.state.faults) == 1
        house.clock.advance(60)
        await one.measure()
        assert one.state.faults == {}

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_nothing_is_asked_in_quiet_hours(tmp_path: Path) -> None:
    """The loop rests with reading, and measures each minute otherwise."""

    class Quietly:
        on = True

        def now(self, what: Work) -> Quiet | None:
            return Quiet(what, "night") if self.on else None

        async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
            if self.on:
                await house.pace.rest(asyncio.Event(), 5)
            return self.on

    with agent_house(tmp_path) as house:

        async def scenario() -> None:
            quiet = Quietly()
            task = asyncio.create_task(gauge(house, quiet).run())
            await until(lambda: house.pace.rests == [5])
            assert "outbox_depth" not in house.partition.calls
            quiet.on = False
            house.pace.tick()
            await until(lambda: house.pace.rests == [5, 60.0])
            assert house.partition.calls.count("outbox_depth") == 1
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(scenario())
