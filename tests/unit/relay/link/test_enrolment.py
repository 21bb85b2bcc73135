"""Codes are good once, keys are kept, and a join counter tells a copy from a lost WELCOME."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from towline_relay.link.enrolment import (
    CODE_TTL_S,
    SCHEMA,
    agents,
    create_code,
    find_agent,
    is_current,
    join,
    redeem,
    revoke,
    saw,
    suspect,
)
from towline_shared.clock import ManualClock
from towline_shared.errors import Refused
from towline_shared.sealing import SigningKey

PUBLIC = SigningKey.generate().public


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(SCHEMA)
        yield connection


def enrolled(db: sqlite3.Connection, clock: ManualClock) -> str:
    code = create_code(db, tenant="nordwind", name="store room", clock=clock)
    return redeem(db, code=code, public_key=PUBLIC, clock=clock).agent_id


# -- codes ---------------------------------------------------------------------------------------


def test_a_code_has_125_bits_in_groups_and_is_stored_hashed(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """Five groups of five base32 characters; who reads the database can't redeem it."""
    code = create_code(db, tenant="nordwind", name="store room", clock=clock)
    groups = code.split("-")
    assert [len(group) for group in groups] == [5] * 5
    assert set("".join(groups)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    stored = "".join(map(str, tuple(db.execute("SELECT * FROM enrolment_code").fetchone())))
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_codes_differ(db: sqlite3.Connection, clock: ManualClock) -> None:
    """Each is drawn anew."""
    codes = {create_code(db, tenant="t", name="n", clock=clock) for _ in range(50)}
    assert len(codes) == 50


@pytest.mark.parametrize("typed", [str.lower, lambda c: c.replace("-", " "), lambda c: f" {c}\n"])
def test_a_code_may_be_typed_as_people_type(
    db: sqlite3.Connection, clock: ManualClock, typed: type[str]
) -> None:
    """Case, blanks and dashes don't matter."""
    code = create_code(db, tenant="nordwind", name="store room", clock=clock)
    agent = redeem(db, code=typed(code), public_key=PUBLIC, clock=clock)
    assert (agent.tenant, agent.name, agent.public_key) == ("nordwind", "store room", PUBLIC)
    assert agents(db) == [agent]


def test_a_code_is_good_once_and_for_a_day(db: sqlite3.Connection, clock: ManualClock) -> None:
    """Used, expired and unknown codes get one answer, and none registers a key."""
    used = create_code(db, tenant="t", name="n", clock=clock)
    redeem(db, code=used, public_key=PUBLIC, clock=clock)
    late = create_code(db, tenant="t", name="n", clock=clock)
    clock.advance(CODE_TTL_S)
    sentences = set()
    for code in (used, late, "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", "", "é"):
        with pytest.raises(Refused) as caught:
            redeem(db, code=code, public_key=PUBLIC, clock=clock)
        sentences.add(caught.value.what)
    assert len(sentences) == 1
    assert len(agents(db)) == 1


def test_a_code_is_good_until_its_last_moment(db: sqlite3.Connection, clock: ManualClock) -> None:
    """A second before the day is over it still registers the agent."""
    code = create_code(db, tenant="t", name="n", clock=clock)
    clock.advance(CODE_TTL_S - 1)
    assert redeem(db, code=code, public_key=PUBLIC, clock=clock).created_at == clock.now()


# -- joining -------------------------------------------------------------------------------------


def test_each_session_has_a_higher_epoch_and_fences_the_one_before(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """Only the newest may change anything."""
    agent_id = enrolled(db, clock)
    first = join(db, agent_id=agent_id, join_counter=0, clock=clock)
    assert is_current(db, agent_id, first.epoch)
    second = join(db, agent_id=agent_id, join_counter=first.join_counter, clock=clock)
    assert second.epoch > first.epoch
    assert not is_current(db, agent_id, first.epoch)
    assert is_current(db, agent_id, second.epoch)


@pytest.mark.parametrize("lost", [1, 2, 7])
def test_any_number_of_lost_welcomes_locks_nobody_out(
    db: sqlite3.Connection, clock: ManualClock, lost: int
) -> None:
    """A link that dies between the relay's commit and WELCOME, again and again, is no copy."""
    agent_id = enrolled(db, clock)
    for _ in range(lost):
        given = join(db, agent_id=agent_id, join_counter=0, clock=clock).join_counter
    assert join(db, agent_id=agent_id, join_counter=0, clock=clock).epoch == lost + 1
    assert join(db, agent_id=agent_id, join_counter=given, clock=clock).epoch == lost + 2


def test_a_confirmed_counter_makes_every_older_one_a_copys(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """After the first heartbeat the agent has the new value, so who shows an old one is a copy."""
    agent_id = enrolled(db, clock)
    joined = join(db, agent_id=agent_id, join_counter=0, clock=clock)
    saw(db, agent_id, clock=clock, version="0.1.0", fingerprint="f")
    with pytest.raises(Refused, match="two machines use one identity") as caught:
        join(db, agent_id=agent_id, join_counter=0, clock=clock)
    assert caught.value.code == "clone"
    assert is_current(db, agent_id, joined.epoch)  # the copy disturbs nobody
    assert join(db, agent_id=agent_id, join_counter=1, clock=clock).epoch == 2


def test_a_copy_two_sessions_behind_is_refused_even_unconfirmed(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """One WELCOME may be lost; a value before it was confirmed by the very next session."""
    agent_id = enrolled(db, clock)
    for counter in range(3):
        join(db, agent_id=agent_id, join_counter=counter, clock=clock)
    for old in (1, 0, -1):
        with pytest.raises(Refused):
            join(db, agent_id=agent_id, join_counter=old, clock=clock)


def test_a_relay_restored_from_a_backup_takes_its_agents_back(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """An agent ahead of the relay is no copy: the relay is; it goes on from the agent's value."""
    agent_id = enrolled(db, clock)
    joined = join(db, agent_id=agent_id, join_counter=40, clock=clock)
    assert joined.join_counter == 41
    saw(db, agent_id, clock=clock, version="0.1.0", fingerprint="f")
    with pytest.raises(Refused):
        join(db, agent_id=agent_id, join_counter=40, clock=clock)
    assert join(db, agent_id=agent_id, join_counter=41, clock=clock).join_counter == 42


def test_a_suspicion_stands_until_the_right_one_joins(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """While the copy tries, the agents page says so."""
    agent_id = enrolled(db, clock)
    suspect(db, agent_id, "Two machines.")
    row = find_agent(db, agent_id)
    assert row is not None
    assert row.suspicion == "Two machines."
    join(db, agent_id=agent_id, join_counter=0, clock=clock)
    assert agents(db)[0].suspicion == ""


def test_revoking_ends_the_session_at_once_and_is_said_once(
    db: sqlite3.Connection, clock: ManualClock
) -> None:
    """The open session's epoch is no longer current; a second revocation changes nothing."""
    agent_id = enrolled(db, clock)
    joined = join(db, agent_id=agent_id, join_counter=0, clock=clock)
    assert revoke(db, agent_id, clock=clock)
    at = clock.now()
    clock.advance(5)
    assert not is_current(db, agent_id, joined.epoch)
    assert not is_current(db, agent_id, joined.epoch + 1)
    assert not revoke(db, agent_id, clock=clock)
    assert agents(db)[0].revoked_at == at
    assert not revoke(db, "nobody", clock=clock)
    assert find_agent(db, "nobody") is None


def test_what_an_agent_says_of_itself_is_kept(db: sqlite3.Connection, clock: ManualClock) -> None:
    """Version, partition and the last sign of life, for the agents page."""
    agent_id = enrolled(db, clock)
    clock.advance(60)
    saw(db, agent_id, clock=clock, version="9.9", fingerprint="78A1B2C 002")
    row = agents(db)[0]
    assert (row.version, row.fingerprint, row.last_seen_at) == ("9.9", "78A1B2C 002", clock.now())
    saw(db, agent_id, clock=clock, version="9.9", fingerprint="")
    assert agents(db)[0].fingerprint == "78A1B2C 002"  # its IBM i is out of reach, not unknown
