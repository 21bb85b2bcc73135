"""What a part of the soak found."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Part"]


@dataclass
class Part:
    """Figures by name, and a sentence for each thing that is wrong."""

    figures: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
