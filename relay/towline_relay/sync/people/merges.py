"""Whom the shop merged into whom, and how a remembered customer is followed through it."""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.store.base import Store
from towline_relay.store.rows import Known

__all__ = ["followed", "merged"]

_MERGED = "customer merged"  # target: gid that is gone; value: gid of who was kept


def merged(merges: Sequence[tuple[str, str]]) -> tuple[Known, ...]:
    """Remember whom the shop merged into whom; the ERP's next statement follows it.

    Args:
        merges: (gid that is gone, gid of who was kept) pairs.
    """
    return tuple(Known(_MERGED, gone, "", kept) for gone, kept in merges)


async def followed(store: Store, tenant: str, gid: str) -> str:
    """Return who a customer is now, after all merges the shop told; itself if there was none."""
    seen = set[str]()
    while gid and gid not in seen:
        seen.add(gid)
        step = (await store.known(tenant, _MERGED, [gid])).get(gid)
        if step is None:
            break
        gid = step.value
    return gid
