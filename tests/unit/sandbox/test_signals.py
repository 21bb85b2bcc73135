"""A signal ends the sandbox and all it started, whenever it comes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from towline_sandbox.processes import script
from towline_sandbox.signals import until_signalled


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_lets_the_work_clean_up(number: signal.Signals) -> None:
    """The cleaning runs to its end, also when a second signal comes during it."""
    cleaned: list[str] = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(3):
                await asyncio.sleep(0)
            cleaned.append("whole")
        return 0

    assert asyncio.run(until_signalled(work())) == 128 + number
    assert cleaned == ["whole"]


def test_work_that_ends_by_itself_keeps_its_code() -> None:
    """Nobody signalled; a cancellation from elsewhere stays one."""

    async def fine() -> int:
        return 3

    async def cancelled() -> int:
        raise asyncio.CancelledError

    assert asyncio.run(until_signalled(fine(), ended=0)) == 3
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(until_signalled(cancelled(), ended=0))


def children_of(pid: int) -> set[int]:
    """Return the processes a process has started."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(text) for path in threads for text in path.read_text().split()}


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and was not yet waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
@pytest.mark.parametrize("moment", ["while the IBM i starts", "while the stage runs"])
def test_sigterm_leaves_no_child_behind(tmp_path: Path, moment: str) -> None:
    """A supervisor's stop ends stand-ins, relay and agent, during the start as well as later."""
    command = [
        script("towline-sandbox"), "run", "--state", str(tmp_path / "world"),
        "--items", "10", "--port", "0",
    ]  # fmt: skip
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    started: set[int] = set()
    try:
        assert running.stdout is not None
        wanted = "Ctrl-C" if "stage" in moment else "Starting"
        for line in running.stdout:
            if wanted in line:
                break
        while not started:
            started = children_of(running.pid)
            assert running.poll() is None
        if "stage" in moment:
            assert len(started) == 5  # four programs and the guardian
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=60) == 0
        assert [pid for pid in started if alive(pid)] == []
    finally:
        running.kill()
        running.stdout.close() if running.stdout else None
        for pid in started:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
