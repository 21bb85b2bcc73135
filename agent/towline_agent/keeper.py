"""The agent's key through its life: made, offered, tried, then kept or given up.

    a key is due, every 90 days or on demand
      -> a candidate is written down                 the relay knows the old key
      -> ROTATE; the relay writes it down, ROTATED
      -> "the candidate is good" is written down      the relay knows both
      -> the agent joins anew with the candidate
      -> WELCOME: the candidate becomes the key, the old one the former key, written down
      -> the first BEAT: the relay forgets the old key

Each step is on disk before the next is taken, and the relay forgets the old key last of all; so at
whatever step either side is killed, the agent holds a key the relay knows. A candidate the relay
does not know after all (it was restored from a backup) is offered again under the old key, and the
former key opens a relay that was restored to before the change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from towline_agent.identity import Identity, load_identity, save_identity
from towline_agent.key_wish import forget_rotation, rotation_asked
from towline_shared.clock import Clock
from towline_shared.errors import PeerFault, Permanent
from towline_shared.frames import Rotate, Rotated
from towline_shared.handshake import key_change
from towline_shared.sealing import SigningKey, fingerprint, is_public_key

__all__ = ["KEY_LIFE", "Keeper", "after_answer", "after_joining", "keys_to_try"]

KEY_LIFE = timedelta(days=90)
_MOST_PINS = 8
_AGAIN = timedelta(days=1)  # after a refusal of the relay, or of the disk
_log = structlog.get_logger(__name__)


def keys_to_try(identity: Identity) -> list[SigningKey]:
    """Return the keys a relay may know, the likeliest first."""
    candidate = identity.candidate if identity.candidate_good else None
    return [key for key in (candidate, identity.key, identity.former) if key is not None]


def after_joining(identity: Identity, key: SigningKey, now: datetime) -> Identity:
    """Return the identity after the relay welcomed one of its keys."""
    if identity.candidate is not None and key.public == identity.candidate.public:
        return replace(
            identity, key=identity.candidate, key_since=now, former=identity.key,
            candidate=None, candidate_good=False,
        )  # fmt: skip
    if identity.former is not None and key.public == identity.former.public:
        # An older copy of the relay: what is our key has to be made known to it once more.
        return replace(
            identity, key=identity.former, former=None,
            candidate=identity.key, candidate_good=False,
        )  # fmt: skip
    return replace(identity, candidate_good=False) if identity.candidate_good else identity


def after_answer(identity: Identity, frame: Rotated) -> Identity:
    """Return the identity after the relay's word; about another key than ours it is passed over."""
    if identity.candidate is None or frame.public_key != identity.candidate.public:
        return identity
    if frame.refusal:
        return replace(identity, candidate=None, candidate_good=False)
    return replace(identity, candidate_good=True)


class Keeper:
    """Holds the identity; what changes is written down before anybody hears of it."""

    def __init__(
        self,
        identity: Identity,
        *,
        save: Callable[[Identity], object],
        clock: Clock,
        asked: Callable[[], bool] = lambda: False,
        taken_up: Callable[[], None] = lambda: None,
    ) -> None:
        """Hold an identity.

        Args:
            save: writes it, whole or not at all, and durably.
            asked: tells whether somebody wants a new key now.
            taken_up: called once a candidate was written down for that.
        """
        self._identity = identity
        self._save = save
        self._clock = clock
        self._asked = asked
        self._taken_up = taken_up
        self._refused: set[str] = set()
        self._rest_until: datetime | None = None

    @classmethod
    def of(cls, folder: Path, *, clock: Clock) -> Keeper:
        """Hold the identity of a state folder.

        Raises:
            Misconfigured: the agent is not enrolled, or the file can't be used.
        """
        return cls(
            load_identity(folder),
            save=lambda identity: save_identity(folder, identity),
            clock=clock,
            asked=lambda: rotation_asked(folder),
            taken_up=lambda: forget_rotation(folder),
        )

    @property
    def identity(self) -> Identity:
        """Who the agent is at this moment."""
        return self._identity

    def speaks_with(self) -> SigningKey:
        """Return the key to prove the next session with."""
        keys = keys_to_try(self._identity)
        left = [key for key in keys if key.public not in self._refused]
        if not left:  # none is known there: begin again, the relay may be put right meanwhile
            self._refused.clear()
            left = keys
        return left[0]

    def refused(self, key: SigningKey) -> None:
        """Note that the relay does not know a key; the next session tries another, if any."""
        self._refused.add(key.public)

    def joined(self, key: SigningKey) -> None:
        """Note that the relay welcomed a key.

        Raises:
            Permanent: the identity can't be written.
        """
        try:
            self._become(after_joining(self._identity, key, self._clock.now()))
        except Permanent:
            self._refused.add(key.public)  # until it can be kept, the key before must do
            raise
        self._refused.clear()

    def pinned(self, relay_keys: Sequence[str]) -> None:
        """Accept these keys of the relay from now on; called over the sealed link only.

        Raises:
            PeerFault: they are no keys; nothing has changed.
            Permanent: the identity can't be written.
        """
        if not 0 < len(relay_keys) <= _MOST_PINS or not all(map(is_public_key, relay_keys)):
            raise PeerFault("The relay named keys of its own that are none.")
        if tuple(relay_keys) != self._identity.relay_keys:
            self._become(replace(self._identity, relay_keys=tuple(relay_keys)))
            _log.info("relay keys", action="pinned", words=list(map(fingerprint, relay_keys)))

    def wish(self) -> Rotate | None:
        """Return the change of key to ask for now; None when none is due or none can be kept."""
        if self._identity.candidate is None and self._due():
            asked, kind = self._asked(), self._identity.key.algorithm
            if not self._tried(replace(self._identity, candidate=SigningKey.generate(kind))):
                return None
            if asked:
                with contextlib.suppress(Permanent):  # one change more at some later time
                    self._taken_up()
        known = self._identity
        if known.candidate is None or known.candidate_good:
            return None
        return key_change(known.agent_id, old=known.key, new=known.candidate)

    def answered(self, frame: Rotated) -> bool:
        """Take the relay's answer; returns whether to join anew with the candidate."""
        if frame.refusal:
            self._rest_until = self._clock.now() + _AGAIN
            _log.warning("new key refused", action="key_refused", why=frame.refusal)
        return self._tried(after_answer(self._identity, frame)) and self._identity.candidate_good

    def _due(self) -> bool:
        now = self._clock.now()
        if self._rest_until is not None and now < self._rest_until:
            return False
        since = self._identity.key_since
        return self._asked() or since is None or now - since >= KEY_LIFE

    def _tried(self, identity: Identity) -> bool:
        """Write a change that can wait; a full disk must not cost the link."""
        try:
            self._become(identity)
        except Permanent as error:
            self._rest_until = self._clock.now() + _AGAIN
            _log.warning("key stays", action="key_stays", why=str(error))
            return False
        return True

    def _become(self, identity: Identity) -> None:
        if identity == self._identity:
            return
        try:
            self._save(identity)
        except OSError as error:
            raise Permanent(
                f"The agent's identity can't be written: {error.strerror}.",
                hint="See whether the state folder is writable and its disk has room.",
            ) from None
        if identity.key is not self._identity.key:
            _log.info("new key", action="key_changed", words=fingerprint(identity.key.public))
        self._identity = identity
