"""Record formats: what is read is exact, what can't be read is refused with its bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.port import Unread
from towline_agent.ibmi.records import (
    Field,
    RecordFormat,
    decode,
    decode_field,
    encode,
    encode_field,
)
from towline_shared.errors import BadRecord

PACKED = Field("PRICE", "packed", digits=9, decimals=2)
ZONED = Field("QTY", "zoned", digits=5)


@st.composite
def numbers(draw: st.DrawFn) -> tuple[Field, Decimal]:
    """A packed or zoned field and a number that fits it."""
    kind = draw(st.sampled_from(["packed", "zoned"]))
    digits = draw(st.integers(1, 63))
    decimals = draw(st.integers(0, digits))
    whole = draw(st.integers(-(10**digits - 1), 10**digits - 1))
    sign, figures, _ = Decimal(whole).as_tuple()
    return Field("N", kind, digits=digits, decimals=decimals), Decimal((sign, figures, -decimals))


@given(numbers())
def test_numbers_survive_both_ways(case: tuple[Field, Decimal]) -> None:
    """Any number that fits comes back equal, with exactly the field's decimals."""
    field, number = case
    data = encode_field(field, number)
    assert len(data) == field.size
    back = decode_field(field, data)
    assert isinstance(back, Decimal)
    assert back == number
    assert back.as_tuple().exponent == -field.decimals


@given(st.binary(min_size=5, max_size=5))
def test_any_five_bytes_are_a_number_or_refused(data: bytes) -> None:
    """No bytes crash the reader, and what is accepted has digits and a sign."""
    text = data.hex()
    if text[:-1].isdigit() and text[-1] in "abcdef":
        assert isinstance(decode_field(PACKED, data), Decimal)
        return
    with pytest.raises(BadRecord) as caught:
        decode_field(PACKED, data)
    assert caught.value.raw_hex == text.upper()
    assert caught.value.field == "PRICE"


@pytest.mark.parametrize(
    ("sign", "value"),
    [("a", 12345), ("b", -12345), ("c", 12345), ("d", -12345), ("e", 12345), ("f", 12345)],
)
def test_every_legal_sign_nibble_is_read(sign: str, value: int) -> None:
    """A, C, E, F are plus; B and D are minus; in packed and in zoned."""
    assert decode_field(Field("P", "packed", digits=5), bytes.fromhex("12345" + sign)) == value
    assert decode_field(ZONED, bytes.fromhex("f1f2f3f4" + sign + "5")) == value


@pytest.mark.parametrize("sign", "0123456789")
def test_a_digit_is_no_sign(sign: str) -> None:
    """A sign nibble below A is refused with its name."""
    with pytest.raises(BadRecord, match=f"sign nibble {sign}"):
        decode_field(Field("P", "packed", digits=5), bytes.fromhex("12345" + sign))


def test_minus_zero_is_zero() -> None:
    """x'0D' is no negative amount."""
    value = decode_field(Field("P", "packed", digits=1), b"\x0d")
    assert str(value) == "0"


def test_blanks_are_refused_unless_the_format_says_none() -> None:
    """Blank zoned fields are the classic dirt: never read as zero."""
    with pytest.raises(BadRecord, match="is blank"):
        decode_field(ZONED, b"\x40" * 5)
    with pytest.raises(BadRecord, match="is x'00'"):
        decode_field(ZONED, b"\x00" * 5)
    tolerant = Field("QTY", "zoned", digits=5, blank_is_none=True)
    assert decode_field(tolerant, b"\x40" * 5) is None


def test_a_digit_too_many_is_refused() -> None:
    """An even number of packed digits leaves a nibble that must be zero."""
    even = Field("P", "packed", digits=4)
    assert decode_field(even, bytes.fromhex("01234f")) == 1234
    with pytest.raises(BadRecord, match="more than 4 digits"):
        decode_field(even, bytes.fromhex("91234f"))


@pytest.mark.parametrize("length", [2, 4, 8])
def test_binary_numbers_are_big_endian_and_signed(length: int) -> None:
    """Two, four and eight bytes; implied decimals make a Decimal."""
    plain = Field("B", "binary", length=length)
    assert decode_field(plain, b"\xff" * length) == -1
    assert decode_field(plain, encode_field(plain, 258)) == 258
    scaled = Field("B", "binary", length=length, decimals=2)
    assert decode_field(scaled, encode_field(scaled, Decimal("-1.25"))) == Decimal("-1.25")


def test_text_is_right_trimmed_only() -> None:
    """Leading blanks stay: business units are right-justified."""
    field = Field("T", "char", length=6)
    assert decode_field(field, "  AB  ".encode("cp037")) == "  AB"
    assert decode_field(field, encode_field(field, "ab")) == "ab"


def test_varchar_carries_its_length() -> None:
    """Two length bytes, then the reserved bytes; a longer length than reserved is refused."""
    field = Field("V", "varchar", length=5)
    assert decode_field(field, encode_field(field, "abc")) == "abc"
    with pytest.raises(BadRecord, match="says it is 9 bytes long"):
        decode_field(field, b"\x00\x09" + b"\x81" * 5)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        (PACKED, Decimal("12345678.90"), "more than 9 digits"),
        (PACKED, Decimal("1.234"), "more than 2 decimals"),
        (PACKED, "12", "needs a number"),
        (PACKED, Decimal("NaN"), "needs a finite number"),
        (Field("T", "char", length=3), "abcd", "takes 4 bytes"),
        (Field("T", "char", length=3), "€", "CCSID 37 does not have"),
        (Field("B", "binary", length=2), 40000, "does not fit 2 bytes"),
    ],
)
def test_what_does_not_fit_is_refused_without_being_shown(
    field: Field, value: str | Decimal | int, why: str
) -> None:
    """Nothing is cut or rounded, and the sentence does not repeat the value."""
    with pytest.raises(BadRecord, match=why) as caught:
        encode_field(field, value)
    assert str(value) not in caught.value.what


def test_graphic_text_counts_characters() -> None:
    """Two bytes each, UTF-16 unless the field says UCS-2; never the record's EBCDIC."""
    fixed = Field("G", "graphic", length=4)
    assert encode_field(fixed, "AB") == bytes.fromhex("0041004200200020")
    assert decode_field(fixed, bytes.fromhex("6F225B5700200020"), ccsid=37) == "漢字"
    varying = Field("G", "vargraphic", length=4, ccsid=13488)
    assert encode_field(varying, "AB") == bytes.fromhex("0002004100420000" + "0000")
    with pytest.raises(BadRecord, match="says it is 5 characters long and has 4"):
        decode_field(varying, b"\x00\x05" + bytes(8))


def test_dates_times_and_timestamps_take_their_own_bytes() -> None:
    """Their length follows from their form; their text is in the record's CCSID."""
    record = RecordFormat(
        "R",
        (
            Field("D", "date", date="*dmy."),
            Field("T", "time", time="*iso"),
            Field("Z", "timestamp", digits=12),
            Field("P", "packed", digits=7, date="cyymmdd"),
            Field("C", "char", length=10, date="yyyymmdd"),
        ),
        ccsid=273,
    )
    assert record.size == 8 + 8 + 32 + 4 + 10
    values = {
        "D": "2026-11-23",
        "T": "24:00:00",
        "Z": "2026-11-23T08:30:00.123456789012",
        "P": None,
        "C": "2026-11-23",
    }
    data = encode(record, values)
    assert data[:16] == "23.11.2624.00.00".encode("cp273")
    assert decode(record, data) == values
    with pytest.raises(BadRecord, match="no timestamp of 32 characters"):
        decode_field(record.fields[2], "2026-11-23-08.30.00".ljust(32).encode("cp037"))


def test_a_null_map_goes_before_the_bytes() -> None:
    """x'F1' is null whatever stands there; a map of another shape is none."""
    record = RecordFormat("R", (ZONED, Field("", "filler", length=1), Field("T", "char", length=1)))
    data = b"\x40" * 5 + b"\x00" + b"\xc1"
    assert decode(record, data, b"\xf1\xf0\xf0") == {"QTY": None, "T": "A"}
    assert isinstance(decode(record, data, b"\xf0\xf0\xf1")["QTY"], Unread)
    for nulls in (b"\xf1", b"\xf1\xf0\x00"):
        with pytest.raises(BadRecord, match="null map of R"):
            decode(record, data, nulls)


def test_unsigned_and_float_fields() -> None:
    """Their bytes are the machine's: big-endian, IEEE."""
    unsigned = Field("U", "unsigned", length=2)
    assert decode_field(unsigned, b"\xff\xff") == 65535
    with pytest.raises(BadRecord, match="does not fit 2 bytes"):
        encode_field(unsigned, -1)
    single = Field("F", "float", length=4)
    assert decode_field(single, encode_field(single, Decimal("0.1"))) == Decimal("0.1")


def test_control_characters_are_not_written() -> None:
    """What the reader would refuse is refused before it is written."""
    with pytest.raises(BadRecord, match="control character"):
        encode_field(Field("T", "char", length=5), "a\x00b")


def test_a_record_is_read_field_by_field() -> None:
    """Fillers are skipped; a bad field becomes Unread and its neighbours stay."""
    record = RecordFormat(
        "TOWLINE/WEBPRICE",
        (Field("SKU", "char", length=5), Field("", "filler", length=2), PACKED),
    )
    data = encode(record, {"SKU": "A-1", "PRICE": Decimal("9.90")})
    assert decode(record, data) == {"SKU": "A-1", "PRICE": Decimal("9.90")}
    cells = decode(record, data[:-5] + b"\x40" * 5)
    assert cells["SKU"] == "A-1"
    assert isinstance(cells["PRICE"], Unread)
    with pytest.raises(BadRecord, match="needs a value for PRICE"):
        encode(record, {"SKU": "A-1"})


def test_a_record_of_another_length_is_refused_whole() -> None:
    """No field of it can be trusted."""
    with pytest.raises(BadRecord, match="has 3 bytes; its format has 5"):
        decode(RecordFormat("R", (ZONED,)), b"\xf1" * 3)
