"""A sealed secret opens with its key in its place, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.envelope import Keyring, MasterKey, Unopenable
from towline_shared.errors import Misuse

ABOUT = "nordwind/shop token"


def ring(*keys: MasterKey) -> Keyring:
    """Build a ring, of a fresh key when none is given."""
    return Keyring(keys or [MasterKey.generate()])


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens(secret: bytes, about: str) -> None:
    """Any bytes, any place; the text shows nothing of them."""
    keys = ring()
    sealed = keys.seal(secret, about=about)
    assert keys.open(sealed, about=about) == secret
    assert len(secret) < 4 or secret not in sealed.encode()


def test_the_same_secret_never_looks_the_same() -> None:
    """Fresh keys and nonces each time: equal secrets can't be seen to be equal."""
    keys = ring()
    assert keys.seal(b"x", about=ABOUT) != keys.seal(b"x", about=ABOUT)


def test_a_row_that_was_moved_does_not_open() -> None:
    """The token of one tenant is no token of another."""
    keys = ring()
    with pytest.raises(Unopenable, match="changed or moved"):
        keys.open(keys.seal(b"x", about=ABOUT), about="other/shop token")


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_changed_text_does_not_open(part: int) -> None:
    """Whatever part is touched."""
    keys = ring()
    parts = keys.seal(b"secret", about=ABOUT).split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    with pytest.raises(Unopenable):
        keys.open(".".join(parts), about=ABOUT)


@pytest.mark.parametrize("text", ["", "v2.a.b.c", "v1.a.b", "v1.k.!!.AA==", "v1..."])
def test_a_text_of_another_form_does_not_open(text: str) -> None:
    """A sentence that names the secret by what it is about, and never its content."""
    with pytest.raises(Unopenable, match="nordwind/shop token"):
        ring(MasterKey("k", bytes(32))).open(text, about=ABOUT)


def test_a_short_body_is_no_crash() -> None:
    """Less than a nonce is damage, too."""
    key = MasterKey("k", bytes(32))
    with pytest.raises(Unopenable):
        ring(key).open("v1.k.AA==.AA==", about=ABOUT)


def test_rotation_keeps_the_body_and_changes_the_key() -> None:
    """The old key opens nothing any more once it is off the ring."""
    old, new = MasterKey.generate(), MasterKey.generate()
    sealed = ring(old).seal(b"secret", about=ABOUT)
    wrapped = ring(new, old).rewrap(sealed, about=ABOUT)
    assert wrapped.rpartition(".")[2] == sealed.rpartition(".")[2]
    assert ring(new).open(wrapped, about=ABOUT) == b"secret"
    with pytest.raises(Unopenable, match="not in the key file"):
        ring(old).open(wrapped, about=ABOUT)


def test_what_cannot_be_opened_is_not_carried_on() -> None:
    """A damaged row stops a rotation instead of being wrapped as if it were good."""
    keys = ring()
    sealed = keys.seal(b"secret", about=ABOUT)
    with pytest.raises(Unopenable):
        keys.rewrap(f"{sealed[:-6]}AAAA==", about=ABOUT)


def test_keys_are_not_shown() -> None:
    """A key in a traceback or a log line would be a key for everybody."""
    key = MasterKey.generate()
    assert repr(key.secret) not in repr(key)
    for secret in ([], [MasterKey("k", b"short")]):
        with pytest.raises(Misuse):
            Keyring(secret)
