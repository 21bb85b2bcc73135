"""The verbs about a shop: its webhooks, the comparison of orders, requests about people."""

from __future__ import annotations

import argparse
import json
import os
import urllib.parse
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from towline_relay import operator_client
from towline_relay.config import RelayConfig, TenantConfig, load_config
from towline_relay.sync.catalogue.compared import COMPARED
from towline_relay.sync.sweeps.all import SWEPT
from towline_relay.webhooks.app_toml import fragment
from towline_shared.clock import utc_text
from towline_shared.errors import Misconfigured, Permanent

__all__ = ["add_verbs"]

Say = Callable[[argparse.Namespace, Any, str], None]
_OK, _PROBLEMS = 0, 3
_LISTS = ("missing", "parked", "unanswered", "gone", "refused")


def add_verbs(verbs: Any, shared: argparse.ArgumentParser, say: Say) -> None:
    """Add ``webhooks``, ``reconcile``, ``replay`` and ``privacy`` to the verbs."""
    hooks = verbs.add_parser("webhooks", help="what the shop tells the relay", allow_abbrev=False)
    what = hooks.add_subparsers(required=True, metavar="WHAT")
    verb = _verb(what, shared, "toml", "print the part of shopify.app.toml that subscribes")
    verb.add_argument("--tenant", required=True, help="whose shop")
    verb.add_argument("--events", action="store_true", help="with Events, the successor, too")
    verb.set_defaults(command=lambda given: _toml(given, say))

    verb = _verb(verbs, shared, "reconcile", "compare with the shop; exit 3 if something differs")
    verb.add_argument("--tenant", required=True, help="whose shop")
    verb.add_argument(
        "--what", choices=COMPARED, default=COMPARED[0], help=f"default {COMPARED[0]}"
    )
    verb.add_argument(
        "--again", action="store_true", help="write again what the shop holds otherwise"
    )
    verb.set_defaults(command=lambda given: _reconcile(given, say))

    verb = _verb(verbs, shared, "replay", "look again at what changed in the shop since a date")
    verb.add_argument("--tenant", required=True, help="whose shop")
    verb.add_argument("--what", choices=SWEPT, default=SWEPT[0], help=f"default {SWEPT[0]}")
    verb.add_argument("--since", required=True, type=date.fromisoformat, help="such as 2026-11-01")
    verb.set_defaults(command=lambda given: _replay(given, say))

    people = verbs.add_parser("privacy", help="requests about personal data", allow_abbrev=False)
    what = people.add_subparsers(required=True, metavar="WHAT")
    verb = _verb(what, shared, "list", "list them with their deadlines; exit 3 while one is open")
    verb.add_argument("--tenant", default="", help="this tenant only")
    verb.set_defaults(command=lambda given: _list(given, say))
    for name, about in (
        ("certificate", "write the signed certificate of a request into a file"),
        ("export", "write what is held about the customer who asks into a file"),
    ):
        verb = _verb(what, shared, name, about)
        verb.add_argument("--request", required=True, type=int, help="number, see list")
        verb.add_argument("--out", required=True, type=Path, help="the file; mode 0600")
        verb.set_defaults(command=lambda given, name=name: _write(given, say, name))


def _verb(
    verbs: Any, shared: argparse.ArgumentParser, name: str, about: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, parents=[shared], help=about, allow_abbrev=False
    )
    return parser


def _toml(given: argparse.Namespace, say: Say) -> int:
    config = load_config(given.config, secrets=False)
    tenant = _tenant(config, given.tenant)
    if not config.public_url:
        raise Misconfigured(
            f"{config.file}: server.public_url is missing.",
            hint="Webhooks need the relay's address from outside.",
        )
    text = fragment(
        public_url=config.public_url,
        shop=tenant.shop.shop,
        api_version=tenant.shop.api_version,
        events=given.events,
    )
    say(given, {"toml": text}, text.rstrip("\n"))
    return _OK


def _reconcile(given: argparse.Namespace, say: Say) -> int:
    config = load_config(given.config, secrets=False)
    _tenant(config, given.tenant)
    asked = {"tenant": given.tenant, "what": given.what, "again": given.again}
    found = operator_client.ask_running(config, "POST", "/admin/api/reconcile", asked)
    if given.what != "orders":
        none = {"price-lists": "no price lists", "catalogue": "neither prices nor stock"}
        nothing = f"The rules name {none[given.what]}."
        said = [one["sentence"] for one in found["parts"]] or [nothing]
        say(given, found, "\n".join(said))
        return _OK if found["equal"] else _PROBLEMS
    lines = [found["sentence"]]
    lines += [f"{kind}: {', '.join(found[kind])}" for kind in _LISTS if found[kind]]
    say(given, found, "\n".join(lines))
    return _OK if found["equal"] else _PROBLEMS


def _replay(given: argparse.Namespace, say: Say) -> int:
    config = load_config(given.config, secrets=False)
    _tenant(config, given.tenant)
    since = utc_text(datetime.combine(given.since, time(), UTC))
    asked = {"tenant": given.tenant, "since": since, "what": given.what}
    found = operator_client.ask_running(config, "POST", "/admin/api/replay", asked)
    said = f"{found['new']} changes of {given.what} nobody had heard of were taken in."
    if given.what == "orders":
        said = (
            f"{found['new']} orders nobody had heard of were taken in; all others stay as they are."
        )
    if found["reading"]:
        said += " There are very many: the rest is being read in bulk (see the page of checks)."
    say(given, found, said)
    return _OK


def _list(given: argparse.Namespace, say: Say) -> int:
    config = load_config(given.config, secrets=False)
    query = urllib.parse.urlencode({"tenant": given.tenant})
    rows = operator_client.ask_running(config, "GET", f"/admin/api/privacy?{query}", None)[
        "requests"
    ]
    lines = [
        f"{row['number']:>5} {row['tenant']:<16} {row['kind']:<16} due {row['due_at'][:10]}  "
        f"{row['state']:<5} {row['detail']}"
        for row in rows
    ]
    say(given, {"requests": rows}, "\n".join(lines) or "There is no request.")
    return _PROBLEMS if any(row["state"] != "done" for row in rows) else _OK


def _write(given: argparse.Namespace, say: Say, name: str) -> int:
    config = load_config(given.config, secrets=False)
    path = f"/admin/api/privacy/{given.request}"
    if name == "export":
        content = operator_client.ask_running(config, "POST", f"{path}/export", {})
    else:
        content = operator_client.ask_running(config, "GET", path, None)
    try:
        descriptor = os.open(given.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Permanent(f"{given.out} can't be made: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
    say(given, {"file": str(given.out)}, f"Written to {given.out}.")
    return _OK


def _tenant(config: RelayConfig, name: str) -> TenantConfig:
    known: Sequence[TenantConfig] = config.tenants
    for tenant in known:
        if tenant.id == name:
            return tenant
    raise Misconfigured(
        f"{config.file} has no tenant {name!r}.",
        hint="Known: " + ", ".join(tenant.id for tenant in known),
    )
