"""Images of a load among changes: however the two streams arrive, the last reading wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.images import behind, behind_change, version


@pytest.mark.parametrize("number", [0, 1, 10**17])
def test_the_place_survives_its_text(number: int) -> None:
    """Zero too: an image may be read before the first change."""
    assert behind(behind_change(number)) == number


@pytest.mark.parametrize(
    "other",
    ["", "2026-11-23-08.00.00.000000", "behind change ", "behind change -1", "behind change 1.5",
     "behind change ١", "behind change " + "9" * 19, "behind change behind change 1"],
)  # fmt: skip
def test_other_texts_are_no_place(other: str) -> None:
    """An origin's own time, a negative number, digits of another script, one beyond a database."""
    assert behind(other) is None
    assert version("bulk", 7, other) is None


def test_an_image_stands_between_two_changes() -> None:
    """Newer than the change it was read behind, older than the next one."""
    image = version("bulk", 99, behind_change(5))
    change, following = version("changes", 5, ""), version("changes", 6, "anything")
    assert image is not None
    assert change is not None
    assert following is not None
    assert change < image < following
    assert version("results", 5, "") is None


@given(
    reads=st.lists(st.booleans(), max_size=12),
    arrival=st.randoms(use_true_random=False),
)
def test_whatever_arrives_first_the_last_reading_is_the_last_word(
    reads: list[bool], arrival: object
) -> None:
    """Each stream in its own order, the two interleaved at random; older ones are passed over."""
    changes: list[tuple[int, int]] = []  # (version, when it was read)
    images: list[tuple[int, int]] = []
    for moment, is_image in enumerate(reads):
        if is_image:
            made = version("bulk", 0, behind_change(len(changes)))
            assert made is not None
            images.append((made, moment))
        else:
            made = version("changes", len(changes) + 1, "")
            assert made is not None
            changes.append((made, moment))
    newest, accepted = -1, []
    while changes or images:
        source = arrival.choice([each for each in (changes, images) if each])  # type: ignore[attr-defined]
        order, moment = source.pop(0)
        if order >= newest:
            newest = order
            accepted.append(moment)
    assert accepted == sorted(accepted)
    assert accepted[-1:] == ([len(reads) - 1] if reads else [])
