"""Mixed text: framing is checked everywhere, tables are used where the host has them."""

from __future__ import annotations

import pytest

from towline_agent.ibmi import dbcs
from towline_agent.ibmi.ccsid import check, codec_name, decode_text, encode_text
from towline_agent.ibmi.dbcs import MIXED, check_frames, table


def _offered() -> list[int]:
    """Return the CCSIDs this host has a table for."""
    found = []
    for ccsid in MIXED:
        try:
            table(ccsid)
        except ValueError:
            continue
        found.append(ccsid)
    return found


OFFERED = _offered()
NATIONAL = {
    930: "日本", 939: "日本", 1390: "日本", 1399: "日本", 933: "한국", 1364: "한국", 935: "中国",
    1388: "中国", 937: "中國", 1371: "中國",
    5026: "日本", 5035: "日本",
}  # fmt: skip


@pytest.mark.parametrize(
    "data", ["", "C1C2", "0E456245660F", "C10E45620FC2", "0E0F", "0E45620F0E45660F"]
)
def test_sound_framing_passes(data: str) -> None:
    """Single bytes, pairs between the shifts, an empty shift, two shifts in a row."""
    check_frames(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("C10E4562", r"without a shift-in at byte 2"),
        ("C1450F", r"without a shift-out at byte 3"),
        ("0E45620E45660F", r"within another at byte 4"),
        ("0E450F", r"half a double-byte character at byte 2"),
        ("0E4562450F", r"half a double-byte character at byte 4"),
        ("0E456245", r"half a double-byte character at byte 4"),
    ],
)
def test_a_record_cut_within_a_character_is_refused_with_its_place(data: str, why: str) -> None:
    """The classic damage of a field that was moved by bytes."""
    with pytest.raises(ValueError, match=why):
        check_frames(bytes.fromhex(data))


@pytest.mark.parametrize("ccsid", OFFERED)
def test_national_text_survives_both_ways(ccsid: int) -> None:
    """Letters stay single bytes, the rest is framed; trailing blanks go."""
    text = f"A{NATIONAL[ccsid]}B1"
    data = encode_text(text, ccsid)
    assert (data[:2], data[-3:]) == (b"\xc1\x0e", b"\x0f\xc2\xf1")
    assert decode_text(data + b"\x40\x40", ccsid) == text
    check(ccsid)
    with pytest.raises(ValueError, match="let Db2 convert"):
        codec_name(ccsid)  # whoever needs a codec of Python's own has none


@pytest.mark.skipif(930 not in OFFERED, reason="this host has no table for CCSID 930")
def test_known_bytes() -> None:
    """Two characters every table of Japanese agrees on, in IBM's own bytes."""
    assert decode_text(bytes.fromhex("0E456245660F"), 930) == "日本"
    with pytest.raises(ValueError, match="does not have"):
        encode_text("😀", 930)
    with pytest.raises(ValueError, match="is no text in CCSID 930"):
        decode_text(bytes.fromhex("0EFEFE0F"), 930)


@pytest.mark.skipif(5035 not in OFFERED, reason="this host has no table for CCSID 5035")
def test_user_defined_characters_are_read_and_not_written_where_the_ccsid_has_fewer() -> None:
    """The table of 939 has more of them than 5035; which ones the file may hold is not known."""
    data = encode_text("\ue000", 939)
    assert decode_text(data, 5035) == "\ue000"
    with pytest.raises(ValueError, match="does not have"):
        encode_text("\ue000", 5035)


def test_without_a_table_the_ccsid_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host without iconv says so at settings time, before a record comes."""

    def none(source: str, target: str) -> object:
        raise OSError("no conversion")

    monkeypatch.setattr(dbcs, "_iconv", none)
    for ccsid in (937, 5026, 5031):
        with pytest.raises(ValueError, match=f"CCSID {ccsid} has no double-byte table.*let Db2"):
            table.__wrapped__(ccsid)


def test_a_table_that_moves_letters_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof on letters and digits is made before the first use."""
    monkeypatch.setattr(dbcs, "_iconv", lambda source, target: lambda data: data[::-1])
    with pytest.raises(ValueError, match="no double-byte table"):
        table.__wrapped__(937)
