"""Children start when they are ready, come back when they die, and stop when told."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.link_world import until
from towline_sandbox.processes import Child, ProcessTree, script
from towline_shared.errors import Permanent

_TOUCH = "import sys, time; open(sys.argv[1], 'a').write('x'); time.sleep(60)"


def _child(path: Path) -> Child:
    async def ready() -> None:
        await until(path.exists)

    return Child("toucher", [sys.executable, "-c", _TOUCH, str(path)], ready)


def test_a_killed_child_is_started_again_and_a_stopped_one_is_not(tmp_path: Path) -> None:
    """kill -9 costs a restart, stop ends it for good."""

    async def story() -> None:
        tree = ProcessTree(tmp_path)
        path = tmp_path / "touched"
        await tree.start(_child(path))
        await tree.kill("toucher")
        await until(lambda: path.read_text() == "xx")
        assert tree.restarts == {"toucher": 1}
        await tree.stop()
        assert tree.restarts == {"toucher": 1}

    asyncio.run(story())


def test_a_child_that_never_serves_is_named_with_its_last_words(tmp_path: Path) -> None:
    """The sentence shows what the program said before it was given up."""

    async def never() -> None:
        await until(lambda: (tmp_path / "silent.log").read_text() != "")
        await asyncio.Event().wait()

    async def story() -> None:
        tree = ProcessTree(tmp_path, ready_s=3)
        child = Child(
            "silent",
            [sys.executable, "-c", "import time; print('no port', flush=True); time.sleep(60)"],
            never,
        )
        try:
            with pytest.raises(Permanent, match="no port"):
                await tree.start(child)
        finally:
            await tree.stop()

    asyncio.run(story())


def test_a_missing_program_is_named() -> None:
    """The sentence says how to install it."""
    with pytest.raises(Permanent, match="pip install"):
        script("towline-nothing")
