"""The relay's own keys as agents see them: the one it signs with, and the next one."""

from __future__ import annotations

from dataclasses import dataclass

from towline_shared.sealing import SigningKey, fingerprint

__all__ = ["RelayIdentity"]


@dataclass(frozen=True, slots=True)
class RelayIdentity:
    """The relay's own keys: the one it signs with, and the next one that agents also pin."""

    current: SigningKey
    next_public: str

    @property
    def pinned(self) -> list[str]:
        """What an agent is told to accept."""
        return [self.current.public, self.next_public]

    def sign(self, text: bytes) -> tuple[str, str]:
        """Return the current public key and its signature."""
        return self.current.public, self.current.sign(text)

    @property
    def words(self) -> list[str]:
        """The same for people: the fingerprints, to compare with an agent's page."""
        return [fingerprint(key) for key in self.pinned]
