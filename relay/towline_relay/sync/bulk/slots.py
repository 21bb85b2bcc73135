"""How many bulk operations of ours run at once: runs that write and exports share one number."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Slots"]


@dataclass
class Slots:
    """Shared by all of one shop's; each says how many it has and asks whether one more may start.

    Shopify allows five bulk queries and five bulk mutations of one app at a time
    (https://shopify.dev/changelog/faster-bulk-operations). Others of the app need room too, so
    ours are counted together, which is stricter. A process that died has none until it has looked.
    """

    most: int
    _taken: dict[str, int] = field(default_factory=dict)

    def take(self, who: str, mine: int) -> None:
        """Say how many operations one has at Shopify now."""
        self._taken[who] = mine

    def free(self, who: str, mine: int) -> bool:
        """Say how many one has now, and tell whether one more may start."""
        self.take(who, mine)
        return sum(self._taken.values()) < self.most
