"""What goes wrong during a soak, one thing after the other."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import pyodbc

from tests.soak_odbc.agent_process import AgentProcess
from tests.soak_odbc.machine import Machine
from tests.support.cut_wire import COMMIT, CutWire

__all__ = ["Faults"]


class Faults:
    """A thread that makes trouble, lets it pass, and waits a little."""

    def __init__(
        self, machine: Machine, wire: CutWire, agent: AgentProcess, *, seed: int, kill_agent: bool
    ) -> None:
        self.made: Counter[str] = Counter()
        self._machine = machine
        self._wire = wire
        self._agent = agent
        self._rng = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._all: list[Callable[[], None]] = [
            self._kill_machine, self._cut_wire, self._cut_a_commit, self._lose_a_commit,
            self._fall_silent, self._lock_staging, self._lock_prices, self._restrict,
        ]  # fmt: skip
        if kill_agent:
            self._all.append(self._kill_agent)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the last trouble pass and end."""
        self._stop.set()
        self._thread.join(timeout=120)

    def _run(self) -> None:
        while not self._stop.wait(self._rng.uniform(2.0, 6.0)):
            fault = self._rng.choice(self._all)
            with contextlib.suppress(pyodbc.Error):
                fault()
                self.made[fault.__name__.strip("_")] += 1

    def _kill_machine(self) -> None:
        self._machine.server.kill()
        time.sleep(self._rng.uniform(0.5, 4.0))
        self._machine.server.start()

    def _cut_wire(self) -> None:
        self._wire.cut()

    def _cut_a_commit(self) -> None:
        self._wire.cut_at(COMMIT, carry_it=False)

    def _lose_a_commit(self) -> None:
        self._wire.cut_at(COMMIT, carry_it=True)

    def _fall_silent(self) -> None:
        self._wire.fall_silent()
        time.sleep(self._rng.uniform(3.0, 15.0))
        self._wire.cut()
        self._wire.speak_again()

    def _lock_staging(self) -> None:
        self._lock("TOWLINE.WEBORDH")

    def _lock_prices(self) -> None:
        self._lock("ERPLIB.PRICES")

    def _lock(self, table: str) -> None:
        with self._machine.session(autocommit=False) as holder:
            holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            time.sleep(self._rng.uniform(2.0, 6.0))
            holder.rollback()

    def _restrict(self) -> None:
        self._machine.server.restrict()
        try:
            time.sleep(self._rng.uniform(1.0, 5.0))
        finally:
            self._machine.server.release()

    def _kill_agent(self) -> None:
        self._agent.kill()
        time.sleep(1.0)
        self._agent.start()
