"""Faults that run now, and when each heals: every fault a person starts is healed in time."""

from __future__ import annotations

from collections.abc import Mapping

from towline_sandbox.stage.faults import Fault, fault_named
from towline_sandbox.stage.world import StageBackend
from towline_shared.clock import Clock
from towline_shared.errors import TowlineError

__all__ = ["FaultDesk"]

_SHOWN_AFTER_BLOW_S = 4.0  # a blow is over at once; its button glows a little so that one sees it


class FaultDesk:
    """Starts faults, counts down, heals them."""

    def __init__(self, backend: StageBackend, *, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock
        self._until: dict[str, float] = {}
        self.known: tuple[Fault, ...] = tuple(fault_named(name) for name in backend.faults())

    def seconds_left(self) -> Mapping[str, float]:
        """Return the running faults and the seconds until each heals."""
        now = self._clock.monotonic()
        return {name: max(0.0, until - now) for name, until in self._until.items()}

    async def press(self, name: str) -> str:
        """Start a fault, or heal one that runs; returns what happened in one sentence.

        Raises:
            KeyError: nobody knows a fault of this name.
            TowlineError: the backend could not do it.
        """
        fault = next((fault for fault in self.known if fault.name == name), None)
        if fault is None:
            raise KeyError(name)
        if name in self._until and fault.lasts_s:
            said = await self._backend.fault(name=name, on=False)
            if not said:  # the backend can't end it early, so the countdown goes on
                return "It ends by itself."
            self._until.pop(name, None)
            return said
        said = await self._backend.fault(name=name, on=True)
        self._until[name] = self._clock.monotonic() + (fault.lasts_s or _SHOWN_AFTER_BLOW_S)
        return said

    async def heal_due(self) -> None:
        """Heal what has lasted long enough; a heal that fails is tried again at the next call."""
        for name, left in self.seconds_left().items():
            if left > 0:
                continue
            try:
                await self._heal(name)
            except TowlineError:
                continue

    async def heal_all(self) -> None:
        """Heal everything, as when the stage closes."""
        for name in list(self._until):
            try:
                await self._heal(name)
            except TowlineError:
                continue

    async def _heal(self, name: str) -> None:
        if fault_named(name).lasts_s:
            await self._backend.fault(name=name, on=False)
        self._until.pop(name, None)
