"""The conflict log of every Store; parametrised over implementations."""

from __future__ import annotations

from tests.conformance.store.store_house import house, run, take
from tests.support.store import StoreHouse
from towline_relay.store.effects import Effects
from towline_relay.store.rows import Conflict, ConflictQuery

__all__ = ["house"]


def test_the_conflict_log_is_read_by_pages_and_by_key(house: StoreHouse) -> None:
    """Newest first, each row once; a filter that names nothing there finds nothing."""
    told = [
        Conflict("price", f"AB-{n % 2}", "price", "9.90", f"{n}.00", "products/update", "kept")
        for n in range(5)
    ]
    lease = take(house)
    for one in told:
        run(house.store.advance(lease, Effects(conflicts=(one,))))
    first = run(house.store.conflicts(ConflictQuery(limit=3)))
    rest = run(house.store.conflicts(ConflictQuery(before=first[-1].id, limit=3)))
    assert [row.conflict for row in (*first, *rest)] == told[::-1]
    of_key = run(house.store.conflicts(ConflictQuery("t", "price", "AB-1")))
    assert [row.conflict.theirs for row in of_key] == ["3.00", "1.00"]
    assert run(house.store.conflicts(ConflictQuery("other"))) == []
    assert run(house.store.conflicts(ConflictQuery(entity="item"))) == []
