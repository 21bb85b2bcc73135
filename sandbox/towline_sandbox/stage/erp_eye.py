"""The stage's eye and hand on the simulated IBM i: its console, called from threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from towline_sandbox.ibmi.client import Console
from towline_sandbox.stage.world import ErpItem, IbmIView, PriceChange, WebOrder
from towline_shared.errors import Retryable, TowlineError

__all__ = ["ErpEye"]

_STAGING = "TOWLINE/WEBORDH"
_PRICES = "DISTLIB/ITMPRC"
_ANSWER_S = 5.0
_LOCK_MOST_S = 60.0  # a lock never outlives a stage that was killed


class ErpEye:
    """Calls console verbs one after the other; a lost connection is made anew at the next call."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._console: Console | None = None
        self._busy = asyncio.Lock()

    async def view(self) -> IbmIView | None:
        """Look at the partition; None when it does not answer."""
        try:
            status = await self._call("status")
        except TowlineError:
            return None
        return IbmIView(
            system=status["system"],
            state=status["state"],
            outbox_depth=status["outbox_depth"],
            outbox_total=status["outbox_total"],
            doorbell_total=status["doorbell_total"],
            staged_total=status["staged_total"],
            new_orders=status["new_orders"],
            accepted_total=status["accepted_total"],
            refused_total=status["refused_total"],
            shipped_total=status["shipped_total"],
            locked=tuple(status["locked"]),
            program=status["program"],
        )

    async def items(self, *, position: str, count: int) -> Sequence[ErpItem]:
        """Return items from ``position`` on."""
        return [_item(row) for row in await self._call("items", position=position, count=count)]

    async def items_before(self, *, position: str, count: int) -> Sequence[ErpItem]:
        """Return the items before ``position``, ascending."""
        rows = await self._call("items_before", position=position, count=count)
        return [_item(row) for row in rows]

    async def web_orders(self, *, count: int) -> Sequence[WebOrder]:
        """Return the newest staged orders."""
        return [_order(row) for row in await self._call("web_orders", count=count)]

    async def change_price(self, *, item: str, price: Decimal) -> PriceChange:
        """Change a price through the ERP's own program."""
        done = await self._call("change_price", item=item, price=price)
        return PriceChange(item=item, price=price, outbox_id=done["outbox_id"])

    async def lock(self, item: str | None) -> str:
        """Hold the staging file, and the price record of an item, as a person at lunch does."""
        held = await self._call("lock_record", file=_STAGING, key=[], seconds=_LOCK_MOST_S)
        if item:
            with contextlib.suppress(TowlineError):  # an item without a price has no record to lock
                held = await self._call(
                    "lock_record", file=_PRICES, key=[item, "STD"], seconds=_LOCK_MOST_S
                )
        return str(held["sentence"])

    async def unlock(self) -> str:
        """Let go of everything that is held."""
        await self._call("unlock_all")
        return "The records are free again."

    async def restrict(self, *, on: bool) -> str:
        """End or start the subsystem that serves users and agents."""
        await self._call("end_subsystem" if on else "start_subsystem")
        return "The ERP is in restricted state." if on else "The subsystems are started again."

    async def close(self) -> None:
        """Let go of the connection."""
        async with self._busy:
            await asyncio.to_thread(self._drop)

    async def _call(self, verb: str, **arguments: object) -> Any:
        async with self._busy:
            return await asyncio.to_thread(self._in_thread, verb, arguments)

    def _in_thread(self, verb: str, arguments: Mapping[str, object]) -> Any:
        try:
            if self._console is None:
                self._console = Console(self._address, timeout_s=_ANSWER_S)
            return self._console.call(verb, **arguments)
        except Retryable:
            self._drop()
            raise
        except OSError as error:
            self._drop()
            raise Retryable(f"The simulated IBM i does not answer: {error}.") from None

    def _drop(self) -> None:
        console, self._console = self._console, None
        if console is not None:
            with contextlib.suppress(OSError, TowlineError):
                console.close()


def _item(row: Mapping[str, Any]) -> ErpItem:
    return ErpItem(
        number=row["number"],
        description=row["description"],
        item_class=row["item_class"],
        price=row["price"],
        currency=row["currency"],
        on_hand=row["on_hand"],
        web=bool(row["web"]),
        record=row["record"],
    )


def _order(row: Mapping[str, Any]) -> WebOrder:
    return WebOrder(
        name=row["name"],
        status=row["status"],
        erp_order=str(row["erp_order"] or ""),
        reason=row["reason"] or "",
        total=row["total"],
        currency=row["currency"],
        lines=row["lines"],
        shipment=row["shipment"] or "",
    )
