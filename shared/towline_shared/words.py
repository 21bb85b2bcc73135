"""Bits as words that people can say over the telephone: proquints.

16 bits give one word of five letters, consonants of 4 bits and vowels of 2 in turn, so that every
word can be said in most languages and none is more likely than another. There is no list of words
to keep, to translate or to own: the alphabet below is the whole construction.

D. S. Wilkerson, "A Proposal for Proquints: Identifiers that are Readable, Spellable, and
Pronounceable", https://arxiv.org/abs/0901.4016; its own example is 127.0.0.1 = lusab-babad.
"""

from __future__ import annotations

__all__ = ["as_words"]

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"


def as_words(bits: bytes) -> str:
    """Return one word for each two bytes, with hyphens between them.

    Raises:
        ValueError: the number of bytes is odd.
    """
    if len(bits) % 2:
        raise ValueError(f"{len(bits)} bytes are no whole number of words.")
    return "-".join(
        _word(int.from_bytes(bits[place : place + 2], "big")) for place in range(0, len(bits), 2)
    )


def _word(number: int) -> str:
    return (
        _CONSONANTS[number >> 12]
        + _VOWELS[number >> 10 & 3]
        + _CONSONANTS[number >> 6 & 15]
        + _VOWELS[number >> 4 & 3]
        + _CONSONANTS[number & 15]
    )
