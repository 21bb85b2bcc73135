"""The agent's key through its life: what is tried, what is kept, what is given up, as values."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from towline_agent.identity import Identity, load_identity, save_identity
from towline_agent.keeper import KEY_LIFE, Keeper, after_answer, after_joining, keys_to_try
from towline_agent.key_wish import ask_rotation, rotation_asked
from towline_shared.clock import ManualClock
from towline_shared.errors import Permanent
from towline_shared.frames import Rotated
from towline_shared.handshake import proves_change
from towline_shared.sealing import SigningKey

OLD, NEW, OLDER = (SigningKey.generate() for _ in range(3))
CLOCK = ManualClock()
RESTED = Identity(
    "a1", "t", "n", "ws://relay/link", (SigningKey.generate().public,), OLD,
    key_since=CLOCK.now(), former=OLDER,
)  # fmt: skip
OFFERED = replace(RESTED, candidate=NEW)
GOOD = replace(OFFERED, candidate_good=True)


def test_a_candidate_is_tried_only_once_the_relay_has_it() -> None:
    """Before that it would be a stranger's key; the former key comes last."""
    assert keys_to_try(RESTED) == [OLD, OLDER]
    assert keys_to_try(OFFERED) == [OLD, OLDER]
    assert keys_to_try(GOOD) == [NEW, OLD, OLDER]


def test_joining_with_the_candidate_makes_it_the_key() -> None:
    """The old one stays as the former key; the age counts anew."""
    after = after_joining(GOOD, NEW, CLOCK.now() + timedelta(days=1))
    assert (after.key, after.former, after.candidate, after.candidate_good) == (
        NEW, OLD, None, False,
    )  # fmt: skip
    assert after.key_since == CLOCK.now() + timedelta(days=1)


def test_joining_with_the_old_key_offers_the_candidate_anew() -> None:
    """The relay did not know the candidate after all; it stays the same key."""
    after = after_joining(GOOD, OLD, CLOCK.now())
    assert (after.key, after.candidate, after.candidate_good) == (OLD, NEW, False)


def test_joining_with_the_former_key_makes_ours_the_candidate() -> None:
    """The relay was restored from before the last change: what it forgot is offered to it again."""
    after = after_joining(RESTED, OLDER, CLOCK.now())
    assert (after.key, after.candidate, after.candidate_good, after.former) == (
        OLDER, OLD, False, None,
    )  # fmt: skip


def test_joining_as_always_changes_nothing() -> None:
    """Else every reconnect would write the file."""
    assert after_joining(RESTED, OLD, CLOCK.now()) is RESTED
    assert after_joining(OFFERED, OLD, CLOCK.now()) is OFFERED


def test_the_relays_answer_counts_for_the_candidate_only() -> None:
    """Good, refused, or about some other key."""
    assert after_answer(OFFERED, Rotated(NEW.public)) == GOOD
    assert after_answer(OFFERED, Rotated(NEW.public, "No.")) == RESTED
    assert after_answer(OFFERED, Rotated(OLDER.public)) is OFFERED
    assert after_answer(RESTED, Rotated(NEW.public)) is RESTED


# -- the keeper ----------------------------------------------------------------------------------


class Desk:
    """A keeper, its clock, and a disk that may be full."""

    def __init__(self, identity: Identity, *, asked: bool = False) -> None:
        self.clock = ManualClock()
        self.saved: list[Identity] = []
        self.full = False
        self.asked = asked
        self.keeper = Keeper(
            identity, save=self._save, clock=self.clock,
            asked=lambda: self.asked, taken_up=self._taken_up,
        )  # fmt: skip

    def _save(self, identity: Identity) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.saved.append(identity)

    def _taken_up(self) -> None:
        self.asked = False


def test_a_new_key_is_due_after_ninety_days() -> None:
    """A day earlier nothing happens; then a candidate is on disk before it is spoken of."""
    desk = Desk(RESTED)
    desk.clock.advance(KEY_LIFE.total_seconds() - 1)
    assert desk.keeper.wish() is None
    desk.clock.advance(1)
    wish = desk.keeper.wish()
    assert wish is not None
    candidate = desk.saved[-1].candidate
    assert candidate is not None
    assert wish.public_key == candidate.public
    assert proves_change(wish, agent_id="a1", old=OLD.public)
    assert not proves_change(wish, agent_id="a2", old=OLD.public)
    assert not proves_change(wish, agent_id="a1", old=OLDER.public)


def test_a_key_of_unknown_age_is_changed_at_once() -> None:
    """Files written before keys were changed say nothing about it."""
    assert Desk(replace(RESTED, key_since=None)).keeper.wish() is not None


def test_a_wish_is_repeated_until_it_is_answered_and_is_the_same() -> None:
    """A lost answer costs a repetition, never another key."""
    desk = Desk(RESTED, asked=True)
    first, second = desk.keeper.wish(), desk.keeper.wish()
    assert first is not None
    assert second is not None
    assert first.public_key == second.public_key
    assert not desk.asked
    assert desk.keeper.answered(Rotated(first.public_key))
    assert desk.keeper.wish() is None
    assert desk.keeper.speaks_with().public == first.public_key


def test_a_refusal_rests_for_a_day() -> None:
    """The relay is not asked every twenty seconds; the candidate is given up."""
    desk = Desk(RESTED, asked=True)
    wish = desk.keeper.wish()
    assert wish is not None
    assert not desk.keeper.answered(Rotated(wish.public_key, "No."))
    assert desk.saved[-1] == RESTED
    desk.asked = True
    assert desk.keeper.wish() is None
    desk.clock.advance(24 * 3600)
    assert desk.keeper.wish() is not None


def test_unknown_keys_are_tried_in_turn_and_then_from_the_start() -> None:
    """The relay may be put right meanwhile; a welcome forgets what was refused."""
    desk = Desk(GOOD)
    tried = []
    for _ in range(4):
        key = desk.keeper.speaks_with()
        tried.append(key)
        desk.keeper.refused(key)
    assert tried == [NEW, OLD, OLDER, NEW]


def test_a_full_disk_stops_the_change_and_not_the_link() -> None:
    """A candidate that can't be kept is not offered; one that can't be committed is not used."""
    desk = Desk(RESTED, asked=True)
    desk.full = True
    assert desk.keeper.wish() is None
    assert desk.keeper.identity is RESTED
    desk = Desk(OFFERED)
    desk.full = True
    assert not desk.keeper.answered(Rotated(NEW.public))
    desk = Desk(GOOD)
    desk.full = True
    with pytest.raises(Permanent, match="can't be written: No space"):
        desk.keeper.joined(NEW)
    assert desk.keeper.speaks_with() is OLD


def test_everything_outlives_the_process(tmp_path: Path) -> None:
    """What the file keeps is what the next process begins with, older files too."""
    for identity in (RESTED, OFFERED, GOOD, replace(RESTED, former=None, key_since=None)):
        save_identity(tmp_path, identity)
        loaded = load_identity(tmp_path)
        assert loaded.candidate_good == identity.candidate_good
        assert loaded.key_since == identity.key_since
        assert [key.public for key in keys_to_try(loaded)] == [
            key.public for key in keys_to_try(identity)
        ]


def test_a_wish_in_the_folder_is_taken_up_once(tmp_path: Path) -> None:
    """The verb leaves a file; the running agent makes a candidate and removes it."""
    save_identity(tmp_path, replace(RESTED, key_since=CLOCK.now()))
    keeper = Keeper.of(tmp_path, clock=CLOCK)
    assert keeper.wish() is None
    ask_rotation(tmp_path, CLOCK.now())
    assert keeper.wish() is not None
    assert not rotation_asked(tmp_path)
    assert load_identity(tmp_path).candidate is not None
