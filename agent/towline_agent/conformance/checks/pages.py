"""Snapshot pages: every row once, in key order, restartable at any key."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from towline_agent.conformance.bench import Bench, price_query, stock_query
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import expect, same
from towline_agent.ibmi.port import EntityQuery
from towline_agent.sources.facts import key_of

__all__ = ["PAGES"]

PAGES = Subject("pages")

Key = tuple[str, ...]


def _walk(
    bench: Bench,
    query: EntityQuery,
    size: int,
    *,
    between: Callable[[Key], None] = lambda _: None,
) -> list[Key]:
    """Return all keys met by walking with ``after_key`` on one connection."""
    reader = bench.connect()
    walked: list[Key] = []
    after: Key | None = None
    while page := reader.snapshot(query, after_key=after, limit=size):
        expect(len(page) <= size, f"a page of at most {size} rows has {len(page)}")
        for row in page:
            key = key_of(row, query.key)
            if key is None:
                expect(False, f"a row has no key: {sorted(row.cells)}")
                continue
            expect(key not in walked, f"{key} came twice")
            walked.append(key)
        after = walked[-1]
        between(after)
    return walked


@PAGES.check()
def pages_hold_every_row_once_in_key_order(bench: Bench) -> None:
    """Walking with after_key meets each key exactly once, whatever the page size."""
    whole = _walk(bench, price_query(bench), 999)
    missing = {(item,) for item in bench.items(40)} - set(whole)
    same(missing, set(), "items that are not among the rows")
    for size in (1, 7, len(whole)):
        same(_walk(bench, price_query(bench), size), whole, f"keys in pages of {size}")


@PAGES.check()
def pages_go_on_inside_a_compound_key(bench: Bench) -> None:
    """The second key column counts too: no warehouse of an item is skipped."""
    whole = _walk(bench, stock_query(bench), 999)
    same(_walk(bench, stock_query(bench), 3), whole, "keys in pages of 3")
    expect(len({key[0] for key in whole}) < len(whole), "no item has two balances")


@PAGES.check()
def a_page_after_the_last_key_is_empty(bench: Bench) -> None:
    """The end of the file is an empty page, again and again."""
    last = _walk(bench, price_query(bench), 999)[-1]
    reader = bench.connect()
    for _ in range(2):
        page = reader.snapshot(price_query(bench), after_key=last, limit=10)
        same(list(page), [], "rows after the last key")


@PAGES.check()
def a_deleted_key_is_a_place_to_go_on_from(bench: Bench) -> None:
    """The load restarts after a key whose row is gone in the meantime."""
    for name in ("KIT-1", "KIT-2", "KIT-3"):
        bench.add_item(name, Decimal(1))
    whole = _walk(bench, price_query(bench), 999)
    bench.delete_item("KIT-2")
    place = whole.index(("KIT-2",))
    page = bench.connect().snapshot(price_query(bench), after_key=("KIT-2",), limit=1)
    found = [key_of(row, ("SKU",)) for row in page]
    same(found, whole[place + 1 : place + 2], "the key after the deleted one")


@PAGES.check()
def rows_that_come_and_go_disturb_no_other(bench: Bench) -> None:
    """While pages are read the file changes; rows that stay are met exactly once."""
    stays = set(_walk(bench, price_query(bench), 999))
    made: list[str] = []

    def disturb(_: Key) -> None:
        if made:
            bench.delete_item(made[-1])
        made.append(f"KIT-{len(made)}")
        bench.add_item(made[-1], Decimal(1))

    walked = _walk(bench, price_query(bench), 10, between=disturb)
    same(stays - set(walked), set(), "rows that were skipped")


@PAGES.check()
def keys_with_quotes_and_umlauts_are_places_too(bench: Bench) -> None:
    """No character of a key stops the walk or repeats a page."""
    keys = ["O'NEIL", "GRÜN ÄÖß", '5" ROHR', "ZZ%_", "kit-lower"]
    for key in keys:
        bench.add_item(key, Decimal(1))
    whole = _walk(bench, price_query(bench), 999)
    same({(key,) for key in keys} - set(whole), set(), "keys that are not among the rows")
    same(_walk(bench, price_query(bench), 1), whole, "keys in pages of 1")


@PAGES.check()
def a_page_and_a_row_by_key_say_the_same(bench: Bench) -> None:
    """Both roads to a row give the same cells of the same types."""
    reader = bench.connect()
    page = reader.snapshot(price_query(bench), after_key=None, limit=5)
    for row in page:
        key = key_of(row, ("SKU",))
        if key is None:
            continue
        (again,) = reader.rows(price_query(bench), [key])
        same(dict(again.cells), dict(row.cells), f"cells of {key}")
        kinds = {name: type(cell).__name__ for name, cell in row.cells.items()}
        same({n: type(c).__name__ for n, c in again.cells.items()}, kinds, f"types of {key}")
