"""Fitting texts into columns: lengths count bytes, and no character is ever halved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.catalogue import Kind, SqlType
from towline_agent.ibmi.columns import bytes_of, store
from towline_agent.ibmi.fitting import fit, pieces
from towline_shared.errors import Permanent

UTF8 = SqlType(Kind.VARCHAR, 4, ccsid=1208)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(("text", "size"), [("abcd", 4), ("üü", 4), ("€", 3), ("\U0001f381", 4)])
def test_a_length_counts_bytes(text: str, size: int) -> None:
    """In CCSID 1208 a character takes one to four bytes; in CCSID 37 always one."""
    assert bytes_of(text, 1208) == size
    assert bytes_of("üü", 37) == 2


def test_a_text_of_too_many_bytes_is_refused() -> None:
    """What Db2 would refuse is refused before it is sent."""
    assert store(UTF8, "üü", where="VALUE") == "üü"
    with pytest.raises(Permanent, match="SQL0404"):
        store(UTF8, "üüa", where="VALUE")


@given(text=TEXT, length=st.integers(min_value=4, max_value=20))
def test_pieces_put_together_are_the_text(text: str, length: int) -> None:
    """Each part fits, none but that of an empty text is empty, and nothing is lost between."""
    parts = list(pieces(text, length=length, ccsid=1208))
    assert "".join(parts) == text
    assert all(bytes_of(part, 1208) <= length for part in parts)
    assert parts == [""] or all(parts)


@given(text=TEXT, length=st.integers(min_value=4, max_value=20))
def test_a_fitted_text_fits_in_bytes(text: str, length: int) -> None:
    """Whatever the shop sends, the result can be stored."""
    for ccsid in (37, 1208):
        fitted = fit(text, length=length, ccsid=ccsid)
        store(SqlType(Kind.VARCHAR, length, ccsid=ccsid), fitted, where="NAME")
