"""One session of the agent, played against a relay that says what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.support.scripted_relay import PATIENCE_S, Notes, ScriptedRelay, session_of
from towline_agent.buffer import Buffer
from towline_shared.clock import SystemClock
from towline_shared.codec import encode
from towline_shared.errors import TowlineError
from towline_shared.events import Event
from towline_shared.frames import Bye

__all__ = ["Story", "buffer", "goodbye", "play", "wire"]


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    opened = Buffer(tmp_path / "buffer.db", clock=SystemClock())
    yield opened
    opened.close()


Story = Callable[[ScriptedRelay], Awaitable[None]]


def play(buffer: Buffer, story: Story, *, pinned: str | None = None) -> tuple[TowlineError, Notes]:
    """Run a session against a story; return how it ended and what the listener heard."""
    notes = Notes()

    async def both() -> TowlineError:
        relay = ScriptedRelay()
        session = session_of(relay, buffer, notes, pinned or relay.key.public)
        served = asyncio.create_task(session.serve())
        await story(relay)
        with pytest.raises(TowlineError) as caught:
            await asyncio.wait_for(served, PATIENCE_S)
        return caught.value

    return asyncio.run(both()), notes


async def goodbye(relay: ScriptedRelay) -> None:
    await relay.say(Bye("stop", "The relay is stopping."))


def wire(events: list[Event]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((event.id, event.entity, event.key, encode(event)) for event in events)
