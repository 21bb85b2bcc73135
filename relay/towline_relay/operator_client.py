"""What a command asks of the relay: of the running one over its port, else of its file.

The file has one owner at a time. So a command first asks the relay of the same settings on its port
with the operator's token, and opens the file only when nobody listens there.
"""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from towline_relay import backups
from towline_relay.admin.auth import read_or_make_token
from towline_relay.app import open_database
from towline_relay.audit import audit
from towline_relay.config import RelayConfig
from towline_relay.link import enrolment
from towline_relay.secrets_box import read_or_make_keyring
from towline_relay.store import event_rows
from towline_relay.store.sealed_documents import SealedDocuments
from towline_relay.verify import verified
from towline_relay.views import EnrolledAgents
from towline_shared.clock import SystemClock
from towline_shared.envelope import Keyring, MasterKey
from towline_shared.errors import Misconfigured, Permanent, Refused

__all__ = ["ask", "ask_running", "backup", "enrolment_code", "verify", "verify_file"]

_TIMEOUT_S = 10.0
_BACKUP_S = 3600.0  # a copy of many gigabytes on a slow disk
_PATIENCE_S = 600.0  # a comparison reads every order of the window
_WALK_S = 3600.0  # a million rows take a minute


def enrolment_code(config: RelayConfig, *, tenant: str, name: str) -> dict[str, Any]:
    """Make a one-time code; returns code, tenant and name.

    Raises:
        Misconfigured: there is no such tenant.
        Permanent: neither the relay nor its file can be reached.
    """
    if tenant not in {known.id for known in config.tenants}:
        raise Misconfigured(
            f"{config.file} has no tenant {tenant!r}.",
            hint="Known: " + ", ".join(known.id for known in config.tenants),
        )
    answer = ask(config, "POST", "/admin/api/enrolment-codes", {"tenant": tenant, "name": name})
    if answer is not None:
        return answer
    database = open_database(config)
    try:
        code = database.call(
            lambda db: enrolment.create_code(db, tenant=tenant, name=name, clock=SystemClock())
        )
    finally:
        database.close()
    return {"code": code, "tenant": tenant, "name": name}


def verify(config: RelayConfig, *, tenant: str, walk: bool) -> dict[str, Any]:
    """Count events by state, and with ``walk`` prove them; see :mod:`towline_relay.verify`."""
    query = urllib.parse.urlencode({"tenant": tenant, "walk": int(walk)})
    patience_s = _WALK_S if walk else _TIMEOUT_S
    answer = ask(config, "GET", f"/admin/api/verify?{query}", None, timeout_s=patience_s)
    if answer is not None:
        return answer
    database = open_database(config)
    try:
        return _verified(config, database.call, tenant=tenant, walk=walk)
    finally:
        database.close()


def verify_file(config: RelayConfig, path: Path, *, tenant: str, walk: bool) -> dict[str, Any]:
    """Do the same with a copy at rest, such as a backup; nothing is written into it.

    Raises:
        Misconfigured: there is no such file, or it is one somebody works in.
        Permanent: it is not a relay's database.
    """
    if not path.is_file():
        raise Misconfigured(f"There is no file {path}.")
    if path.with_name(path.name + "-wal").exists():
        raise Misconfigured(
            f"{path} has a write-ahead log beside it: a relay works in it, or it was copied raw.",
            hint="Verify a backup, or leave out --file to ask the running relay.",
        )
    db = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    try:
        return _verified(config, lambda work: work(db), tenant=tenant, walk=walk)
    except sqlite3.DatabaseError as error:
        raise Permanent(
            f"{path} can't be read as a relay's database: {error}.",
            hint="Take another backup; keep this file for whoever looks into it.",
        ) from None
    finally:
        db.close()


def _verified(
    config: RelayConfig, call: Callable[..., Any], *, tenant: str, walk: bool
) -> dict[str, Any]:
    if not walk:
        return verified(call(lambda db: event_rows.counts(db, tenant)))
    # without the key file, sealed texts are counted as not to be had
    known = config.secrets_key.exists()
    ring = read_or_make_keyring(config.secrets_key) if known else Keyring([MasterKey.generate()])
    documents = SealedDocuments(ring, enrolled=EnrolledAgents(), clock=SystemClock())
    return audit(call, tenant=tenant, agents=enrolment.tenants, show=documents.show)


def backup(config: RelayConfig) -> dict[str, Any]:
    """Copy the database into the backups' folder; returns file and bytes."""
    answer = ask(config, "POST", "/admin/api/backup", {}, timeout_s=_BACKUP_S)
    if answer is not None:
        return answer
    database = open_database(config)
    try:
        return dict(backups.backup(database, config.state, SystemClock().now()).facts())
    finally:
        database.close()


def ask(
    config: RelayConfig,
    method: str,
    path: str,
    body: dict[str, str] | None,
    *,
    timeout_s: float = _TIMEOUT_S,
) -> dict[str, Any] | None:
    """Ask the running relay; None when none listens on the port."""
    if not config.admin_token.exists():
        return None  # no relay has ever run here
    host = "127.0.0.1" if config.host in ("0.0.0.0", "") else config.host  # noqa: S104
    if ":" in host:
        host = "[::1]" if host == "::" else f"[{host}]"
    request = urllib.request.Request(
        f"http://{host}:{config.port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {read_or_make_token(config.admin_token)}",
            "Content-Type": "application/json",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout_s) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(_sentence(error.read())) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return None
        raise Permanent(
            f"The relay on port {config.port} can't be asked: {error.reason}."
        ) from None
    except (TimeoutError, OSError) as error:
        raise Permanent(f"The relay on port {config.port} does not answer: {error}.") from None


def ask_running(
    config: RelayConfig, method: str, path: str, body: dict[str, str] | None
) -> dict[str, Any]:
    """Ask the running relay, with patience.

    Raises:
        Permanent: none runs, or it does not answer.
        Refused: it said no.
    """
    answer = ask(config, method, path, body, timeout_s=_PATIENCE_S)
    if answer is None:
        raise Permanent(
            f"No relay listens on port {config.port}; this is asked of the running one.",
            hint="Start it: towline-relay serve",
        )
    return answer


def _sentence(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return "The relay refused the request."
