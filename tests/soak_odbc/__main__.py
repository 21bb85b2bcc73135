"""``python -m tests.soak_odbc``: the agent, a relay, an ERP, and one bad day after another.

The agent is a process of its own over real ODBC; the partition is the ODBC lab, behind a wire that
is cut. At the end nothing may be missing, doubled or out of order; the figures are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.soak_odbc.agent_process import AgentProcess, Weight, write_site
from tests.soak_odbc.erp import Erp
from tests.soak_odbc.faults import Faults
from tests.soak_odbc.machine import Machine
from tests.soak_odbc.reckoning import Reckoning, events_of, reckon
from tests.support.cut_wire import CutWire
from tests.support.link_world import Relay
from towline_agent.conformance.documents import sample_order
from towline_agent.identity import Identity, enrol, load_identity
from towline_shared.clock import SystemClock
from towline_shared.events import Event

_ORDER_S = 0.5
_WEIGH_S = 30.0
_QUIET_S = 12.0  # longer than sweep and second look
_PATIENCE_S = 180.0


def main() -> int:
    """Run it; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="tests.soak_odbc")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between ERP writes")
    parser.add_argument("--kill-agent", action="store_true", help="kill -9 the agent now and then")
    parser.add_argument("--folder", type=Path, help="keep everything here")
    options = parser.parse_args()
    os.environ.setdefault("LC_ALL", "C.UTF-8")  # IBM's driver takes its code page from here
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(_soak(options, folder))
    for name, figure in result.figures.items():
        print(f"{name:45} {figure:>10,}")
    for sentence in result.wrong:
        print(f"WRONG: {sentence}")
    print("nothing lost, nothing twice" if not result.wrong else "the soak found problems")
    return 1 if result.wrong else 0


async def _soak(options: argparse.Namespace, folder: Path) -> Reckoning:
    machine, relay = Machine(folder / "machine"), Relay(folder)
    await asyncio.to_thread(machine.prepare)
    await relay.start()
    try:
        with CutWire(machine.port) as wire:
            connection = machine.server.connection_string_via(wire.port, "x", "x").split("UID=")[0]
            config = write_site(folder / "site", url=relay.url, connection=connection)
            state = config.parent / "state"
            await enrol(url=relay.url, code=relay.code(), name="soak", folder=state)
            agent = AgentProcess(config)
            agent.start()
            erp = Erp(machine, seed=options.seed, pace_s=options.pace)
            faults = Faults(machine, wire, agent, seed=options.seed, kill_agent=options.kill_agent)
            erp.start()
            faults.start()
            orders = await _orders(relay, load_identity(state), agent, options.seconds)
            await asyncio.to_thread(faults.stop)
            await asyncio.to_thread(erp.stop)
            await asyncio.to_thread(_settle, machine, orders)
            await asyncio.sleep(_QUIET_S)
            _say("at the end", agent.weight())
            print(f"stopped in {agent.stop():.1f} s; started {agent.starts} times")
            print("faults:", ", ".join(f"{n} x {name}" for name, n in sorted(faults.made.items())))
        streams = events_of(state / "buffer.db")
        result = await asyncio.to_thread(reckon, machine, streams, erp.figures, orders)
        told = sum(map(len, streams.values()))
        at_relay = len(set(relay.got()))
        if at_relay != told:
            result.wrong.append(f"{told} events were written down and {at_relay} reached the relay")
        return result
    finally:
        await relay.stop()
        machine.server.stop()


async def _orders(relay: Relay, identity: Identity, agent: AgentProcess, seconds: float) -> int:
    """Send orders down for so long; weigh the agent now and then."""
    began = weighed = time.monotonic()
    count = 0
    while time.monotonic() - began < seconds:
        count += 1
        body = sample_order(count)
        order = Event(
            f"order-event-{count}", body.order_gid, "shopify:orders/create", SystemClock().now(),
            body,
        )  # fmt: skip
        relay.send_down(identity.agent_id, [order])
        if time.monotonic() - weighed >= _WEIGH_S:
            weighed = time.monotonic()
            _say(f"after {weighed - began:.0f} s", agent.weight())
        await asyncio.sleep(_ORDER_S)
    return count


def _settle(machine: Machine, orders: int) -> None:
    """Wait, bounded, until everything has arrived; what has not is counted afterwards."""
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE_S:
        waiting = machine.count("*) FROM TOWLINE.OUTBOX") + machine.queued()
        if not waiting and machine.count("*) FROM TOWLINE.APPLIED") >= orders:
            return
        time.sleep(1.0)


def _say(when: str, weight: Weight | None) -> None:
    if weight is not None:
        print(
            f"{when:>12}: {weight.memory_mb:.0f} MB, {weight.threads} threads,"
            f" {weight.files} open files",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
