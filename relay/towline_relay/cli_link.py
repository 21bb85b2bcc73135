"""The verbs about the link: its agents, and the relay's own key."""

from __future__ import annotations

import argparse
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from towline_relay import operator_client
from towline_relay.config import RelayConfig, load_config

__all__ = ["add_verbs"]

Say = Callable[[argparse.Namespace, Any, str], None]
_OK, _PROBLEMS = 0, 3


def add_verbs(verbs: Any, shared: argparse.ArgumentParser, say: Say) -> None:
    """Add ``agents`` and ``key`` to the verbs."""
    agents = verbs.add_parser("agents", help="who is enrolled", allow_abbrev=False)
    what = agents.add_subparsers(required=True, metavar="WHAT")
    verb = _verb(what, shared, "list", "list them with their keys; exit 3 while one waits")
    verb.set_defaults(command=lambda given: _list(given, say))
    for name, about, done, not_done in (
        ("approve", "let a waiting agent in", "may come in now", "was not waiting"),
        ("shut-out", "refuse an agent from now on", "is shut out", "was shut out before"),
        (
            "hand-over",
            "make a standby of a pair the active one",
            "takes over",
            "stands by in no pair",
        ),
    ):
        verb = _verb(what, shared, name, about)
        verb.add_argument("--agent", required=True, help="its id, see list")
        verb.set_defaults(
            command=lambda given, name=name, done=done, not_done=not_done: _decide(
                given, say, name, (done, not_done)
            )
        )
    key = verbs.add_parser("key", help="the relay's own key", allow_abbrev=False)
    what = key.add_subparsers(required=True, metavar="WHAT")
    verb = _verb(what, shared, "show", "show it as words, to compare with an agent's page")
    verb.set_defaults(command=lambda given: _show(given, say))
    verb = _verb(what, shared, "roll", "make the next key the current one; exit 3 if it may not")
    verb.add_argument(
        "--leave-behind", action="store_true",
        help="although agents do not know the next key yet; they must be enrolled anew",
    )  # fmt: skip
    verb.set_defaults(command=lambda given: _roll(given, say))


def _verb(
    verbs: Any, shared: argparse.ArgumentParser, name: str, about: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, parents=[shared], help=about, allow_abbrev=False
    )
    return parser


def _list(given: argparse.Namespace, say: Say) -> int:
    found = operator_client.ask_running(_config(given), "GET", "/admin/api/agents", None)
    lines = [
        f"{row['agent_id']} {row['tenant']:<16} {row['name']:<20} {_state(row):<13} {row['key']}"
        for row in found["agents"]
    ]
    say(given, found, "\n".join(lines) or "No agent is enrolled.")
    return _PROBLEMS if any(row["waiting"] for row in found["agents"]) else _OK


def _state(row: Mapping[str, Any]) -> str:
    if row["revoked"]:
        return "shut out"
    if row["waiting"]:
        return "waiting"
    said = "connected" if row["connected"] else "not connected"
    return row["role"] if row["connected"] and row["role"] else said


def _decide(given: argparse.Namespace, say: Say, name: str, words: tuple[str, str]) -> int:
    path = f"/admin/api/agents/{urllib.parse.quote(given.agent, safe='')}/{name}"
    found = operator_client.ask_running(_config(given), "POST", path, {})
    say(given, found, f"{given.agent} {words[0] if found['changed'] else words[1]}.")
    return _OK


def _show(given: argparse.Namespace, say: Say) -> int:
    found = operator_client.ask_running(_config(given), "GET", "/admin/api/key", None)
    say(given, found, _keys(found))
    return _OK


def _roll(given: argparse.Namespace, say: Say) -> int:
    body = {"leave_behind": "yes" if given.leave_behind else "no"}
    config = _config(given)
    found = operator_client.ask_running(config, "POST", "/admin/api/key/roll", body)
    if not found["rolled"]:
        say(given, found, f"{_keys(found)}\nNothing was changed: wait until they have connected.")
        return _PROBLEMS
    lines = [_keys(found), f"Put {config.identity} into the backup."]
    if found["left"]:
        lines.append(f"Enrol anew: {', '.join(found['left'])}.")
    say(given, found, "\n".join(lines))
    return _OK


def _keys(found: Mapping[str, Any]) -> str:
    lines = [f"current  {found['current']}", f"next     {found['next']}"]
    if "p256" in found:
        lines.append(f"P-256    {found['p256']['current']}, next {found['p256']['next']}")
    if found["behind"]:
        lines.append(f"These agents do not know the next key yet: {', '.join(found['behind'])}.")
    return "\n".join(lines)


def _config(given: argparse.Namespace) -> RelayConfig:
    return load_config(given.config, secrets=False)
