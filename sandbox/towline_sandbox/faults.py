"""Faults that can be pressed, each with one sentence of what now happens and how it heals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from towline_sandbox.whole import Whole

__all__ = ["SERIES", "Action", "process_faults", "storm"]

Action = Callable[[], Awaitable[str]]
_CUT_S = 8.0
SERIES = 11  # faults in one round of a storm


def process_faults(whole: Whole) -> Mapping[str, Action]:
    """Return the faults only the owner of the processes can make."""

    async def cut_link() -> str:
        whole.wire.cut(_CUT_S)
        return f"The link is cut for {_CUT_S:.0f} s. The agent buffers and connects again."

    async def kill_relay() -> str:
        await whole.tree.kill("relay")
        return "The relay was killed with -9. It starts again; what it acknowledged is on disk."

    async def kill_agent() -> str:
        await whole.tree.kill("agent")
        return "The agent was killed with -9. It starts again; the IBM i still holds the rows."

    return {"cut_link": cut_link, "kill_relay": kill_relay, "kill_agent": kill_agent}


async def storm(whole: Whole, step: int) -> str:
    """Make the fault number ``step`` of an endless, mixed series; returns its sentence."""
    pressed = process_faults(whole)
    stops = 4.0

    async def throttle() -> str:
        await whole.shop("faults", {"throttle": step % 2 == 0, "http_429": 2, "http_500": 2})
        return "Shopify throttles, and answers 429 and 500 a few times."

    async def unsure() -> str:
        await whole.shop("faults", {"throttle": False, "timeout_after_write": 2})
        return "Shopify does what it was asked, and the answer gets lost, twice."

    async def lock() -> str:
        await whole.erp("lock_record", file="TOWLINE/WEBORDH", key=[], seconds=stops)
        return "Somebody holds the staging file for a while."

    async def save() -> str:
        await whole.erp("end_subsystem")
        return "The IBM i is in restricted state, as in a save."

    async def resume() -> str:
        await whole.erp("start_subsystem")
        return "The IBM i is back."

    async def lose_power() -> str:
        await whole.tree.kill("ibmi")
        return "The IBM i lost its power. It starts again; what was committed is on disk."

    series: tuple[Action, ...] = (
        pressed["kill_relay"],
        throttle,
        pressed["kill_agent"],
        lock,
        pressed["cut_link"],
        save,
        resume,
        unsure,
        lose_power,
        pressed["kill_relay"],
        pressed["kill_agent"],
    )
    assert len(series) == SERIES
    return await series[step % SERIES]()
