"""CCSIDs: every table is sound, and text is read or refused."""

from __future__ import annotations

import pytest

from towline_agent.ibmi.ccsid import (
    SINGLE_BYTE,
    check_text,
    codec_name,
    decode_text,
    encode_text,
)

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@pytest.mark.parametrize("ccsid", SINGLE_BYTE)
def test_each_table_has_its_letters_where_every_ebcdic_has_them(ccsid: int) -> None:
    """A-Z and 0-9 stand at the same bytes in all tables; a broken table would move them."""
    assert encode_text(PLAIN, ccsid) == PLAIN.encode("cp037")
    assert decode_text(PLAIN.encode("cp037"), ccsid) == PLAIN
    assert not codec_name(ccsid).endswith("ms")


@pytest.mark.parametrize(("ccsid", "at"), [(37, 0x7C), (273, 0xB5), (297, 0x44), (500, 0x7C)])
def test_variant_characters_differ_by_ccsid(ccsid: int, at: int) -> None:
    """The commercial at of an e-mail address shows a wrong CCSID first."""
    assert encode_text("@", ccsid) == bytes([at])


@pytest.mark.parametrize(("old", "new"), [(37, 1140), (273, 1141), (500, 1148)])
def test_the_euro_sign_exists_in_the_newer_tables_only(old: int, new: int) -> None:
    """It is refused, not replaced, where the CCSID does not have it."""
    assert decode_text(encode_text("€", new), new) == "€"
    with pytest.raises(ValueError, match="does not have"):
        encode_text("€", old)


def test_bytes_are_no_text() -> None:
    """65535 says so; a double-byte CCSID is left to Db2."""
    with pytest.raises(ValueError, match="65535 means bytes"):
        codec_name(65535)
    with pytest.raises(ValueError, match="let Db2 convert"):
        codec_name(5031)


REQUIRED = (
    37, 273, 277, 278, 280, 284, 285, 297, 500, 871,
    1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147, 1148, 1149,
)  # fmt: skip


@pytest.mark.parametrize("ccsid", REQUIRED)
def test_every_byte_is_one_character_of_its_own(ccsid: int) -> None:
    """256 bytes are 256 characters, and all but the second newline come back as they were."""
    every = bytes(range(256))
    text = every.decode(codec_name(ccsid))
    assert len(text) == 256
    again = text.encode(codec_name(ccsid))
    assert [byte for byte in range(256) if again[byte] != byte] in ([], [0x15])


def test_a_fill_of_high_values_is_named() -> None:
    """*HIVAL is an end mark of programs, not a text."""
    with pytest.raises(ValueError, match=r"x'FF' throughout \(\*HIVAL\)"):
        decode_text(b"\xff" * 5, 37)


def test_ucs2_takes_no_surrogates() -> None:
    """CCSID 13488 has no character beyond the first plane; 1200 has."""
    assert decode_text(encode_text("漢😀", 1200), 1200) == "漢😀"
    with pytest.raises(ValueError, match="outside UCS-2"):
        encode_text("😀", 13488)
    with pytest.raises(ValueError, match="at byte 1"):
        decode_text(b"\xd8\x3d", 1200)


def test_a_hole_in_a_table_is_refused() -> None:
    """CCSID 424 leaves bytes undefined."""
    with pytest.raises(ValueError, match="is no text in CCSID 424 at byte 2"):
        decode_text(b"\xc1\x70", 424)


def test_text_of_other_sources_keeps_the_same_rules() -> None:
    """One spelling of newlines; no control characters, no half of a pair."""
    assert check_text("a\r\nb\x85c\td") == "a\nb\nc\td"
    with pytest.raises(ValueError, match=r"U\+0007 at 2"):
        check_text("a\x07")
    with pytest.raises(ValueError, match="half a surrogate pair at 1"):
        check_text("\ud83d")


@pytest.mark.parametrize("data", [b"\xc1\x3f\xc2", b"\xc1\x0e\xc2", b"\xc1\x00"])
def test_control_and_substitution_characters_are_refused(data: bytes) -> None:
    """A replacement character would be a guess."""
    with pytest.raises(ValueError, match="control character"):
        decode_text(data, 37)


def test_both_newlines_are_newlines() -> None:
    """Programs write x'15' and x'25'."""
    assert decode_text(b"\xc1\x15\xc2\x25\xc3", 37) == "A\nB\nC"


def test_never_written_fields_are_none() -> None:
    """x'00' throughout is *LOVAL; blanks are an empty text."""
    assert decode_text(b"\x00" * 5, 37) is None
    assert decode_text(b"\x40" * 5, 37) == ""


def test_unicode_ccsids_are_read_strictly() -> None:
    """A cut UTF-8 character is refused with its place."""
    assert decode_text("Käthe".encode(), 1208) == "Käthe"
    with pytest.raises(ValueError, match="at byte 2"):
        decode_text("K\u00e4".encode()[:-1], 1208)
