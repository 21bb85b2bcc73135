"""What buyers can see of a product, from what each of its items asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from towline_relay.store.effects import Move
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.store.states import State
from towline_relay.sync.catalogue.decide import Decision, SetFields, SetStatus, Settle, park
from towline_relay.sync.catalogue.item_parts import status_known
from towline_relay.sync.rules.item import ItemShape
from towline_relay.sync.rules.mapping import ItemTarget, LeftOut

__all__ = [
    "asked_of",
    "hold_back",
    "most_visible",
    "moves_of",
    "seen",
    "step_of",
    "wish_of",
    "with_status",
]

_ENDS = {"draft": "DRAFT", "archive": "ARCHIVED"}
_RANK = ("ARCHIVED", "DRAFT", "ACTIVE")  # what is most visible wins: one of its items is on sale
_LEAST = 25  # as many products taken off in one batch can still be a real day
_SHARE = 0.5


def wish_of(mapped: ItemTarget | LeftOut, shape: ItemShape) -> str:
    """Return the status an item asks for; empty when it leaves the product as it is."""
    return _ENDS.get(shape.gone, "") if isinstance(mapped, LeftOut) else mapped.status


def seen(links: Sequence[LinkRow], known: Mapping[str, Known], wishes: Mapping[str, str]) -> str:
    """Return the status of a product: the most visible that one of its variants asks for.

    Args:
        links: all its variants.
        known: by variant, what its item asked for last.
        wishes: by variant, what its item asks for now. A variant nobody of the ERP speaks for keeps
            its product as the shop has it.
    """
    asked = [
        wishes.get(link.variant_gid)
        or (known[link.variant_gid].value if link.variant_gid in known else link.product_status)
        for link in links
    ]
    return most_visible(asked)


def asked_of(gids: Iterable[str], known: Mapping[str, Known]) -> str:
    """Return the status that the items of all of a product's variants ask for together.

    Returns:
        Empty when a variant has no item that asks for one: then the product is as the shop has it.
    """
    found = [known.get(gid) for gid in gids]
    if not found or None in found:
        return ""
    return most_visible(one.value for one in found if one is not None)


def most_visible(statuses: Iterable[str]) -> str:
    """Return the most visible of statuses; one we don't know (``UNLISTED``) is left as it is."""
    return max(statuses, key=lambda status: _RANK.index(status) if status in _RANK else len(_RANK))


def step_of(group: Sequence[SetStatus], channels: Sequence[str]) -> str:
    """Name the next step of a product on its way to what its items ask for.

    Returns:
        ``status`` when the product has another one, ``publish`` when only its channels are left,
        empty when neither can be told from what we know.
    """
    if group[0].link.product_status != group[0].status:
        return "status"
    return "publish" if group[0].status == "ACTIVE" and channels else ""


def with_status(
    found: Decision,
    mapped: ItemTarget | LeftOut | None,
    shape: ItemShape,
    *,
    row: EventRow,
    link: LinkRow | None,
    known: Mapping[str, Known],
) -> Decision:
    """Turn a decision that changes nothing else into one about the status, if that has changed.

    A decision that writes fields leaves its event open instead; the next turn sets the status.
    """
    if mapped is None or link is None or link.erp_key not in ("", row.key):
        return found
    wish = wish_of(mapped, shape)
    wanted = status_known(link, wish)
    last = known.get(link.variant_gid)
    if not wish or (last is not None and last.hash == wanted.hash):
        return found
    if isinstance(found, SetFields):
        return replace(found, again=True)
    if isinstance(found, Settle) and found.move.state in (State.APPLIED, State.SKIPPED):
        return SetStatus(row, link, wish, wanted, found.item or ItemRow(row.key, "linked"))
    return found


def hold_back(decisions: Sequence[Decision]) -> list[Decision]:
    """Park what would take a great part of a batch's products off sale at once.

    An item master that is cleared and refilled looks like that; an assortment that ends does not. A
    person's retry passes.
    """
    falling = [
        found
        for found in decisions
        if isinstance(found, SetStatus)
        and found.status != "ACTIVE"
        and found.link.product_status == "ACTIVE"
        and found.event.attempts == 0
        and not found.event.reason.startswith("Retried")
    ]
    if len(falling) < _LEAST or len(falling) < _SHARE * len(decisions):
        return list(decisions)
    reason = (
        f"The brake holds it: {len(falling)} of {len(decisions)} items of one batch would take"
        " their products off sale at once, as when a file is cleared and refilled."
    )
    hint = "If they really end, retry these events; else they are replaced by themselves."
    held = {found.event.serial for found in falling}
    return [
        park(found.event, reason, hint)
        if isinstance(found, SetStatus) and found.event.serial in held
        else found
        for found in decisions
    ]


def moves_of(group: Iterable[SetStatus]) -> tuple[Move, ...]:
    """Return the ends of the events of one product whose status was written."""
    return tuple(
        Move(found.event.serial, State.APPLIED, f"Its product is {found.status} in the shop.")
        for found in group
    )
