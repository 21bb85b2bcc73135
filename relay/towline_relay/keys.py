"""The relay's own keys: the one it signs with and the next one, in one file with mode 0600.

There is a pair of each kind: an agent with a P-256 key pins, and is shown, P-256 keys. Agents
accept both of their kind. Rolling makes the next key the current one and a fresh key the next; each
agent is told about the fresh one over its sealed link, so a roll touches nobody. The old private
key is gone from the file.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from towline_relay.link.relay_identity import KeyPair, RelayIdentity
from towline_shared.errors import Misconfigured
from towline_shared.private_file import write_private
from towline_shared.sealing import ED25519, P256, SigningKey

__all__ = ["read_or_make_keys", "roll_keys"]


_Pair = tuple[SigningKey, SigningKey]
_KINDS = (ED25519, P256)


def read_or_make_keys(path: Path) -> RelayIdentity:
    """Return the relay's keys; make them when there are none.

    Agents pin the public halves when they enrol, so a lost file means that every agent must enrol
    again: it belongs into the backup.

    Raises:
        Misconfigured: others may read the file, or it is damaged.
    """
    if not path.exists():
        return _keep(path, {kind: _made(kind) for kind in _KINDS})
    pairs = _read(path)
    if len(pairs) < len(_KINDS):  # a file from before there were keys of every kind
        return _keep(path, {kind: pairs.get(kind) or _made(kind) for kind in _KINDS})
    return _identity(pairs)


def roll_keys(path: Path) -> RelayIdentity:
    """Make the next key of each kind the current one, and fresh keys the next.

    The file is the old one or the new one at every moment, and the new one when this returns.

    Raises:
        Misconfigured: the file is missing, can't be read or can't be written; nothing has changed.
    """
    pairs = _read(path)
    return _keep(path, {kind: (pair[1], _made(kind)[1]) for kind, pair in pairs.items()})


def _made(kind: str) -> _Pair:
    return SigningKey.generate(kind), SigningKey.generate(kind)


def _keep(path: Path, pairs: Mapping[str, _Pair]) -> RelayIdentity:
    kept: dict[str, object] = {"v": 1, **_texts(pairs[ED25519])}
    if P256 in pairs:
        kept[P256] = _texts(pairs[P256])
    try:
        write_private(path, json.dumps(kept))
    except OSError as error:
        raise Misconfigured(f"{path} can't be made: {error.strerror}.") from None
    return _identity(pairs)


def _texts(pair: _Pair) -> dict[str, str]:
    return {"current": pair[0].secret_text(), "next": pair[1].secret_text()}


def _identity(pairs: Mapping[str, _Pair]) -> RelayIdentity:
    current, following = pairs[ED25519]
    other = pairs.get(P256)
    return RelayIdentity(
        current, following.public, KeyPair(other[0], other[1].public) if other else None
    )


def _read(path: Path) -> dict[str, _Pair]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        kept = json.loads(path.read_text(encoding="ascii"))
        pairs = {ED25519: _pair(kept)}
        if P256 in kept:
            pairs[P256] = _pair(kept[P256])
    except Misconfigured:
        raise
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
    return pairs


def _pair(kept: Mapping[str, str]) -> _Pair:
    return SigningKey.from_text(kept["current"]), SigningKey.from_text(kept["next"])
