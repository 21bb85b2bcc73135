"""The relay's own keys as agents see them: of each kind the one it signs with, and the next one."""

from __future__ import annotations

from dataclasses import dataclass

from towline_shared.errors import Refused
from towline_shared.sealing import ED25519, SigningKey, fingerprint

__all__ = ["KeyPair", "RelayIdentity"]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The key the relay signs with, and the next one, which agents also pin."""

    current: SigningKey
    next_public: str

    @property
    def pinned(self) -> list[str]:
        """What an agent is told to accept."""
        return [self.current.public, self.next_public]

    @property
    def words(self) -> list[str]:
        """The same for people: the fingerprints, to compare with an agent's page."""
        return [fingerprint(key) for key in self.pinned]

    def sign(self, text: bytes) -> tuple[str, str]:
        """Return the current public key and its signature."""
        return self.current.public, self.current.sign(text)


@dataclass(frozen=True, slots=True)
class RelayIdentity(KeyPair):
    """The Ed25519 keys, which also sign what is not for agents, and those of P-256."""

    p256: KeyPair | None = None

    def of(self, algorithm: str) -> KeyPair:
        """Return the keys for agents of a kind.

        Raises:
            Refused: the relay has none of that kind.
        """
        if algorithm == ED25519:
            return self
        if self.p256 is None:
            raise Refused("This relay has no key of the agent's kind (P-256).", code="unknown")
        return self.p256

    @property
    def lines(self) -> list[str]:
        """The words of each kind in a line, for the agents page."""
        found = [", next ".join(self.words)]
        if self.p256 is not None:
            found.append(f"for P-256 agents {', next '.join(self.p256.words)}")
        return found

    @property
    def next_keys(self) -> list[str]:
        """The next key of each kind."""
        return [self.next_public, *([self.p256.next_public] if self.p256 else [])]
