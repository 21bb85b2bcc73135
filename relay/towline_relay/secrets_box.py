"""Where the relay keeps secrets it got at run time: sealed in its database, the key in a file.

The key file (mode 0600, in the state folder) and the database belong into the backup, better not
into the same one. Secrets people give stay where they put them: in files and variables.
"""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from towline_shared.envelope import Keyring, MasterKey
from towline_shared.errors import Misconfigured

__all__ = ["SealedRows", "Secret", "read_or_make_keyring", "rotate", "write_keyring"]


class SealedRows(Protocol):
    """Where sealed texts are kept; implemented by the store."""

    async def sealed(self, tenant: str, purpose: str) -> str | None: ...

    async def put_sealed(self, tenant: str, purpose: str, sealed: str) -> None: ...


class Secret:
    """One secret of one tenant, such as its refresh token."""

    def __init__(self, rows: SealedRows, keyring: Keyring, *, tenant: str, purpose: str) -> None:
        self._rows = rows
        self._keyring = keyring
        self._tenant = tenant
        self._purpose = purpose

    async def load(self) -> str | None:
        """Return the secret; None when there is none.

        Raises:
            Unopenable: the key file does not belong to this database.
        """
        sealed = await self._rows.sealed(self._tenant, self._purpose)
        if sealed is None:
            return None
        return self._keyring.open(sealed, about=about(self._tenant, self._purpose)).decode()

    async def save(self, secret: str) -> None:
        """Keep a secret instead of the one before; sealed and on disk when this returns."""
        sealed = self._keyring.seal(secret.encode(), about=about(self._tenant, self._purpose))
        await self._rows.put_sealed(self._tenant, self._purpose, sealed)


def about(tenant: str, purpose: str) -> str:
    """Return what a secret is bound to; a tenant's id holds no slash."""
    return f"{tenant}/{purpose}"


def read_or_make_keyring(path: Path, *, in_use: Callable[[], bool] = lambda: False) -> Keyring:
    """Return the keys in a file; make one when there is no file and nothing is sealed yet.

    Args:
        in_use: tells whether the database holds anything sealed.

    Raises:
        Misconfigured: others may read the file, it is damaged, or it is lost.
    """
    if not path.exists():
        if in_use():
            raise Misconfigured(
                f"The key of the relay's secrets is lost: {path} is missing, and the database holds"
                " what it sealed.",
                hint="Restore it from the backup. Without it orders on their way can't be read:"
                " then give the refresh tokens anew, and begin with an empty state folder.",
            )
        ring = Keyring([MasterKey.generate()])
        write_keyring(path, ring)
        return ring
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        kept = json.loads(path.read_text(encoding="ascii"))
        keys = [
            MasterKey(str(key["id"]), base64.b64decode(key["key"], validate=True))
            for key in kept["keys"]
        ]
        ring = Keyring(keys)
    except Exception as error:
        # whatever is wrong with the file, its content must not get into a message
        raise Misconfigured(
            f"{path} can't be read as the key of the relay's secrets ({type(error).__name__}).",
            hint="Restore it from the backup; without it the refresh tokens must be given anew.",
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise Misconfigured(
            f"{path} may be read by others (mode {mode:04o}).", hint=f"Run chmod 600 {path}."
        )
    return ring


def rotate(path: Path, rewrap: Callable[[Callable[[str, str, str], str]], int]) -> int:
    """Seal everything under a new key and forget the old ones; returns the number of secrets.

    The new key is on disk before anything is wrapped by it, the old ones go after the commit: a
    crash between leaves a file with both, and running this again ends it.

    Args:
        path: the key file.
        rewrap: replaces every sealed text by a function of tenant, purpose and text, all or none.

    Raises:
        Misconfigured: the key file can't be read or written.
        Unopenable: a secret does not open; nothing was changed in the store.
    """
    ring = Keyring([MasterKey.generate(), *read_or_make_keyring(path).keys])
    write_keyring(path, ring)
    count = rewrap(
        lambda tenant, purpose, sealed: ring.rewrap(sealed, about=about(tenant, purpose))
    )
    write_keyring(path, Keyring(ring.keys[:1]))
    return count


def write_keyring(path: Path, ring: Keyring) -> None:
    """Write the keys, newest first; the file is either the old or the new one, never half.

    Raises:
        Misconfigured: the folder can't be written.
    """
    kept = {
        "v": 1,
        "keys": [
            {"id": key.id, "key": base64.b64encode(key.secret).decode("ascii")} for key in ring.keys
        ],
    }
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Misconfigured(f"{path} can't be written: {error.strerror}.") from None
