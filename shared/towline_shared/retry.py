"""How long to wait before the next attempt: exponential back-off with full jitter."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter over an exponential ceiling.

    Full jitter (a uniform draw between zero and the ceiling) spreads a crowd of agents that lost
    the same relay best: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Attributes:
        first_s: ceiling of the first wait in seconds.
        most_s: ceiling no wait exceeds.
    """

    first_s: float = 1.0
    most_s: float = 300.0

    def delay_s(self, attempt: int, *, rng: random.Random, least_s: float | None = None) -> float:
        """Return the wait in seconds before attempt number ``attempt`` (0 = first repetition).

        Args:
            attempt: how many attempts have already failed, less one; never negative.
            rng: source of the jitter.
            least_s: a wait the other side demanded (Retry-After); the jitter comes on top of it.
        """
        ceiling = min(self.most_s, self.first_s * 2.0 ** min(attempt, 40))
        return (least_s or 0.0) + rng.uniform(0.0, ceiling)
