"""What a stage over real programs is started with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["Action", "StageSettings"]

Action = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """Where the parts are, and what may be done to their processes.

    Attributes:
        ibmi_address: host:port of the simulated IBM i.
        shop_url: base address of the simulated shop, such as ``http://127.0.0.1:9480``.
        relay_url: base address of the relay; ``relay_token`` is its operator token.
        agent_url: base address of the agent's health page.
        actions: faults that only the owner of the processes can make, by name: ``cut_link``,
            ``kill_relay``, ``kill_agent``... Each returns one sentence. An action named
            ``heal_<name>`` ends one early; without it the fault ends by itself.
        look_s: seconds between two looks at everything.
    """

    ibmi_address: str
    shop_url: str
    relay_url: str
    agent_url: str
    relay_token: str = field(repr=False)
    actions: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    host: str = "127.0.0.1"
    port: int = 0
    look_s: float = 0.3
