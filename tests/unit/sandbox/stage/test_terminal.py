"""What keys do, over the scripted world."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.scripted import ScriptedBackend
from towline_sandbox.stage.terminal import Display, Keystroke, press, read_price
from towline_sandbox.stage.world import IbmIView

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UP = IbmIView(system="NORDWIND")


def typed(backend: ScriptedBackend, key: Keystroke, ibmi: IbmIView | None = UP) -> Display:
    """Press a key."""
    return asyncio.run(press(backend, key, now=NOW, ibmi=ibmi))


def text_of(display: Display) -> str:
    """Return the whole display as text."""
    return "\n".join(display.canvas.plain())


def test_a_typed_price_is_changed_and_the_trigger_is_told() -> None:
    """Enter changes what differs, and line 24 names the outbox row."""
    backend = ScriptedBackend()
    key = Keystroke(key="ENTER", top="FA-10040", fields={"price:FA-10040": "13,50"})
    display = typed(backend, key)
    assert backend.catalogue["FA-10040"].price == Decimal("13.50")
    assert display.changed == ("FA-10040",)
    assert display.message == "Price changed. Trigger ITMPRC wrote outbox row 2041."
    assert display.message in text_of(display)


def test_enter_without_a_change_changes_nothing() -> None:
    """The same price typed again rings no bell."""
    backend = ScriptedBackend()
    display = typed(backend, Keystroke(key="ENTER", fields={"price:CA-20010": " 64 "}))
    assert (display.changed, display.message, backend.outbox_total) == ((), "", 2040)


def test_a_price_that_no_shop_shows_says_so() -> None:
    """Nobody waits for an item the ERP does not flag for the web."""
    backend = ScriptedBackend()
    backend.catalogue["CA-20010"] = replace(backend.catalogue["CA-20010"], web=False)
    display = typed(backend, Keystroke(key="ENTER", fields={"price:CA-20010": "7.00"}))
    assert display.message.endswith("It is not for the web.")
    assert display.message in text_of(display)


def test_several_prices_are_changed_with_one_enter() -> None:
    """The message names the first and the last outbox row."""
    fields = {"price:CA-20010": "7.00", "price:CA-20011": "65"}
    display = typed(ScriptedBackend(), Keystroke(key="ENTER", fields=fields))
    expected = "2 prices changed. Trigger ITMPRC wrote outbox rows 2041 to 2042."
    assert display.message == expected


def test_one_wrong_price_stops_them_all() -> None:
    """Nothing is changed before everything that was typed can be read."""
    backend = ScriptedBackend()
    fields = {"price:CA-20010": "7.00", "price:CA-20011": "6x"}
    display = typed(backend, Keystroke(key="ENTER", fields=fields))
    assert display.alarm
    assert "Price 6x is not valid" in display.message
    assert backend.outbox_total == 2040


def test_a_locked_record_becomes_a_message() -> None:
    """The person reads who holds it, and what was typed stays."""
    backend = ScriptedBackend(broken={"lock_record"})
    display = typed(backend, Keystroke(key="ENTER", fields={"price:CA-20010": "7.00"}))
    assert display.alarm
    assert "in use by job" in display.message
    assert "7.00" in text_of(display)


@pytest.mark.parametrize("state", ["restricted", "stopped"])
def test_a_system_that_is_not_there_says_so(state: str) -> None:
    """No list, no field, one sentence."""
    display = typed(ScriptedBackend(), Keystroke(), replace(UP, state=state))
    assert not [p for row in display.canvas.rows() for p in row if p.kind == "field"]
    assert ("restricted state" if state == "restricted" else "Session ended") in text_of(display)


def test_paging_shows_every_item_once() -> None:
    """Page down to the bottom, then up to the top again."""
    backend = ScriptedBackend()
    first = typed(backend, Keystroke())
    second = typed(backend, Keystroke(key="PageDown", top=first.top))
    assert sorted(first.shown + second.shown) == sorted(backend.catalogue)
    bottom = typed(backend, Keystroke(key="PageDown", top=second.top))
    assert (bottom.top, "bottom" in bottom.message) == (second.top, True)
    assert typed(backend, Keystroke(key="PageUp", top=second.top)).shown == first.shown
    assert "top" in typed(backend, Keystroke(key="PageUp", top=first.top)).message


def test_position_to_starts_the_list_there() -> None:
    """Lower case is good enough, as item numbers are upper case."""
    display = typed(ScriptedBackend(), Keystroke(key="ENTER", fields={"position": "li-3"}))
    assert display.top == "LI-30500"


def test_options_display_or_are_refused() -> None:
    """5 shows the record; what is no option is an error at its field."""
    backend = ScriptedBackend()
    shown = typed(backend, Keystroke(key="ENTER", fields={"option:FA-10040": "5"}))
    assert (shown.screen, shown.item) == ("DSPITM", "FA-10040")
    assert (
        "Option 9 is not allowed."
        in typed(backend, Keystroke(key="ENTER", fields={"option:FA-10040": "9"})).message
    )


def test_function_keys_lead_where_their_legend_says() -> None:
    """F10 orders, F12 back, F3 sign off, Enter on again."""
    backend = ScriptedBackend()
    for screen, key, expected in (
        ("WRKITM", "F10", "WRKWEBORD"),
        ("WRKWEBORD", "F5", "WRKWEBORD"),
        ("WRKWEBORD", "F12", "WRKITM"),
        ("DSPITM", "F12", "WRKITM"),
        ("WRKITM", "F3", "SIGNON"),
        ("SIGNON", "AUTO", "SIGNON"),
        ("SIGNON", "ENTER", "WRKITM"),
    ):
        assert typed(backend, Keystroke(screen=screen, key=key)).screen == expected, (screen, key)


def test_coming_back_from_the_orders_shows_the_same_items() -> None:
    """The list's place is kept while somebody looks at something else."""
    backend = ScriptedBackend()
    orders = typed(backend, Keystroke(key="F10", top="LI-30500"))
    back = typed(backend, Keystroke(screen="WRKWEBORD", key="F12", top=orders.top))
    assert back.top == "LI-30500"


def test_a_refresh_keeps_the_message() -> None:
    """The line a person is about to read does not vanish because a number moved."""
    display = typed(ScriptedBackend(), Keystroke(key="AUTO", message="Price changed."))
    assert "Price changed." in text_of(display)


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=12))
def test_no_request_breaks_the_terminal(screen: str, key: str, value: str) -> None:
    """Whatever a request says, a display comes back."""
    fields = {"price:CA-20010": value, "option:CA-20011": value[:1], "position": ""}
    assert typed(ScriptedBackend(), Keystroke(screen=screen, key=key, fields=fields)).canvas


@given(st.text(max_size=15))
def test_a_price_is_exact_or_none(text: str) -> None:
    """Nothing is rounded, negative, endless or too large for PACKED(9,2)."""
    price = read_price(text)
    if price is not None:
        assert 0 <= price <= Decimal("9999999.99")
        assert price == price.quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12.90", "12.90"),
        ("12,9", "12.90"),
        (" 7 ", "7.00"),
        ("1.234,56", None),
        ("1e3", "1000.00"),
        ("0.005", None),
        ("NaN", None),
        ("Infinity", None),
        ("-1", None),
        ("10000000", None),
    ],
)
def test_prices_people_type(text: str, price: str | None) -> None:
    """A point or a comma, two decimals at most."""
    expected = None if price is None else Decimal(price)
    assert read_price(text) == expected
