"""The green screen's displays: data in, a 24 x 80 canvas out. Nothing here asks anybody.

They keep to what IBM's own list displays taught generations of users: title and system on top,
instructions in blue, options, a list, ``More...`` or ``Bottom``, function keys, and the message on
the last line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from towline_sandbox.stage.canvas import COLUMNS, Canvas, Ink
from towline_sandbox.stage.world import ErpItem, WebOrder

__all__ = ["PAGE_ROWS", "Frame", "display_item", "item_list", "no_answer", "order_list", "sign_on"]

PAGE_ROWS = 12
_FIRST_ROW = 8

_STATUS = {
    "N": ("New", Ink.YELLOW),
    "A": ("Accepted", Ink.WHITE),
    "R": ("Refused", Ink.RED),
    "S": ("Shipped", Ink.TURQUOISE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every display shows around its content.

    Attributes:
        now: time of the partition, written as the job's date format *DMY does.
        message: for line 24, and the line above when it is long; ``alarm`` shows it reversed.
        typed: values the person typed that must stay, by field name, after an error.
        wrong: names of fields with a wrong value.
    """

    system: str
    now: datetime
    message: str = ""
    alarm: bool = False
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: frozenset[str] = frozenset()


def item_list(frame: Frame, items: Sequence[ErpItem], *, more: bool) -> Canvas:
    """Build WRKITM, Work with Items: a person types a new price over the old one."""
    canvas = _framed(frame, "WRKITM", "Work with Items")
    canvas.text(3, 2, "Position to  . . . .")
    canvas.field(3, 24, width=15, name="position", label="Position to item number")
    canvas.text(5, 2, "Type a new price over the old one, or an option. Press Enter.", Ink.BLUE)
    canvas.text(6, 4, "5=Display", Ink.BLUE)
    canvas.text(7, 2, "Opt  Item             Description                  Web Class", Ink.WHITE)
    canvas.text(7, 65, "Price", Ink.WHITE)
    canvas.text(7, 72, "On hand", Ink.WHITE)
    for index, item in enumerate(items[:PAGE_ROWS]):
        _item_row(canvas, frame, _FIRST_ROW + index, item)
    if not items:
        canvas.text(_FIRST_ROW, 7, "(No items from here on)")
    canvas.right(_FIRST_ROW + PAGE_ROWS, "More..." if more else "Bottom", Ink.WHITE)
    _keys(
        canvas,
        ("F3", "Exit"),
        ("F5", "Refresh"),
        ("F10", "Web orders"),
        ("F12", "Cancel"),
        ("PageUp", "Up"),
        ("PageDown", "Down"),
    )
    return canvas


def order_list(frame: Frame, orders: Sequence[WebOrder]) -> Canvas:
    """Build WRKWEBORD, Work with Web Orders: what the agent wrote and what the ERP made of it."""
    canvas = _framed(frame, "WRKWEBORD", "Work with Web Orders")
    canvas.text(3, 2, "Staging file . . . .  WEBORDH      Library . . . .  TOWLINE")
    canvas.text(5, 2, "Orders from the shop, newest first. The order-entry program", Ink.BLUE)
    canvas.text(6, 2, "gives each its own number, or refuses it with a reason.", Ink.BLUE)
    heading = "Order     ERP order   Status     Ln        Total  Shipment or reason"
    canvas.text(7, 2, heading, Ink.WHITE)
    for index, order in enumerate(orders[:PAGE_ROWS]):
        _order_row(canvas, _FIRST_ROW + index, order)
    if not orders:
        canvas.text(_FIRST_ROW, 2, "(No web orders yet. Buy something in the shop window.)")
    canvas.right(
        _FIRST_ROW + PAGE_ROWS, "Bottom" if len(orders) <= PAGE_ROWS else "More...", Ink.WHITE
    )
    _keys(canvas, ("F3", "Exit"), ("F5", "Refresh"), ("F12", "Items"))
    return canvas


def display_item(frame: Frame, item: ErpItem) -> Canvas:
    """Build DSPITM, Display Item: the record as people see it, and as the disk holds it."""
    canvas = _framed(frame, "DSPITM", "Display Item")
    canvas.text(3, 2, "Item . . . . . . . .")
    canvas.text(3, 24, item.number, Ink.WHITE)
    canvas.text(4, 2, "Description  . . . .")
    canvas.text(4, 24, item.description, Ink.WHITE)
    canvas.text(6, 2, "Field       Value                            On disk (EBCDIC)", Ink.BLUE)
    row = 7
    for name, value, raw in _record(item):
        if row > 20:
            break
        canvas.text(row, 2, name.ljust(10), Ink.TURQUOISE)
        canvas.text(row, 14, value[:31])
        canvas.text(row, 47, raw if len(raw) <= 32 else f"{raw[:31]}+", Ink.YELLOW)
        row += 1
    _keys(canvas, ("F3", "Exit"), ("F12", "Cancel"))
    return canvas


def sign_on(frame: Frame) -> Canvas:
    """Build the sign-on display; any user may come in, this is a sandbox."""
    canvas = Canvas()
    canvas.centred(1, "Sign On")
    for row, (label, value) in enumerate(
        (("System", frame.system), ("Subsystem", "QINTER"), ("Display", "QPADEV0007")), start=2
    ):
        canvas.text(row, 46, _leader(label, 13))
        canvas.text(row, 60, f":   {value}")
    rows = ("User", "Password", "Program/procedure", "Menu", "Current library")
    for row, label in enumerate(rows, start=6):
        canvas.text(row, 16, _leader(label, 31))
        name = f"sign_on_{row}"
        if label != "Password":
            canvas.field(row, 50, width=10, name=name, label=label)
    canvas.text(13, 16, "This is a sandbox: press Enter and you are in.", Ink.BLUE)
    canvas.key(22, 2, name="ENTER", text="Enter=Sign on")
    canvas.text(24, 2, frame.message, Ink.WHITE)
    return canvas


def no_answer(frame: Frame, why: str, *, restricted: bool = False) -> Canvas:
    """Build what a terminal shows when its partition is not there for users."""
    canvas = Canvas()
    canvas.right(1, frame.system)
    canvas.centred(9, "System is in restricted state" if restricted else "Session ended", Ink.WHITE)
    for row, line in enumerate(_wrapped(why, 60), start=11):
        canvas.text(row, 11, line)
    canvas.key(22, 2, name="F5", text="F5=Try again")
    return canvas


def _framed(frame: Frame, program: str, title: str) -> Canvas:
    canvas = Canvas()
    canvas.text(1, 2, program)
    canvas.centred(1, title)
    canvas.right(1, frame.system)
    canvas.right(2, frame.now.strftime("%d/%m/%y  %H:%M:%S"))
    lines = _wrapped(frame.message, COLUMNS - 2)[:2]
    for row, line in enumerate(lines, start=25 - len(lines)):
        canvas.text(row, 2, line, Ink.REVERSE if frame.alarm else Ink.WHITE)
    return canvas


def _item_row(canvas: Canvas, frame: Frame, row: int, item: ErpItem) -> None:
    price_name = f"price:{item.number}"
    option_name = f"option:{item.number}"
    canvas.field(
        row,
        3,
        width=1,
        name=option_name,
        label=f"Option for item {item.number}",
        value=frame.typed.get(option_name, ""),
        wrong=option_name in frame.wrong,
    )
    canvas.text(row, 7, item.number[:15])
    canvas.text(row, 24, item.description[:28])
    canvas.text(row, 54, "Y" if item.web else "N", Ink.GREEN if item.web else Ink.YELLOW)
    canvas.text(row, 57, item.item_class[:4])
    shown = "" if item.price is None else f"{item.price:.2f}"
    canvas.field(
        row,
        62,
        width=9,
        name=price_name,
        label=f"Price of {item.number}",
        numeric=True,
        value=frame.typed.get(price_name, shown),
        wrong=price_name in frame.wrong,
    )
    if item.on_hand is None:
        canvas.text(row, 72, "++++++++", Ink.RED)
    else:
        ink = Ink.RED if item.on_hand < 0 else Ink.GREEN
        canvas.text(row, 71, _signed(item.on_hand).rjust(9), ink)


def _signed(quantity: int) -> str:
    """Write a quantity as an edit code with a trailing minus does."""
    return f"{abs(quantity):,}-" if quantity < 0 else f"{quantity:,} "


def _order_row(canvas: Canvas, row: int, order: WebOrder) -> None:
    word, ink = _STATUS.get(order.status, (order.status, Ink.GREEN))
    canvas.text(row, 2, order.name[:9])
    canvas.text(row, 12, order.erp_order[:10])
    canvas.text(row, 24, word, ink)
    canvas.text(row, 34, f"{order.lines:3d}")
    if order.total is not None:
        canvas.text(row, 38, f"{order.total:,.2f}".rjust(12))
    canvas.text(row, 52, (order.reason or order.shipment)[:28], ink)


def _record(item: ErpItem) -> list[tuple[str, str, str]]:
    shown = [("ITNBR", item.number, _ebcdic(item.number.ljust(15)))]
    shown.append(("ITDSC", item.description[:31], _ebcdic(item.description)))
    if item.price is not None:
        shown.append(("IPPRC", f"{item.price:.2f} {item.currency}", _packed(item.price)))
    known = {name for name, _, _ in shown}
    shown += [
        (name, value, _ebcdic(value)) for name, value in item.record.items() if name not in known
    ]
    return shown


def _ebcdic(text: str) -> str:
    """Write text as the bytes of CCSID 37, in the notation of a hexadecimal literal."""
    return f"X'{text.encode('cp037', errors='replace').hex().upper()}'" if text else ""


def _packed(price: Decimal) -> str:
    """Write an amount as PACKED(9,2): a digit per half byte, the sign last (F plus, D minus)."""
    digits = f"{abs(int(price.scaleb(2))):09d}"[-9:]
    return f"X'{digits}{'D' if price < 0 else 'F'}'"


def _keys(canvas: Canvas, *keys: tuple[str, str]) -> None:
    column = 2
    for name, text in keys:
        legend = f"{name}={text}"
        canvas.key(22, column, name=name, text=legend)
        column += len(legend) + 3


def _leader(label: str, width: int) -> str:
    """Fill up a label with dots on every second column, as IBM's displays do."""
    text = f"{label}  "
    return text + "".join("." if n % 2 == 0 else " " for n in range(len(text), width))


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:8]
