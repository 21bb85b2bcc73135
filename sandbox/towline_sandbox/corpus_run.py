"""The corpus of orders through everything: placed, accepted, changed, shipped, changed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from towline_sandbox.once import open_shop, rest
from towline_sandbox.reckoning.books import ErpBook
from towline_sandbox.reckoning.erp_book import read_erp
from towline_sandbox.shopify.corpus_features import Act, Case, cases
from towline_sandbox.whole import Whole

__all__ = ["Ran", "run_corpus"]

_FEWEST_SKUS = 20


@dataclass(frozen=True, slots=True)
class Ran:
    """What was done: order gid by case, and whether each act came to rest."""

    orders: dict[str, Case]
    settled: bool


async def run_corpus(
    whole: Whole,
    *,
    seed: int,
    most_s: float,
    short: bool = False,
    keep: Callable[[Case], bool] = lambda case: True,
    say: Callable[[str], None] = lambda line: None,
) -> Ran:
    """Run every case; goods leave only between the two rounds of changes.

    Args:
        short: only the cases that move money in ways of their own; see :func:`cases`.
        keep: tells which of the cases are run.
        most_s: how long to wait for rest after each round, in seconds.
    """
    await open_shop(whole, most_s=most_s)
    await whole.erp("end_program", name="WHSHIP")
    corpus = cases(_skus(await _book(whole)), seed=seed, currency=whole.world.currency, short=short)
    orders: dict[str, Case] = {}
    for case in filter(keep, corpus):
        placed = await whole.shop("orders", case.order)
        orders[placed["id"]] = case
    settled = [await _accepted(whole, most_s=most_s, say=say)]
    for gid, case in orders.items():
        await _do(whole, gid, case.early)
    settled.append(await _accepted(whole, most_s=most_s, say=say))
    await whole.erp("start_program", name="WHSHIP")
    settled.append(await rest(whole, most_s=most_s, say=say))
    for gid, case in orders.items():
        await _do(whole, gid, case.late)
    settled.append(await rest(whole, most_s=most_s, say=say))
    return Ran(orders, all(settled))


async def _accepted(whole: Whole, *, most_s: float, say: Callable[[str], None]) -> bool:
    """Wait for rest while goods are held back."""
    return await rest(whole, most_s=most_s, say=say, shipping=False)


async def _do(whole: Whole, gid: str, acts: Sequence[Act]) -> None:
    number = gid.rsplit("/", 1)[1]
    for act in acts:
        await whole.shop(f"order/{number}/{act.action}", dict(act.body))


async def _book(whole: Whole) -> ErpBook:
    """Read the ERP's book; the ODBC lab keeps no file, so it saves one."""
    file = whole.world.ibmi_file
    if whole.world.engine != "simulated":
        file = whole.world.folder / "before.db"
        await whole.erp("save", file=str(file))
    return read_erp(file)


def _skus(book: ErpBook) -> list[str]:
    """Return items that nothing is wrong with, on the IBM i's side."""
    items = book.items.values()
    clean = sorted(
        item.sku
        for item in items
        if item.sellable
        and item.sku == item.sku.strip()
        and item.on_hand
        and all((pieces or 0) > 20 for pieces in item.on_hand.values())
    )
    assert len(clean) >= _FEWEST_SKUS
    return clean
