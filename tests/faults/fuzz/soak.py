"""Many turns of each fuzzer."""

from __future__ import annotations

from tests.faults.fuzz.fuzzers import FUZZERS
from tests.faults.report import Part

__all__ = ["fuzzed"]

_SHARES = {"sealed frames": 0.6, "open frames": 0.4, "events": 0.3}


def fuzzed(frames: int, *, seed: int = 0) -> Part:
    """Fuzz so many frames, sealed and open, and some events more."""
    part = Part()
    for name, fuzz in FUZZERS.items():
        turns = round(frames * _SHARES[name])
        found, wrong = fuzz(turns, seed)
        part.figures[f"{name} fuzzed"] = turns
        part.figures |= {f"{name} {what}": n for what, n in sorted(found.items())}
        part.figures[f"{name} that crashed, or passed although changed"] = len(wrong)
        part.wrong += [f"{name}, seed {seed}, {sentence}" for sentence in wrong[:20]]
    return part
