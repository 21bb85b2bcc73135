"""A sealed value opens under its key, at its place, unchanged; and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.envelope import Unopenable
from towline_shared.errors import Misuse
from towline_shared.row_seal import RowSeal

SEAL = RowSeal(b"k" * 32)
PLACE = ("stream_row", "relay", "changes", "out", 7)


@given(st.binary(max_size=2000))
def test_what_was_sealed_opens_again(value: bytes) -> None:
    """Any bytes, and never twice the same text."""
    sealed = SEAL.seal(value, *PLACE)
    assert SEAL.open(sealed, *PLACE) == value
    assert sealed != SEAL.seal(value, *PLACE)
    assert len(sealed) == len(value) + 29


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_does_not_open(at: int, by: int) -> None:
    """Form, nonce, text and tag are all held."""
    sealed = bytearray(SEAL.seal(b"a price of 12.50 in a row of 32b", *PLACE))
    sealed[at % len(sealed)] ^= by
    with pytest.raises(Unopenable):
        SEAL.open(bytes(sealed), *PLACE)


@pytest.mark.parametrize(
    "place",
    [
        ("stream_row", "relay", "changes", "out", 8),
        ("stream_row", "relay", "changes", "in", 7),
        ("stream_row", "relaych", "anges", "out", 7),
        ("stream_row", "relay", "changes", "out7"),
        (),
    ],
)
def test_a_value_that_was_moved_does_not_open(place: tuple[object, ...]) -> None:
    """Neither to another row nor where the parts of the place only read alike."""
    sealed = SEAL.seal(b"12.50", *PLACE)
    with pytest.raises(Unopenable, match="changed or moved"):
        SEAL.open(sealed, *place)


def test_another_key_does_not_open_and_is_not_shown() -> None:
    """The sentence names the place, never a key or a value."""
    with pytest.raises(Unopenable) as caught:
        RowSeal(b"x" * 32).open(SEAL.seal(b"12.50", *PLACE), *PLACE)
    assert "stream_row relay changes out 7" in str(caught.value)
    assert "kkkk" not in str(caught.value)
    assert "12.50" not in str(caught.value)


def test_a_key_of_another_size_is_a_bug() -> None:
    """AES would take 16 bytes too."""
    with pytest.raises(Misuse):
        RowSeal(b"k" * 16)
