"""Who may see the pages: one operator token, sessions signed with it, attempts counted.

Rotating the token ends every session, because the key that signs sessions is derived from it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from towline_shared.clock import Clock
from towline_shared.errors import Misconfigured

__all__ = ["Attempts", "Sessions", "read_or_make_token"]

_TOKEN_BYTES = 32
_SESSION_S = 12 * 3600


def read_or_make_token(path: Path) -> str:
    """Return the operator token; make the file, readable by its owner only, when there is none.

    Raises:
        Misconfigured: others may read or write the file, it is empty, or it can't be read.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise Misconfigured(f"{path} can't be made: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
    return token


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} can't be read: {error}.") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise Misconfigured(
            f"{path} may be read by others (mode {stat.S_IMODE(mode):04o}).",
            hint=f"Run chmod 600 {path}, and replace the token if somebody may have seen it.",
        )
    if len(token) < 16:
        raise Misconfigured(
            f"{path} holds no usable token: it needs at least 16 characters.",
            hint="Delete the file; a new token is made at the next start.",
        )
    return token


class Sessions:
    """Signed session values; the server keeps none of them.

    A value is ``expiry.nonce.signature``; what can be checked by its signature needs no table.
    """

    def __init__(self, token: str, *, clock: Clock, lasts_s: int = _SESSION_S) -> None:
        self._token = hashlib.sha256(token.encode()).digest()
        self._key = hmac.digest(token.encode(), b"towline admin session", "sha256")
        self._clock = clock
        self.lasts_s = lasts_s

    def is_token(self, given: str) -> bool:
        """Compare with the operator token in constant time, whatever the length."""
        return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._token)

    def start(self) -> str:
        """Make a new session's value."""
        expires = int(self._clock.now().timestamp()) + self.lasts_s
        value = f"{expires}.{secrets.token_urlsafe(16)}"
        return f"{value}.{self._sign('session', value)}"

    def is_valid(self, value: str) -> bool:
        """Tell whether a cookie's value is one of ours and has not expired."""
        signed, _, signature = value.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", signed).encode()):
            return False
        expires = signed.partition(".")[0]
        return expires.isdigit() and int(expires) > self._clock.now().timestamp()

    def form_token(self, bound_to: str) -> str:
        """Return the CSRF token of forms shown to the holder of a cookie's value."""
        return self._sign("form", bound_to)

    def is_form_token(self, given: str, *, bound_to: str) -> bool:
        """Tell whether a form was ours and made for this cookie."""
        if not bound_to:
            return False
        return hmac.compare_digest(given.encode(), self.form_token(bound_to).encode())

    def _sign(self, purpose: str, value: str) -> str:
        return hmac.new(self._key, f"{purpose}\n{value}".encode(), "sha256").hexdigest()


@dataclass
class Attempts:
    """Failed attempts in a sliding window, by address and in all.

    The limit over all addresses is there for relays behind a proxy, where every address is the
    proxy's, and for many addresses of one guesser.
    """

    clock: Clock
    most: int = 5
    most_in_all: int = 50
    window_s: float = 60.0
    _failed: dict[str, deque[float]] = field(default_factory=dict)
    _all: deque[float] = field(default_factory=deque)

    def wait_s(self, address: str) -> float:
        """Return the seconds until another attempt is allowed; 0 when it is now."""
        now = self.clock.monotonic()
        mine = self._failed.get(address, deque())
        waits = [0.0]
        for window, most in ((mine, self.most), (self._all, self.most_in_all)):
            while window and window[0] <= now - self.window_s:
                window.popleft()
            if len(window) >= most:
                waits.append(window[0] + self.window_s - now)
        if not mine:
            self._failed.pop(address, None)
        return max(waits)

    def failed(self, address: str) -> None:
        """Count a failed attempt."""
        now = self.clock.monotonic()
        self._failed.setdefault(address, deque()).append(now)
        self._all.append(now)
        if len(self._failed) > 10_000:  # a guesser with many addresses must not fill our memory
            self._failed.pop(next(iter(self._failed)))
