"""Pour facts into the shape of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline_shared.errors import Misuse

__all__ = ["poured"]


def poured(shape: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts under the sample's keys, in its order; what is not given stays empty.

    Lists stay empty lists, flags false, everything else null.

    Raises:
        Misuse: a fact whose key the sample does not have.
    """
    unknown = facts.keys() - shape.keys()
    if unknown:
        raise Misuse(f"the documented sample has no key {', '.join(sorted(unknown))}")
    return {key: facts.get(key, _empty(value)) for key, value in shape.items()}


def _empty(value: Any) -> Any:
    if isinstance(value, bool):
        return False
    if isinstance(value, list):
        return []
    return None
