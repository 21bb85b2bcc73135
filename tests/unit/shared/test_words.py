"""Bits as words: the published examples, and the way back."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.words import as_words

# D. S. Wilkerson, https://arxiv.org/abs/0901.4016, the table of the paper's appendix.
PUBLISHED = {
    "127.0.0.1": "lusab-babad",
    "63.84.220.193": "gutih-tugad",
    "63.118.7.35": "gutuk-bisog",
    "140.98.193.141": "mudof-sakat",
    "64.255.6.200": "haguz-biram",
    "128.30.52.45": "mabiv-gibot",
    "147.67.119.2": "natag-lisaf",
    "212.58.253.68": "tibup-zujah",
    "216.35.68.215": "tobog-higil",
    "216.68.232.21": "todah-vobij",
    "198.81.129.136": "sinid-makam",
    "12.110.110.204": "budov-kuras",
}


@pytest.mark.parametrize(("address", "words"), PUBLISHED.items())
def test_words_are_those_of_the_paper(address: str, words: str) -> None:
    """The construction is the published one, so other programs can say the same words."""
    assert as_words(ipaddress.IPv4Address(address).packed) == words


@given(bits=st.binary(min_size=2, max_size=10).filter(lambda bits: len(bits) % 2 == 0))
def test_words_can_be_read_back(bits: bytes) -> None:
    """No two values share their words: the letters give back every bit."""
    back = b""
    for word in as_words(bits).split("-"):
        number = 0
        for place, letter in enumerate(word):
            if place % 2:
                number = number << 2 | "aiou".index(letter)
            else:
                number = number << 4 | "bdfghjklmnprstvz".index(letter)
        back += number.to_bytes(2, "big")
    assert back == bits


def test_half_a_word_is_refused() -> None:
    """A lone byte has no word; it is not padded in silence."""
    with pytest.raises(ValueError, match="3 bytes"):
        as_words(b"abc")
