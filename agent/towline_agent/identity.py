"""Who this agent is: its own key, made on site, and the relay keys it was enrolled with.

The private key never leaves the folder; how it changes stands in ``keeper``. Enrolment sends a
one-time code and the public key over TLS and gets back the agent's id and the relay's identity
keys, which are pinned from then on.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from ssl import SSLContext
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from towline_agent.protect import conceal, protection_of, reveal
from towline_agent.state_file import write_private
from towline_shared import __version__
from towline_shared.clock import Clock, SystemClock, parse_utc, utc_text
from towline_shared.errors import Misconfigured, PeerFault, Permanent, Refused, Retryable
from towline_shared.sealing import (
    ED25519,
    SigningKey,
    algorithm_of,
    fingerprint,
    is_public_key,
)

__all__ = [
    "Identity",
    "enrol",
    "enrolment_url",
    "load_identity",
    "protect_identity",
    "save_identity",
]

_FILE = "identity.json"
_ABOUT = "agent's key"
_TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True, slots=True)
class Identity:
    """What enrolment gave.

    Attributes:
        relay_keys: public keys the relay may show: its current one and its next one.
        key_since: when the key came into force, aware UTC; None in files older than rotation.
        candidate: a key that is to follow; not yet tried.
        candidate_good: the relay has the candidate on disk, so it may be tried.
        former: the key before; for a relay that was restored from an older backup.
        waiting: a person has to approve the agent first, as enrolment said; not kept.
        protection: how the private keys stand in the file; see ``protect``.
    """

    agent_id: str
    tenant: str
    name: str
    relay_url: str
    relay_keys: tuple[str, ...]
    key: SigningKey = field(repr=False)
    key_since: datetime | None = None
    candidate: SigningKey | None = field(default=None, repr=False)
    candidate_good: bool = False
    former: SigningKey | None = field(default=None, repr=False)
    waiting: bool = False
    protection: str = "file"

    @property
    def words(self) -> str:
        """The fingerprint to compare with the relay's agents page."""
        return fingerprint(self.key.public)

    @property
    def relay_words(self) -> tuple[str, ...]:
        """The same of the relay's keys."""
        return tuple(map(fingerprint, self.relay_keys))


def load_identity(folder: Path) -> Identity:
    """Read the identity.

    Raises:
        Misconfigured: the agent is not enrolled, the file is damaged, or others can read it.
    """
    path = folder / _FILE
    try:
        mode = path.stat().st_mode
        raw = json.loads(path.read_text(encoding="utf-8"))
        identity = Identity(
            agent_id=raw["agent_id"],
            tenant=raw["tenant"],
            name=raw["name"],
            relay_url=raw["relay_url"],
            relay_keys=tuple(raw["relay_keys"]),
            key=SigningKey.from_text(reveal(str(raw["key"]), _ABOUT)),
            key_since=parse_utc(raw["key_since"]) if raw.get("key_since") else None,
            candidate=_key(raw.get("candidate")),
            candidate_good=bool(raw.get("candidate_good")),
            former=_key(raw.get("former")),
            protection=protection_of(str(raw["key"])),
        )
    except FileNotFoundError:
        raise Misconfigured(
            f"This agent is not enrolled: {path} does not exist.",
            hint="Run towline-agent enrol with a code from the relay.",
        ) from None
    except Misconfigured:
        raise
    except (OSError, ValueError, KeyError, TypeError, PeerFault) as error:
        raise Misconfigured(
            f"{path} can't be read as an identity: {type(error).__name__}.",
            hint="Restore it, or enrol the agent anew.",
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise Misconfigured(f"{path} can be read by others.", hint=f"Run chmod 600 {path}.")
    return identity


def _key(text: object) -> SigningKey | None:
    return SigningKey.from_text(reveal(str(text), _ABOUT)) if text else None


def _kept(key: SigningKey | None, protection: str) -> str:
    return conceal(key.secret_text(), protection, _ABOUT) if key is not None else ""


def protect_identity(folder: Path, protection: str) -> None:
    """Write the identity anew under a protection, if it has another one and is there at all.

    Raises:
        Misconfigured: it can't be read or written, or this process has no such protection.
    """
    if not (folder / _FILE).exists():
        return
    identity = load_identity(folder)
    if identity.protection != protection:
        try:
            save_identity(folder, replace(identity, protection=protection))
        except OSError as error:
            raise Misconfigured(f"{folder / _FILE} can't be written: {error.strerror}.") from None


def save_identity(folder: Path, identity: Identity) -> Path:
    """Write the identity with mode 0600, whole or not at all; on disk when it returns."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _FILE
    text = json.dumps(
        {
            "agent_id": identity.agent_id,
            "tenant": identity.tenant,
            "name": identity.name,
            "relay_url": identity.relay_url,
            "relay_keys": list(identity.relay_keys),
            "key": _kept(identity.key, identity.protection),
            "key_since": utc_text(identity.key_since) if identity.key_since else "",
            "candidate": _kept(identity.candidate, identity.protection),
            "candidate_good": identity.candidate_good,
            "former": _kept(identity.former, identity.protection),
        },
        indent=1,
    )
    write_private(path, text)
    return path


def enrolment_url(relay_url: str) -> str:
    """Derive the enrolment address from the link's: wss://host/link -> https://host/link/enrol."""
    parts = urlsplit(relay_url)
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise Misconfigured(f"{relay_url} is not the address of a relay; it starts with wss://.")
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/enrol", "", ""))


async def enrol(
    *,
    url: str,
    code: str,
    name: str,
    folder: Path,
    proxy: str | None = None,
    tls: SSLContext | None = None,
    clock: Clock | None = None,
    algorithm: str = ED25519,
) -> Identity:
    """Make a key, redeem the code, and keep both.

    Args:
        url: the link's address (wss://...).
        code: the one-time code; it is used up even if the answer gets lost.
        proxy: URL of a proxy; ``environment`` reads the usual variables; None for none.
        algorithm: the kind of the key, and so of everything that seals the link.

    Raises:
        Misconfigured: the folder can't be written; found out before the code is used up.
        Refused: the relay does not accept the code.
        Permanent: what answers is not a relay.
        Retryable: the relay can't be reached; the code is still good.
    """
    key = SigningKey.generate(algorithm)
    _try_folder(folder)
    request = {"code": code.strip(), "public_key": key.public, "name": name, "version": __version__}
    answer = await _post(enrolment_url(url), request, proxy=proxy, tls=tls)
    since = (clock or SystemClock()).now()
    identity = replace(_answered(answer, url=url, key=key), key_since=since)
    save_identity(folder, identity)
    return identity


def _answered(answer: dict[str, object], *, url: str, key: SigningKey) -> Identity:
    """Read the relay's answer; whoever else answers, a portal for example, is not pinned."""
    agent_id, tenant, name = (answer.get(field) for field in ("agent_id", "tenant", "name"))
    keys = answer.get("relay_keys")
    pinned = tuple(map(str, filter(None, keys))) if isinstance(keys, list) else ()
    if (
        not isinstance(agent_id, str)
        or not isinstance(tenant, str)
        or not isinstance(name, str)
        or not pinned
        or not all(map(is_public_key, pinned))
        or any(algorithm_of(pin) != key.algorithm for pin in pinned)
    ):
        raise _no_relay(enrolment_url(url))
    return Identity(
        agent_id=agent_id, tenant=tenant, name=name, relay_url=url, relay_keys=pinned, key=key,
        waiting=answer.get("waiting") is True,
    )  # fmt: skip


def _try_folder(folder: Path) -> None:
    """Write and remove a file, so that a code is not used up for a key that can't be kept."""
    made = not folder.exists()
    probe = folder / (_FILE + ".try")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        if made:
            folder.rmdir()
    except OSError as error:
        raise Misconfigured(
            f"{folder} can't hold the agent's identity: {error.strerror}.",
            hint="Make the folder, owned by the service's user; the code is still good.",
        ) from None


def _no_relay(url: str) -> Permanent:
    return Permanent(
        f"What answers at {url} is not a relay.", hint="Check [relay] url and the proxy."
    )


async def _post(
    url: str, body: dict[str, str], *, proxy: str | None, tls: SSLContext | None
) -> dict[str, object]:
    from_environment = proxy == "environment"
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=from_environment) as session,
            session.post(
                url,
                json=body,
                proxy=None if from_environment else proxy,
                ssl=tls if tls is not None else True,
                allow_redirects=False,  # the code is for this host
            ) as reply,
        ):
            text, status = await reply.text(errors="replace"), reply.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Retryable(
            f"The relay at {url} can't be reached: {type(error).__name__} {error}".rstrip(),
            hint="Run towline-agent check; the code is still good.",
        ) from None
    if status >= 500:
        raise Retryable(
            f"The relay at {url} has trouble of its own (status {status}).",
            hint="Try again later; the code is probably still good.",
        )
    try:
        answer = json.loads(text)
    except ValueError:
        raise _no_relay(url) from None
    if not isinstance(answer, dict) or 300 <= status < 400:
        raise _no_relay(url)
    if status != 200:
        raise Refused(
            str(answer.get("error") or f"The relay answered with status {status}."),
            hint=str(answer.get("hint") or "Ask the relay's operator for a new code."),
        )
    return answer
