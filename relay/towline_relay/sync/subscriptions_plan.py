"""What a repair of webhook subscriptions does: compare what must be with what is. Pure.

Each one is recognised as ours by its name or by its address, so that a changed address of the relay
is mended and nobody else's is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Listed", "Mend", "Plan", "Wanted", "drift", "plan"]

_NAME = "towline"
_FORMAT = "JSON"


class Listed(Protocol):
    """A subscription as the shop lists it."""

    @property
    def gid(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def api_version(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def filter(self) -> str: ...
    @property
    def include_fields(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription there must be; ``topic`` is the value of the enum."""

    topic: str
    uri: str

    @property
    def name(self) -> str:
        """What it is called in the shop; at most 50 characters."""
        return f"{_NAME}-{self.topic.lower()}"[:50]


@dataclass(frozen=True, slots=True)
class Mend:
    """One that is there and is not as it must be.

    Attributes:
        why: what is wrong with it, for people: ``address``, ``version 2026-04``...
    """

    gid: str
    want: Wanted
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a repair does.

    Attributes:
        create: what lacks.
        update: what is set right in place.
        renew: what an update did not set right: it is deleted and made again.
        hopeless: what neither set right; it works, and is left as it is.
        delete: gids of ours that nobody wants any more.
    """

    create: tuple[Wanted, ...] = ()
    update: tuple[Mend, ...] = ()
    renew: tuple[Mend, ...] = ()
    hopeless: tuple[Mend, ...] = ()
    delete: tuple[str, ...] = ()


def plan(
    wanted: Sequence[Wanted],
    listed: Sequence[Listed],
    *,
    start: str,
    version: str = "",
    tried: Mapping[tuple[str, tuple[str, ...]], int] | None = None,
) -> Plan:
    """Compare what must be with what is.

    Args:
        start: what the addresses of this relay for this shop begin with.
        version: API version the bodies must come in; empty for any.
        tried: topic and what was wrong -> how often it was mended and came back at once. Sources
            differ on whether the version follows the request or the app's settings, so that mending
            is given up instead of being repeated for ever.
    """
    mine = [one for one in listed if one.name.startswith(f"{_NAME}-") or one.uri.startswith(start)]
    create: list[Wanted] = []
    steps: tuple[list[Mend], ...] = ([], [], [])
    kept: set[str] = set()
    for want in wanted:
        of_topic = [one for one in mine if one.topic == want.topic]
        right = [one for one in of_topic if one.uri == want.uri] or of_topic
        if not right:
            create.append(want)
            continue
        kept.add(right[0].gid)
        why = drift(want, right[0], version)
        if why:
            step = min((tried or {}).get((want.topic, why), 0), 2)
            steps[step].append(Mend(right[0].gid, want, why))
    update, renew, hopeless = (tuple(each) for each in steps)
    stale = tuple(one.gid for one in mine if one.gid not in kept)
    return Plan(tuple(create), update, renew, hopeless, stale)


def drift(want: Wanted, one: Listed, version: str) -> tuple[str, ...]:
    """Name what of a subscription is not as it must be.

    A filter that is wrong delivers nothing, in silence, and cut bodies are the same for two changes
    within one second: neither is ever ours.
    https://shopify.dev/docs/apps/build/webhooks/delivery-filtering
    """
    found = []
    if one.uri != want.uri:
        found.append("address")
    if one.name and one.name != want.name:
        found.append("name")
    if version and one.api_version != version:
        found.append(f"version {one.api_version}")
    if one.format != _FORMAT:
        found.append(f"format {one.format}")
    if one.filter:
        found.append("filter")
    if one.include_fields:
        found.append("fields")
    return tuple(found)
