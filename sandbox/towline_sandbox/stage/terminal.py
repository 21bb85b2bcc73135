"""What a key does: the terminal's state travels with each request, so the server keeps none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from towline_sandbox.stage.canvas import Canvas
from towline_sandbox.stage.screens import (
    PAGE_ROWS,
    Frame,
    display_item,
    item_list,
    no_answer,
    order_list,
    sign_on,
)
from towline_sandbox.stage.world import ErpItem, IbmIView, StageBackend
from towline_shared.errors import TowlineError

__all__ = ["Display", "Keystroke", "press", "read_price"]

_MOST = Decimal("9999999.99")  # PACKED(9,2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keystroke:
    """One press of Enter or of a function key.

    Attributes:
        screen: WRKITM, WRKWEBORD, DSPITM or SIGNON.
        top: number of the first item of the list.
        key: ENTER, F3, F5, F10, F12, PageUp, PageDown; AUTO refreshes what is shown.
        fields: what stands in the input-capable fields, by name.
        message: what line 24 shows now; AUTO keeps it.
        item: the item DSPITM shows.
    """

    screen: str = "WRKITM"
    top: str = ""
    key: str = "F5"
    fields: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What the terminal shows next.

    Attributes:
        changed: items whose price this press changed; the shop window puts them first.
        shown: items that are listed now.
        alarm: the keyboard would lock and the terminal beep.
    """

    canvas: Canvas
    screen: str
    top: str = ""
    item: str = ""
    message: str = ""
    alarm: bool = False
    changed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()


async def press(
    backend: StageBackend, key: Keystroke, *, now: datetime, ibmi: IbmIView | None
) -> Display:
    """Do what a key does and build the next display; errors of the backend become messages."""
    frame = Frame(system=ibmi.system if ibmi else "", now=now)
    if ibmi is None or ibmi.state == "stopped":
        why = "The simulated IBM i does not answer. It comes back by itself."
        return Display(canvas=no_answer(frame, why), screen=key.screen, top=key.top)
    if ibmi.state == "restricted":
        why = (
            "All subsystems are ended for the nightly save. Users wait at their terminals, the "
            "web shop does not: it keeps selling, and Towline keeps its orders."
        )
        screen = no_answer(frame, why, restricted=True)
        return Display(canvas=screen, screen=key.screen, top=key.top)
    try:
        return await _dispatch(backend, key, frame)
    except TowlineError as error:
        return await _with_error(backend, key, frame, error)


async def _dispatch(backend: StageBackend, key: Keystroke, frame: Frame) -> Display:
    if key.screen == "SIGNON" and key.key != "ENTER":
        return Display(canvas=sign_on(frame), screen="SIGNON", top=key.top)
    if key.key == "F3":
        frame = replace(frame, message="You are signed off. Nothing stops: the jobs run in batch.")
        return Display(canvas=sign_on(frame), screen="SIGNON", top=key.top, message=frame.message)
    if key.key == "F10":
        return await _orders(backend, key.top, frame)
    if key.screen == "WRKWEBORD" and key.key in ("F5", "AUTO", "ENTER"):
        return await _orders(backend, key.top, frame)
    if key.screen == "DSPITM" and key.key == "AUTO":
        return await _display(backend, key.item, key.top, frame)
    if key.screen == "WRKITM":
        return await _items_key(backend, key, frame)
    return await _list(backend, key.top, frame)


async def _items_key(backend: StageBackend, key: Keystroke, frame: Frame) -> Display:
    if key.key == "AUTO":
        return await _list(backend, key.top, replace(frame, message=key.message))
    if key.key == "PageDown":
        items = await backend.items(position=key.top, count=PAGE_ROWS + 1)
        if len(items) <= PAGE_ROWS:
            return await _list(
                backend, key.top, replace(frame, message="Already at bottom of area.")
            )
        return await _list(backend, items[-1].number, frame)
    if key.key == "PageUp":
        before = await backend.items_before(position=key.top, count=PAGE_ROWS)
        if not before:
            return await _list(backend, key.top, replace(frame, message="Already at top of area."))
        return await _list(backend, before[0].number, frame)
    if key.key != "ENTER":
        return await _list(backend, key.top, frame)
    position = key.fields.get("position", "").strip().upper()
    if position:
        return await _list(backend, position, frame)
    option = _option(key.fields)
    if option is not None:
        number, chosen = option
        if chosen == "5":
            return await _display(backend, number, key.top, frame)
        wrong = replace(
            frame,
            message=f"Option {chosen} is not allowed.",
            alarm=True,
            typed=key.fields,
            wrong=frozenset({f"option:{number}"}),
        )
        return await _list(backend, key.top, wrong)
    return await _change_prices(backend, key, frame)


async def _change_prices(backend: StageBackend, key: Keystroke, frame: Frame) -> Display:
    items = await backend.items(position=key.top, count=PAGE_ROWS + 1)
    wanted: list[tuple[ErpItem, Decimal]] = []
    for item in items[:PAGE_ROWS]:
        name = f"price:{item.number}"
        typed = key.fields.get(name, "").strip()
        if not typed:
            continue
        price = read_price(typed)
        if price is None:
            return _shown(
                items,
                key.top,
                replace(
                    frame,
                    typed=key.fields,
                    wrong=frozenset({name}),
                    alarm=True,
                    message=f"Price {typed[:12]} is not valid. Type it like 12.90.",
                ),
            )
        if price != item.price:
            wanted.append((item, price))
    rows: list[int] = []
    for item, price in wanted:
        change = await backend.change_price(item=item.number, price=price)
        if change.outbox_id is not None:
            rows.append(change.outbox_id)
    message = _changed_message(len(wanted), rows)
    if len(wanted) == 1 and not wanted[0][0].web:
        message += " It is not for the web."
    frame = replace(frame, message=message)
    display = await _list(backend, key.top, frame)
    return replace(display, changed=tuple(item.number for item, _ in wanted))


def _changed_message(count: int, rows: Sequence[int]) -> str:
    if not count:
        return ""
    what = "Price changed." if count == 1 else f"{count} prices changed."
    if not rows:
        return f"{what} Trigger ITMPRC rang the doorbell."
    if len(rows) == 1:
        return f"{what} Trigger ITMPRC wrote outbox row {rows[0]}."
    return f"{what} Trigger ITMPRC wrote outbox rows {min(rows)} to {max(rows)}."


async def _list(backend: StageBackend, top: str, frame: Frame) -> Display:
    return _shown(await backend.items(position=top, count=PAGE_ROWS + 1), top, frame)


def _shown(items: Sequence[ErpItem], top: str, frame: Frame) -> Display:
    listed = items[:PAGE_ROWS]
    return Display(
        canvas=item_list(frame, listed, more=len(items) > PAGE_ROWS),
        screen="WRKITM",
        top=listed[0].number if listed else top,
        message=frame.message,
        alarm=frame.alarm,
        shown=tuple(item.number for item in listed),
    )


async def _orders(backend: StageBackend, top: str, frame: Frame) -> Display:
    orders = await backend.web_orders(count=PAGE_ROWS + 1)
    return Display(canvas=order_list(frame, orders), screen="WRKWEBORD", top=top)


async def _display(backend: StageBackend, number: str, top: str, frame: Frame) -> Display:
    found = await backend.items(position=number, count=1)
    if not found or found[0].number != number:
        return await _list(
            backend, top, replace(frame, message=f"Item {number} is gone.", alarm=True)
        )
    return Display(canvas=display_item(frame, found[0]), screen="DSPITM", top=top, item=number)


async def _with_error(
    backend: StageBackend, key: Keystroke, frame: Frame, error: TowlineError
) -> Display:
    frame = replace(frame, message=error.what, alarm=True, typed=key.fields)
    try:
        return await _list(backend, key.top, frame)
    except TowlineError:
        return Display(
            canvas=no_answer(frame, str(error)), screen=key.screen, top=key.top, alarm=True
        )


def _option(fields: Mapping[str, str]) -> tuple[str, str] | None:
    for name, value in fields.items():
        if name.startswith("option:") and value.strip():
            return name.removeprefix("option:"), value.strip()
    return None


def read_price(typed: str) -> Decimal | None:
    """Read what a person typed into a PACKED(9,2) field; None when it can't be one.

    Both a point and a comma separate the decimals, as a job's decimal format may be either.
    """
    text = typed.strip().replace(" ", "")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    if not price.is_finite() or price < 0 or price > _MOST:
        return None
    rounded = price.quantize(Decimal("0.01"))
    return rounded if rounded == price else None
