"""The relay's own keys: the one it signs with and the next one, in one file with mode 0600.

Agents accept both. Rolling makes the next key the current one and a fresh key the next; each agent
is told about the fresh one over its sealed link, so a roll touches nobody. The old private key is
gone from the file.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from towline_relay.link.relay_identity import RelayIdentity
from towline_shared.errors import Misconfigured
from towline_shared.private_file import write_private
from towline_shared.sealing import SigningKey

__all__ = ["read_or_make_keys", "roll_keys"]


def read_or_make_keys(path: Path) -> RelayIdentity:
    """Return the relay's keys; make them when there are none.

    Agents pin the public halves when they enrol, so a lost file means that every agent must enrol
    again: it belongs into the backup.

    Raises:
        Misconfigured: others may read the file, or it is damaged.
    """
    if path.exists():
        return _identity(*_read(path))
    return _keep(path, SigningKey.generate(), SigningKey.generate())


def roll_keys(path: Path) -> RelayIdentity:
    """Make the next key the current one and a fresh key the next; returns what holds now.

    The file is the old one or the new one at every moment, and the new one when this returns.

    Raises:
        Misconfigured: the file is missing, can't be read or can't be written; nothing has changed.
    """
    _, following = _read(path)
    return _keep(path, following, SigningKey.generate())


def _keep(path: Path, current: SigningKey, following: SigningKey) -> RelayIdentity:
    kept = {"v": 1, "current": current.secret_text(), "next": following.secret_text()}
    try:
        write_private(path, json.dumps(kept))
    except OSError as error:
        raise Misconfigured(f"{path} can't be made: {error.strerror}.") from None
    return _identity(current, following)


def _identity(current: SigningKey, following: SigningKey) -> RelayIdentity:
    return RelayIdentity(current=current, next_public=following.public)


def _read(path: Path) -> tuple[SigningKey, SigningKey]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        kept = json.loads(path.read_text(encoding="ascii"))
        current = SigningKey.from_text(kept["current"])
        following = SigningKey.from_text(kept["next"])
    except Exception as error:
        # whatever is wrong with the file, its content must not get into a message
        raise Misconfigured(
            f"{path} can't be read as the relay's keys ({type(error).__name__}).",
            hint="Restore it from the backup; without it every agent must enrol again.",
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise Misconfigured(
            f"{path} may be read by others (mode {mode:04o}).", hint=f"Run chmod 600 {path}."
        )
    return current, following
