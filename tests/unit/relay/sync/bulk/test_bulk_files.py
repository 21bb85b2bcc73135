"""Files of bulk runs: a backlog of any size becomes as many as it takes, none over the limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bulk_house import MANY, complete, crash_or_turn, load, runs, settle, started
from tests.support.engine_house import EngineHouse, price, raiser
from tests.support.fake_shop import Crash
from towline_relay.shopify.bulk import MOST_BYTES
from towline_relay.sync.bulk.collect import FileLimits

BYTES = 2_000


def make(folder: Path, limits: FileLimits) -> EngineHouse:
    """Return a house whose files are so long at most."""
    return EngineHouse(folder, bulk_from=10, limits=limits)


def sizes(house: EngineHouse, kind: str) -> list[tuple[int, int]]:
    """Return lines and bytes of the runs of a kind."""
    return [(run.lines, run.bytes) for run in runs(house, kind)]


def test_what_shopify_takes_is_never_exceeded() -> None:
    """100 MB an upload, and the file is in memory twice while it is written."""
    assert MOST_BYTES == 100_000_000
    assert FileLimits().bytes * 2 <= MOST_BYTES


def test_a_backlog_longer_than_a_file_becomes_several_runs(tmp_path: Path) -> None:
    """Each file is as long as it may be; each product is in one of them, and made once."""
    house = make(tmp_path, FileLimits(bytes=BYTES))
    load(house)
    settle(house, most=200)
    complete(house)
    found = sizes(house, "create")
    assert len(found) > 2
    assert sum(lines for lines, _ in found) == MANY
    assert all(size <= BYTES for _, size in found)
    # none was closed while another line fitted, but for the last
    assert sum(size + size // lines <= BYTES for lines, size in found) == 1
    spared = [run for run in runs(house, "create") if run.state == "spared"]
    assert house.bulk.count("upload") == started(house, "create") == len(found) - len(spared)
    house.close()


def test_a_file_holds_so_many_lines_at_most(tmp_path: Path) -> None:
    """The last one may come to little, and then goes by calls."""
    house = make(tmp_path, FileLimits(lines=8))
    load(house)
    settle(house, most=200)
    complete(house)
    assert sorted(lines for lines, _ in sizes(house, "create")) == [6, 8, 8, 8]
    house.close()


def test_no_more_runs_than_allowed_are_under_way(tmp_path: Path) -> None:
    """Full files wait for their turn; other apps' operations need room too."""
    house = make(tmp_path, FileLimits(lines=3))
    house.bulk.looks = 30
    load(house)
    most = 0
    for _ in range(60):
        house.turn()
        under_way = house.run(house.store.bulk_runs("t/catalogue"))
        most = max(most, sum(run.state in ("starting", "running") for run in under_way))
        house.house.clock.advance(4)
    assert most == 3
    settle(house, most=200)
    complete(house)
    house.close()


@pytest.mark.parametrize("verb", ["stage", "start", "state", "lines"])
def test_a_kill_between_two_files_loses_neither(tmp_path: Path, verb: str) -> None:
    """One is with the shop, one waits, one collects; the next process has them all."""
    house = make(tmp_path, FileLimits(lines=8))
    load(house)
    house.bulk.before[verb] = raiser(Crash())
    assert crash_or_turn(house)
    house.restart()
    settle(house, most=200)
    complete(house)
    assert house.shop.count("create_product") == 0
    house.close()


def test_a_line_longer_than_any_file_goes_by_call(tmp_path: Path) -> None:
    """It must neither stop the run nor be sent where it is refused for ever."""
    house = make(tmp_path, FileLimits(bytes=150))
    refs = [house.shop.add_variant(f"AB-{n}") for n in range(MANY)]
    assert len(refs) == MANY
    long = "gid://shopify/Product/" + "7" * 200
    ref = house.shop.by_sku("AB-7")
    house.shop.catalogue[ref.variant_gid] = type(ref)(
        long, ref.variant_gid, ref.inventory_item_gid, ref.sku, ref.price, None, "ACTIVE", True
    )
    house.feed(*(price(f"AB-{n}", "7.00") for n in range(MANY)))
    settle(house, most=200)
    assert {ref.price for ref in house.shop.catalogue.values()} == {house.shop.by_sku("AB-7").price}
    assert started(house, "price") == MANY - 2
    assert house.shop.count("set_prices") == 2  # the long one, and the last file of one line
    house.close()
