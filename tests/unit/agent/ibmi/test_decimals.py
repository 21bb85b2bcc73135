"""Numbers from bytes: every legal sign, every classic dirt, nothing rounded."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.decimals import (
    check_length,
    pack,
    read_binary,
    read_float,
    read_packed,
    read_zoned,
    scale,
    write_float,
    zone,
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("4040404040", "is blank"),
        ("0000000000", r"is x'00' \(\*LOVAL\)"),
        ("FFFFFFFFFF", r"is x'FF' \(\*HIVAL\)"),
        ("00000A000F", "no digit"),
        ("0000000001", "the sign nibble 1"),
    ],
)
def test_the_dirt_of_packed_fields_is_named(data: str, why: str) -> None:
    """Fills that programs leave are told apart from stray bytes."""
    with pytest.raises(ValueError, match=why):
        read_packed(bytes.fromhex(data), 9, 2)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("4040404040", "is blank"),
        ("FFFFFFFFFF", r"is x'FF' \(\*HIVAL\)"),
        ("40F0F0F0F1", "zone other than F"),
        ("F0F0F0F0FA", "no digit"),
        ("F0F0F0F051", "the sign nibble 5"),
    ],
)
def test_the_dirt_of_zoned_fields_is_named(data: str, why: str) -> None:
    """A leading blank is dirt too: some programs would read it as zero, we don't."""
    with pytest.raises(ValueError, match=why):
        read_zoned(bytes.fromhex(data), 2)


@pytest.mark.parametrize("digits", [1, 2, 15, 31, 62, 63])
def test_the_largest_numbers_are_exact(digits: int) -> None:
    """More digits than arithmetic in the default context would keep, even and odd."""
    whole = 10**digits - 1
    for number in (whole, -whole):
        value = Decimal(number).scaleb(-2) if digits < 28 else Decimal(f"{number}E-2")
        assert read_packed(pack(number, digits), digits, 2) == value
        assert read_zoned(zone(number, digits), 2) == value
    with pytest.raises(ValueError, match=f"more than {digits} digits"):
        pack(whole + 1, digits)


def test_known_bytes() -> None:
    """Held against the machine's own spelling."""
    assert pack(-12345, 5) == bytes.fromhex("12345D")
    assert pack(1234, 4) == bytes.fromhex("01234F")
    assert zone(-12345, 5) == bytes.fromhex("F1F2F3F4D5")
    assert str(read_packed(bytes.fromhex("000C"), 3, 2)) == "0.00"
    assert str(read_packed(bytes.fromhex("012D"), 3, 3)) == "-0.012"


def test_binary_numbers_are_signed_or_not() -> None:
    """The same bytes are two numbers; the format says which."""
    assert read_binary(b"\xff\xfe", 0, signed=True) == -2
    assert read_binary(b"\xff\xfe", 2, signed=False) == Decimal("655.34")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20))
def test_floats_are_the_shortest_decimal_with_the_same_bits(value: float) -> None:
    """A double and the single next to it come back bit by bit, but for minus zero."""
    for length, form in ((8, ">d"), (4, ">f")):
        data = struct.pack(form, round(value, 9))
        try:
            number = read_float(data)
        except ValueError as error:
            assert "more than 80 characters" in str(error)  # noqa: PT017 - may or may not come
            continue
        assert float(number) == pytest.approx(struct.unpack(form, data)[0], rel=1e-6)
        assert write_float(number, length) == (data if number else bytes(length))


def test_a_single_is_not_shown_with_the_noise_of_a_double() -> None:
    """0.1 in four bytes is 0.1; in eight it would need 17 digits to be the same."""
    assert read_float(struct.pack(">f", 0.1)) == Decimal("0.1")
    with pytest.raises(ValueError, match="not held exactly by a float of 4"):
        write_float(Decimal("0.123456789"), 4)
    with pytest.raises(ValueError, match="not held exactly"):
        write_float(Decimal("1E39"), 4)
    with pytest.raises(ValueError, match="not held exactly"):
        write_float(Decimal("1E309"), 8)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_is_refused(value: float) -> None:
    """Neither NaN nor an infinity is a price."""
    for form in (">f", ">d"):
        with pytest.raises(ValueError, match="no finite number"):
            read_float(struct.pack(form, value))


@pytest.mark.parametrize("text", ["1E200", "1E-200", "1E999999", "NaN", "Infinity", "1" * 81])
def test_numbers_an_event_cannot_carry_are_refused(text: str) -> None:
    """Without this the relay would have to refuse them, and writing one out could fill memory."""
    with pytest.raises(ValueError, match=r"is a number of more|no finite number"):
        check_length(Decimal(text))
    if text.isdigit():
        with pytest.raises(ValueError, match="is a number of more"):
            check_length(int(text))


def test_scaling_never_rounds() -> None:
    """What has more decimals than the field is refused."""
    assert scale(Decimal("12.5"), 2) == 1250
    assert scale(7, 2) == 700
    with pytest.raises(ValueError, match="more than 2 decimals"):
        scale(Decimal("0.001"), 2)
