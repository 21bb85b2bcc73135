"""Result lines of a bulk run to effects: every line, refusals too. Pure.

The events of a line get their outcome in the same commit that marks the line as answered, so a
restart that reads the result again skips what is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from towline_relay.shopify.bulk_lines import (
    Answered,
    created,
    list_prices_set,
    prices_set,
    quantities_set,
    seen_now,
)
from towline_relay.shopify.models import LineOutcome, Remedy, VariantRef
from towline_relay.shopify.price_lines import ListShape
from towline_relay.store.bulk import BulkAnswered, BulkLine
from towline_relay.store.effects import Effects, Move, Release
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.store.states import OPEN, State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.item_parts import status_known
from towline_relay.sync.rules.mapping import PriceTarget
from towline_relay.sync.sweeps.backfill import link_of

__all__ = ["effects_of"]


@dataclass
class _Sum:
    """What the lines of one commit come to."""

    moves: list[Move] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    links: list[LinkRow] = field(default_factory=list)
    items: list[ItemRow] = field(default_factory=list)
    claims: list[tuple[str, str]] = field(default_factory=list)
    forget: list[tuple[str, str]] = field(default_factory=list)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    unlink: list[str] = field(default_factory=list)
    release: list[Release] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def effects_of(
    run: str,
    kind: str,
    answers: Sequence[Answered],
    *,
    lines: Mapping[int, BulkLine],
    rows: Mapping[int, EventRow],
    judge: Judge,
) -> Effects:
    """Say what result lines change.

    Args:
        answers: result lines; one without a line of input, or of one answered before, is dropped.
        lines: the lines of input without an outcome, by number.
        rows: the events they carry, by serial.
    """
    read = _READERS[kind]
    total = _Sum()
    for answered in answers:
        line = lines.get(answered.number)
        if line is None or answered.number in total.numbers:
            continue
        read(total, line, json.loads(line.about), answered, rows, judge)
        total.numbers.append(answered.number)
    return Effects(
        moves=tuple(total.moves),
        known=tuple(total.known),
        forget=tuple(total.forget),
        statuses=tuple(total.statuses),
        links=tuple(total.links),
        items=tuple(total.items),
        claims=tuple(total.claims),
        unlink=tuple(dict.fromkeys(total.unlink)),
        release=tuple(total.release),
        bulk=(BulkAnswered(run, tuple(total.numbers)),),
    )


def _created(
    total: _Sum,
    line: BulkLine,
    about: Mapping[str, Any],
    answered: Answered,
    rows: Mapping[int, EventRow],
    judge: Judge,
) -> None:
    members = about["members"]
    found = created(answered, [each["sku"] for each in members])
    for each, result in zip(members, found, strict=True):
        row = rows.get(each["serial"])
        priced = rows.get(each["priced"]) if each["priced"] is not None else None
        if isinstance(result, LineOutcome):
            _not_made(total, result, row, priced, judge)
        else:
            _made(total, about, each, result, row, priced)


def _not_made(
    total: _Sum,
    outcome: LineOutcome,
    row: EventRow | None,
    priced: EventRow | None,
    judge: Judge,
) -> None:
    if row is not None and row.state in OPEN:
        move = judge.refused(row, outcome)
        total.moves.append(move)
        if move.state is State.PARKED:
            total.items.append(ItemRow(row.key, "parked", move.reason))
    if priced is not None and priced.state in OPEN:
        total.moves.append(Move(priced.serial, State.PENDING))


def _made(
    total: _Sum,
    about: Mapping[str, Any],
    each: Mapping[str, Any],
    ref: VariantRef,
    row: EventRow | None,
    priced: EventRow | None,
) -> None:
    """Settle a new item. One of which more is to be done waits on, until the run is over.

    Then all of them are due at once, and great enough a backlog for the next run.
    """
    link = link_of(ref, erp_key=each["key"])
    total.links.append(link)
    total.known += [Known(kind, link.variant_gid, *value) for kind, *value in each["known"]]
    total.items.append(ItemRow(each["key"], "linked"))
    total.release.append(Release(decide.item_of(each["key"])))
    unseen = about["follows"] and each["wish"] == "ACTIVE"
    if each["wish"] and not unseen:
        total.known.append(status_known(link, each["wish"]))
    if row is not None and row.state in OPEN and not unseen:
        shown = "a draft product"
        if about["status"] != "DRAFT":
            shown = f"a product that is {about['status']}"
        reason = f"Made as {shown} at {each['shown']}, in bulk."
        total.moves.append(Move(row.serial, State.APPLIED, reason))
    price = _price_target(each["price"])
    compare_at = price.compare_at if price.writes_compare_at else ref.compare_at
    as_told = (ref.price, ref.compare_at) == (price.price, compare_at)
    if as_told:
        total.known.append(decide.price_known(link, price))
    if priced is not None and priced.state in OPEN:
        total.moves.append(
            Move(priced.serial, State.APPLIED, "Set when the product was made.")
            if as_told
            else Move(priced.serial, State.PENDING)
        )


def _seen(
    total: _Sum,
    line: BulkLine,
    about: Mapping[str, Any],
    answered: Answered,
    rows: Mapping[int, EventRow],
    judge: Judge,
    *,
    kind: str,
) -> None:
    """Settle one step of what buyers see of a product; with more to follow, its events wait on."""
    outcome = seen_now(answered, kind, about["status"])
    if outcome.ok:
        total.statuses.append((about["product"], about["status"]))
    for each in about["members"]:
        row = rows.get(each["serial"])
        is_open = row is not None and row.state in OPEN
        if not outcome.ok:
            if row is not None and is_open:
                total.moves.append(judge.refused(row, outcome))
            continue
        if about["follows"]:
            continue  # it waits for the run's end, as in :func:`_made`
        total.known.append(Known("status", *each["known"]))
        total.items.append(ItemRow(*each["item"]))
        if each["claim"]:
            total.claims.append((each["gid"], each["key"]))
        if each["item"][1] == "linked":
            total.release.append(Release(decide.item_of(each["key"])))
        if is_open:
            reason = f"Its product is {about['status']} in the shop, in bulk."
            total.moves.append(Move(each["serial"], State.APPLIED, reason))


def _priced(
    total: _Sum,
    line: BulkLine,
    about: Sequence[Mapping[str, Any]],
    answered: Answered,
    rows: Mapping[int, EventRow],
    judge: Judge,
) -> None:
    outcomes = prices_set(answered, [each["gid"] for each in about])
    for outcome, each in zip(outcomes, about, strict=True):
        if _one(total, "price", outcome, each, rows, judge) and each["claim"]:
            total.claims.append((each["gid"], each["claim"]))


def _stocked(
    total: _Sum,
    line: BulkLine,
    about: Sequence[Mapping[str, Any]],
    answered: Answered,
    rows: Mapping[int, EventRow],
    judge: Judge,
) -> None:
    for outcome, each in zip(quantities_set(answered, len(about)), about, strict=True):
        _one(total, "stock", outcome, each, rows, judge)


def _listed(
    total: _Sum,
    line: BulkLine,
    about: Sequence[Mapping[str, Any]],
    answered: Answered,
    rows: Mapping[int, EventRow],
    judge: Judge,
    *,
    tiered: bool,
) -> None:
    shapes = [ListShape(each["gone"], each["tiers"]) for each in about]
    for outcome, each in zip(list_prices_set(answered, shapes, tiered=tiered), about, strict=True):
        if each["gone"] and outcome.ok:
            total.forget.append(("list_price", each["known"][0]))
        _one(total, "" if each["gone"] else "list_price", outcome, each, rows, judge)


_READERS: Mapping[str, Callable[..., None]] = {
    "create": _created,
    "price": _priced,
    "stock": _stocked,
    "status": partial(_seen, kind="status"),
    "publish": partial(_seen, kind="publish"),
    "list_price": partial(_listed, tiered=False),
    "volume_price": partial(_listed, tiered=True),
}


def _one(
    total: _Sum,
    kind: str,
    outcome: LineOutcome,
    each: Mapping[str, Any],
    rows: Mapping[int, EventRow],
    judge: Judge,
) -> bool:
    """Settle one value, which is remembered under a kind if it has one; true when it was taken."""
    row = rows.get(each["serial"])
    if outcome.ok and kind:
        total.known.append(Known(kind, *each["known"]))
    if outcome.verdict is Remedy.REREAD:
        total.unlink.append(each["gid"])
    if row is not None and row.state in OPEN:
        total.moves.append(
            Move(row.serial, State.APPLIED, "Written in bulk.")
            if outcome.ok
            else judge.refused(row, outcome)
        )
    return outcome.ok


def _price_target(given: Mapping[str, Any]) -> PriceTarget:
    compare_at = given["compare_at"]
    return PriceTarget(
        Decimal(given["price"]),
        None if compare_at is None else Decimal(compare_at),
        given["writes_compare_at"],
    )
