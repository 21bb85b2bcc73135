"""The report of a run: what was done, what became of it, and whether both books agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from towline_relay.config import load_config
from towline_relay.operator_client import verify
from towline_sandbox.once import Journey
from towline_sandbox.reckoning.differences import Totals, compare, totals
from towline_sandbox.reckoning.erp_book import read_erp
from towline_sandbox.reckoning.relay_book import RelayBook, read_relay
from towline_sandbox.reckoning.shop_book import read_shop
from towline_sandbox.world import SAFETY, WAREHOUSES, World

__all__ = ["Report", "reckon"]

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader needs to believe the run, or not to."""

    journey: Journey
    relay: RelayBook
    erp: Totals
    shop: Totals
    differences: tuple[str, ...]
    restarts: Mapping[str, int]
    proof: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing different, everything decided with a sentence."""
        return (
            self.journey.settled
            and not self.differences
            and self.erp == self.shop
            and self.relay.unfinished == 0
            and self.relay.silent == 0
            and bool(self.proof["sound"])
        )

    def as_json(self) -> str:
        """Return the report for programs."""
        facts: dict[str, Any] = {
            "passed": self.passed,
            "settled": self.journey.settled,
            "orders": self.journey.orders,
            "changes": self.journey.changes,
            "faults": list(self.journey.faults),
            "restarts": dict(self.restarts),
            "load_s": round(self.journey.load_s, 1),
            "total_s": round(self.journey.total_s, 1),
            "events": dict(self.relay.states),
            "unfinished": self.relay.unfinished,
            "without_sentence": self.relay.silent,
            "latencies": {name: asdict(each) for name, each in self.relay.latencies.items()},
            "erp": asdict(self.erp),
            "shop": asdict(self.shop),
            "differences": list(self.differences),
            "verify": dict(self.proof),
        }
        return json.dumps(facts, default=str, indent=1)

    def as_text(self) -> str:
        """Return the report for people."""
        lines = [
            "",
            f"Both journeys: {self.journey.orders} orders, {self.journey.changes} price changes,"
            f" {len(self.journey.faults)} faults, {self.journey.total_s:.0f} s"
            f" (catalogue {self.journey.load_s:.0f} s).",
        ]
        if any(self.restarts.values()):
            again = ", ".join(f"{name} {count}" for name, count in self.restarts.items() if count)
            lines.append(f"Killed and started again: {again}.")
        lines += ["", "Events by state"]
        lines += [f"  {state:<12}{count:>8}" for state, count in sorted(self.relay.states.items())]
        lines += ["", "Why, where not applied", *_reasons(self.relay)]
        lines += ["", f"{'Latency of applied events':<28}{'count':>8}{'median':>10}{'p95':>10}"]
        lines += [
            f"  {name:<26}{each.count:>8}{each.median_s:>8.2f} s{each.p95_s:>8.2f} s"
            for name, each in sorted(self.relay.latencies.items())
        ]
        lines += ["", f"{'Control totals':<22}{'IBM i':>16}{'Shopify':>16}"]
        ours, theirs = asdict(self.erp), asdict(self.shop)
        lines += [
            f"  {name.replace('_', ' '):<20}{ours[name]!s:>16}{theirs[name]!s:>16}"
            + ("" if ours[name] == theirs[name] else "   <- differ")
            for name in ours
        ]
        lines += ["", self._walked()]
        return "\n".join([*lines, "", *self._verdict()])

    def _walked(self) -> str:
        rows = sum(stream["rows"] for stream in self.proof["streams"])
        events = self.proof["events_walked"]
        ending = "no number is missing" if self.proof["sound"] else "NOT SOUND"
        return f"towline-relay verify: {rows} rows and {events} events walked, {ending}."

    def _verdict(self) -> list[str]:
        if self.passed:
            return ["Both sides agree. Nothing lost, nothing applied twice."]
        lines = []
        if not self.journey.settled:
            lines.append("The run did not come to rest in time.")
        if self.relay.unfinished:
            lines.append(f"{self.relay.unfinished} events ended in no state.")
        if self.relay.silent:
            lines.append(f"{self.relay.silent} parked or skipped events have no sentence.")
        lines += self.proof["problems"][:_MOST_LINES]
        lines.append(f"{len(self.differences)} differences:")
        lines += [f"  {line}" for line in self.differences[:_MOST_LINES]]
        if len(self.differences) > _MOST_LINES:
            lines.append(f"  ... and {len(self.differences) - _MOST_LINES} more")
        return lines


def reckon(world: World, journey: Journey, restarts: Mapping[str, int]) -> Report:
    """Open all books of a stopped sandbox and hold them against each other."""
    erp, shop = read_erp(world.ibmi_file), read_shop(world.shop_file)
    return Report(
        journey=journey,
        relay=read_relay(world.relay_file),
        erp=totals(erp, shop, side="erp", locations=WAREHOUSES, safety=SAFETY),
        shop=totals(erp, shop, side="shop", locations=WAREHOUSES, safety=SAFETY),
        differences=tuple(compare(erp, shop, locations=WAREHOUSES, safety=SAFETY)),
        restarts=restarts,
        proof=verify(load_config(world.relay_config, secrets=False), tenant="", walk=True),
    )


def _reasons(book: RelayBook) -> list[str]:
    """Group sentences that differ only in a number or a name, the most frequent first."""
    groups: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], str] = {}
    for (state, reason), count in book.reasons.items():
        shape = " ".join(w for w in reason.split() if not any(c.isdigit() for c in w))
        groups[state, shape] += count
        example.setdefault((state, shape), reason)
    return [
        f"  {count:>6} {state:<9}{example[state, shape][:110]}"
        for (state, shape), count in groups.most_common(_MOST_LINES)
    ]
