"""The relay's own keys: the one it signs with and the next one, in one file with mode 0600."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from towline_relay.link.server import RelayIdentity
from towline_shared.errors import Misconfigured
from towline_shared.sealing import SigningKey

__all__ = ["read_or_make_keys"]


def read_or_make_keys(path: Path) -> RelayIdentity:
    """Return the relay's keys; make them when there are none.

    Agents pin the public halves when they enrol, so a lost file means that every agent must enrol
    again: it belongs into the backup.

    Raises:
        Misconfigured: others may read the file, or it is damaged.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise Misconfigured(f"{path} can't be made: {error.strerror}.") from None
    current, following = SigningKey.generate(), SigningKey.generate()
    kept = {"v": 1, "current": current.secret_text(), "next": following.secret_text()}
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(file.fileno())
    return RelayIdentity(current=current, next_public=following.public)


def _read(path: Path) -> RelayIdentity:
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
    return RelayIdentity(current=current, next_public=following.public)
