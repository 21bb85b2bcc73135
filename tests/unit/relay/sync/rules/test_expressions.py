"""Mapping expressions: exact, sandboxed, and clear when they fail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_relay.sync.rules.expressions import Place, compile_expression
from towline_shared.errors import BadRecord, Misconfigured

LOOKUPS = {"fx": {"EUR": "1", "USD": "0.92"}, "uom": {"EA": "piece"}}
PLACE = Place("towline.toml", "entities.price.fields.price", 7)


def value(text: str, **row: Any) -> Any:
    return compile_expression(text, place=PLACE, lookups=LOOKUPS)(row)


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("IPPRC", {"IPPRC": Decimal("9.90")}, Decimal("9.90")),
        ("0.1 + 0.2", {}, Decimal("0.3")),
        ("IPPRC * 1.19", {"IPPRC": Decimal("10.00")}, Decimal("11.9000")),
        ("7 / 2", {}, Decimal("3.5")),
        ("max(0, A - B)", {"A": Decimal(3), "B": Decimal(5)}, Decimal(0)),
        ("P * lookup('fx', C)", {"P": Decimal("10"), "C": "USD"}, Decimal("9.20")),
        ("U | code('uom')", {"U": "EA "}, "piece"),
        ("A ~ ' ' ~ B", {"A": "x", "B": "y"}, "x y"),
        ("A | trim | upper", {"A": " ab "}, "AB"),
        ("'12.50' | decimal", {}, Decimal("12.50")),
        ("2.345 | round(2)", {}, Decimal("2.35")),
        ("-A", {"A": Decimal("1.5")}, Decimal("-1.5")),
        ("D | cyymmdd", {"D": Decimal("1261123")}, "2026-11-23"),
        ("D | cyymmdd", {"D": Decimal("991231")}, "1999-12-31"),
        ("D | cyymmdd", {"D": Decimal(0)}, ""),
        ("S == 'A' and W in ['Y', 'J']", {"S": "A", "W": "J"}, True),
        ("A if A > 0 else none", {"A": Decimal("0.00")}, None),
        ("A | default('none')", {"A": None}, "none"),
    ],
)
def test_expressions_are_exact(text: str, row: dict[str, Any], expected: Any) -> None:
    """Numbers are Decimals from their own digits; nothing is ever a float."""
    found = value(text, **row)
    assert found == expected
    assert type(found) is type(expected)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=10**9))
def test_a_literal_is_read_from_its_own_digits(number: Decimal) -> None:
    """Whatever is written in the rules is what is computed with."""
    assert value(f"{number:f} * 1") == number


@pytest.mark.parametrize(
    "text",
    [
        "A.real",
        "A['x']",
        "''.__class__",
        "lookup.__globals__",
        "range(10)",
        "cycler('a')",
        "A | attr('x')",
        "A | tojson",
        "2 ** 99",
        "{'a': 1}",
        "A }} {{ B",
        "A) + (B",
        "{% set x = 1 %}",
        "self",
        "A +",
        "",
    ],
)
def test_what_is_not_an_expression_over_columns_is_refused(text: str) -> None:
    """The sentence names file, line, field and the text."""
    with pytest.raises(Misconfigured, match="is not an expression Towline can use") as caught:
        compile_expression(text, place=PLACE, lookups=LOOKUPS)
    assert "towline.toml line 7: entities.price.fields.price" in caught.value.what


@pytest.mark.parametrize(
    ("text", "row", "why"),
    [
        ("A + 1", {"A": "5"}, "'5' is not a number"),
        ("A + 1", {"A": None}, "nothing is not a number"),
        ("A", {}, "the SELECT gives no column A"),
        ("1 / A", {"A": Decimal(0)}, "DivisionByZero"),
        ("lookup('fx', A)", {"A": "XXX"}, "'fx' has no entry 'XXX'"),
        ("lookup('none', A)", {"A": "XXX"}, "there is no lookup table 'none'"),
        ("A | decimal", {"A": "12,50"}, "'12,50' is not a plain decimal number"),
        ("A | cyymmdd", {"A": "1269999"}, "month must be in 1..12"),
        ("[A]", {"A": 1}, "the result is a list"),
        ("A * B", {"A": "x", "B": 10**9}, "'x' is not a number"),
    ],
)
def test_a_value_that_fails_is_named(text: str, row: dict[str, Any], why: str) -> None:
    """File, line, field, the expression, the columns it read, and why."""
    with pytest.raises(BadRecord) as caught:
        value(text, **row)
    assert why in caught.value.what
    assert "towline.toml line 7" in caught.value.what
    for name, cell in row.items():
        assert f"{name} = {str(cell)!r}" in caught.value.what
