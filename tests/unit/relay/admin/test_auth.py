"""Who gets in, for how long, and how often one may try."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_relay.admin.auth import Attempts, Sessions, read_or_make_token
from towline_shared.clock import ManualClock
from towline_shared.errors import Misconfigured


def test_a_new_token_is_for_its_owner_only_and_is_found_again(tmp_path: Path) -> None:
    """The file is made with mode 0600 and the same token is read at the next start."""
    path = tmp_path / "admin.token"
    token = read_or_make_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(token) >= 40
    assert read_or_make_token(path) == token


def test_a_token_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A leaked token is not used quietly; the error says how to repair it."""
    path = tmp_path / "admin.token"
    read_or_make_token(path)
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_or_make_token(path)


def test_an_empty_token_file_never_means_an_empty_token(tmp_path: Path) -> None:
    """Whoever posts nothing must not get in."""
    path = tmp_path / "admin.token"
    path.write_text("\n")
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="no usable token"):
        read_or_make_token(path)


def test_a_session_ends_when_its_time_is_over() -> None:
    """A session is good until it expires, and not a second longer."""
    clock = ManualClock()
    sessions = Sessions("t" * 20, clock=clock, lasts_s=100)
    value = sessions.start()
    clock.advance(99)
    assert sessions.is_valid(value)
    clock.advance(1)
    assert not sessions.is_valid(value)


def test_rotating_the_token_ends_all_sessions() -> None:
    """A session signed with another token's key is worth nothing."""
    clock = ManualClock()
    value = Sessions("a" * 20, clock=clock).start()
    assert not Sessions("b" * 20, clock=clock).is_valid(value)


@given(st.text(max_size=200))
def test_no_made_up_value_is_a_session(value: str) -> None:
    """Whatever a cookie holds, it is refused without an exception."""
    assert not Sessions("a" * 20, clock=ManualClock()).is_valid(value)


def test_a_longer_life_can_not_be_written_into_a_cookie() -> None:
    """The expiry is under the signature."""
    sessions = Sessions("a" * 20, clock=ManualClock())
    expires, _, rest = sessions.start().partition(".")
    assert not sessions.is_valid(f"{int(expires) + 1}.{rest}")


def test_a_form_token_belongs_to_one_cookie() -> None:
    """A form made for one session can't be posted with another, nor without one."""
    sessions = Sessions("a" * 20, clock=ManualClock())
    token = sessions.form_token("one")
    assert sessions.is_form_token(token, bound_to="one")
    assert not sessions.is_form_token(token, bound_to="two")
    assert not sessions.is_form_token(sessions.form_token(""), bound_to="")


def test_attempts_are_limited_and_forgotten_in_time() -> None:
    """The sixth attempt within a minute waits; after the minute it may be made."""
    clock = ManualClock()
    attempts = Attempts(clock)
    for _ in range(5):
        assert attempts.wait_s("10.0.0.1") == 0
        attempts.failed("10.0.0.1")
    assert attempts.wait_s("10.0.0.1") == 60
    assert attempts.wait_s("10.0.0.2") == 0
    clock.advance(60)
    assert attempts.wait_s("10.0.0.1") == 0


def test_many_addresses_share_one_limit() -> None:
    """A guesser with many addresses is slowed down as well."""
    attempts = Attempts(ManualClock(), most_in_all=3)
    for n in range(3):
        attempts.failed(f"10.0.0.{n}")
    assert attempts.wait_s("10.9.9.9") > 0
