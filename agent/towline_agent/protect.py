"""Secrets of the state folder under a protection of the machine: DPAPI, a systemd credential, none.

A secret stands in its file as text. Behind ``dpapi:`` it is sealed by Windows for the account the
service runs as (CryptProtectData,
https://learn.microsoft.com/windows/win32/api/dpapi/nf-dpapi-cryptprotectdata); behind
``credential:`` under a key that systemd hands to the unit alone and keeps encrypted for this
machine (``LoadCredentialEncrypted=``, https://systemd.io/CREDENTIALS/). Else it is clear in a file
of mode 0600. Each is bound to what it is. All of them protect copies of the folder, none protects
it against the machine's administrator.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from towline_shared.envelope import Unopenable
from towline_shared.errors import Misconfigured, Permanent
from towline_shared.row_seal import RowSeal

__all__ = ["CREDENTIAL", "PROTECTIONS", "Vault", "chosen", "conceal", "protection_of", "reveal"]

FILE, DPAPI, SYSTEMD = "file", "dpapi", "credential"
PROTECTIONS = ("auto", FILE, DPAPI, SYSTEMD)
#: What the unit's credential is called.
CREDENTIAL = "towline-agent.key"
_LEAST_KEY = 32


class Vault(Protocol):
    """A protection that seals by itself, such as :class:`towline_agent.dpapi.Dpapi`."""

    def seal(self, secret: bytes, about: bytes) -> bytes: ...

    def open(self, sealed: bytes, about: bytes) -> bytes: ...


def chosen(setting: str, *, environment: Mapping[str, str] = os.environ) -> str:
    """Return the protection a setting stands for; ``auto`` takes the best this process has."""
    if setting != "auto":
        return setting
    if sys.platform == "win32":
        return DPAPI
    folder = environment.get("CREDENTIALS_DIRECTORY", "")
    return SYSTEMD if folder and (Path(folder) / CREDENTIAL).exists() else FILE


def protection_of(text: str) -> str:
    """Tell how a text in a file is protected."""
    start = text.partition(":")[0]
    return start if start in (DPAPI, SYSTEMD) else FILE


def conceal(secret: str, how: str, about: str, *, dpapi: Vault | None = None) -> str:
    """Return a secret as it stands in its file.

    Args:
        how: a protection, not ``auto``.
        about: what the secret is; opening takes the same.

    Raises:
        Misconfigured: this process has no such protection.
    """
    if how == FILE:
        return secret
    if how == DPAPI:
        sealed = (dpapi or _windows()).seal(secret.encode(), about.encode())
    else:
        sealed = RowSeal(_credential_key(about)).seal(secret.encode(), about)
    return f"{how}:{base64.b64encode(sealed).decode('ascii')}"


def reveal(text: str, about: str, *, dpapi: Vault | None = None) -> str:
    """Return the secret that stands in a file.

    Raises:
        Misconfigured: what protects it is not there, is another one, or the text was changed.
    """
    how = protection_of(text)
    if how == FILE:
        return text
    try:
        sealed = base64.b64decode(text.partition(":")[2], validate=True)
        if how == DPAPI:
            return (dpapi or _windows()).open(sealed, about.encode()).decode()
        return RowSeal(_credential_key(about)).open(sealed, about).decode()
    except Misconfigured:
        raise
    except (Unopenable, Permanent, ValueError):
        raise Misconfigured(
            f"The {about} can't be opened: the {how} is another one, or the file was changed.",
            hint="Restore what belongs together, or enrol the agent anew.",
        ) from None


def _windows() -> Vault:
    """Load the door to Windows when it is needed: not every Python has ctypes."""
    vault: Vault = importlib.import_module("towline_agent.dpapi").Dpapi()
    return vault


def _credential_key(about: str) -> bytes:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    try:
        if not folder:
            raise FileNotFoundError
        content = (Path(folder) / CREDENTIAL).read_bytes()
    except OSError:
        raise Misconfigured(
            f"The {about} is sealed by the systemd credential {CREDENTIAL}, which this process was"
            " not given.",
            hint="Start the agent by its unit; verbs that need the key run by systemd-run with the"
            " same LoadCredentialEncrypted= (docs/operate.md).",
        ) from None
    if len(content) < _LEAST_KEY:
        raise Misconfigured(
            f"The systemd credential {CREDENTIAL} is too short: {len(content)} bytes.",
            hint=f"Make it of at least {_LEAST_KEY} random bytes, as the unit says.",
        )
    return hashlib.sha256(b"towline agent secrets v1\0" + content).digest()
