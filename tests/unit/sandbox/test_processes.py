"""Children start when they are ready, come back when they die, and stop when told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.link_world import until
from towline_sandbox.guardian import left
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


_PARENT = """
import asyncio, sys
from pathlib import Path
from towline_sandbox.processes import Child, ProcessTree

async def main():
    async def ready():
        while not Path(sys.argv[2]).exists():
            await asyncio.sleep(0.01)
    tree = ProcessTree(Path(sys.argv[1]))
    await tree.start(Child("child", [sys.executable, "-c", sys.argv[3], sys.argv[2]], ready))
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

_PID = """
import os, signal, sys, time
if "deaf" in sys.argv[1]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def test_the_children_of_a_killed_tree_end_with_it(tmp_path: Path) -> None:
    """A run that met kill -9 must not keep its files and ports from the next one."""
    path = tmp_path / "pid"

    async def story() -> None:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PARENT, str(tmp_path), str(path), _PID,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert parent.stdout is not None
        assert await parent.stdout.readline() == b"ready\n"
        pid = int(path.read_text())
        parent.kill()
        await parent.wait()
        await until(lambda: not _lives(pid))

    asyncio.run(story())


def test_a_child_that_does_not_obey_is_killed(tmp_path: Path) -> None:
    """It is told first, so that one that can end in order does; patience is counted, not felt."""
    path = tmp_path / "deaf"
    child = subprocess.Popen([sys.executable, "-c", _PID, str(path)])
    while not path.exists():
        assert child.poll() is None
    program = "from towline_sandbox.guardian import main; main(patience_s=0.2)"
    told = f"+{child.pid}\n+999999999\n-999999999\n+12"  # the last line was cut
    subprocess.run([sys.executable, "-c", program], input=told, text=True, check=True, timeout=60)
    assert child.wait(timeout=60) == -signal.SIGKILL


def test_the_guardian_knows_who_is_left() -> None:
    """Last started first, whoever ended is not touched, garbage is nobody."""
    assert left(["+10\n", "+11\n", "-10\n", "+12\n", "x\n", "+\n", "-99\n", "+7"]) == [12, 11]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
