"""``python -m tests.faults``: the long runs of the proof, with a report of figures.

Exit code 0 when nothing was lost, doubled, torn or accepted that was changed; 1 when something was.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from tests.faults.fuzz.soak import fuzzed
from tests.faults.kills.driver import Plan, kill_rounds
from tests.faults.power.soak import broken_disks, full_disks, linked_power, power_cuts
from tests.faults.report import Part

_PARTS: dict[str, Callable[[argparse.Namespace], Part]] = {
    "power": lambda o: power_cuts(o.cuts, seed=o.seed),
    "linked": lambda o: linked_power(o.cuts, seed=o.seed),
    "full": lambda o: full_disks(o.cuts // 5, seed=o.seed),
    "broken": lambda o: broken_disks(o.cuts // 5, seed=o.seed),
    "fuzz": lambda o: fuzzed(o.frames, seed=o.seed),
    "kills": lambda o: _kills(o),
}


def _kills(options: argparse.Namespace) -> Part:
    tenth = options.events // 10
    plan = Plan(
        seed=options.seed, rounds=options.rounds, changes=options.events - 4 * tenth,
        bulk=2 * tenth, orders=tenth, look=0.3,
    )  # fmt: skip
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        return kill_rounds(options.folder, plan, say=_say)
    with tempfile.TemporaryDirectory() as folder:
        return kill_rounds(Path(folder), plan, say=_say)


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    """Run what is asked for and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", choices=_PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="of the first run; others follow")
    parser.add_argument(
        "--cuts",
        type=int,
        default=300,
        help="power cuts of each store and of linked ones; a fifth as many full and failing disks",
    )
    parser.add_argument("--rounds", type=int, default=1_000, help="kills of agent, relay or both")
    parser.add_argument("--events", type=int, default=1_000_000, help="through the fault proxy")
    parser.add_argument("--frames", type=int, default=1_000_000, help="to fuzz")
    parser.add_argument("--folder", type=Path, help="empty; keep the files of the kills here")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes end with us
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()  # what is logged here is wanted; the processes have logs of their own
    wrong = 0
    for name in options.only or _PARTS:
        began = time.monotonic()
        part = _PARTS[name](options)
        print(f"{name} ({time.monotonic() - began:.0f} s)", flush=True)
        for what, figure in part.figures.items():
            print(f"  {what:50} {figure:>12,}")
        for sentence in part.wrong:
            print(f"  WRONG: {sentence}", flush=True)
        wrong += len(part.wrong)
    print("the soak found problems" if wrong else "nothing lost, nothing twice, nothing torn")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
