"""``towline-relay``: serve, enrol, verify, rules, secrets. Every verb has ``--json``.

Exit codes: 0 ok, 1 failed, 2 usage or settings, 3 found problems.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import structlog

from towline_relay import __doc__ as about
from towline_relay import cli_link, cli_shop, operator_client
from towline_relay.app import open_database, serve
from towline_relay.config import RelayConfig, default_path, load_config
from towline_relay.secrets_box import read_or_make_keyring, rotate
from towline_relay.store.vault import Vault
from towline_relay.verify import sentences
from towline_shared import __version__
from towline_shared.clock import SystemClock
from towline_shared.errors import Misconfigured, TowlineError

__all__ = ["main"]

OK, FAILED, USAGE, PROBLEMS = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    given = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = given.command
    try:
        return command(given)
    except Misconfigured as error:
        return _complain(given, error, USAGE)
    except TowlineError as error:
        return _complain(given, error, FAILED)
    except KeyboardInterrupt:
        return FAILED


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--config", type=Path, default=default_path(), help="relay.toml")
    shared.add_argument("--json", action="store_true", help="answer in JSON")
    parser = argparse.ArgumentParser(prog="towline-relay", description=about, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"towline-relay {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    verb = verbs.add_parser("serve", parents=[shared], help="run the relay", allow_abbrev=False)
    verb.set_defaults(command=_serve)

    verb = verbs.add_parser(
        "enrol", parents=[shared], help="make a one-time code for an agent", allow_abbrev=False
    )
    verb.add_argument("--tenant", required=True, help="whose agent it will be")
    verb.add_argument("--name", required=True, help="what people call it, such as the site")
    verb.set_defaults(command=_enrol)

    verb = verbs.add_parser(
        "verify", parents=[shared], allow_abbrev=False,
        help="prove that no number is missing and each event ended in one state",
    )  # fmt: skip
    verb.add_argument("--tenant", default="", help="this tenant only")
    verb.add_argument("--quick", action="store_true", help="count only, walk nothing")
    verb.add_argument("--file", type=Path, help="a copy at rest instead, such as a backup")
    verb.set_defaults(command=_verify)

    verb = verbs.add_parser(
        "backup", parents=[shared], help="copy the database while it is in use", allow_abbrev=False
    )
    verb.set_defaults(command=_backup)

    rules = verbs.add_parser("rules", help="the rules of the tenants", allow_abbrev=False)
    what = rules.add_subparsers(required=True, metavar="WHAT")
    verb = what.add_parser(
        "check", parents=[shared], help="read and compile the rules", allow_abbrev=False
    )
    verb.set_defaults(command=_rules_check)

    kept = verbs.add_parser("secrets", help="what the relay keeps sealed", allow_abbrev=False)
    what = kept.add_subparsers(required=True, metavar="WHAT")
    verb = what.add_parser(
        "rotate", parents=[shared], help="seal it under a new key; stop the relay first",
        allow_abbrev=False,
    )  # fmt: skip
    verb.set_defaults(command=_secrets_rotate)

    cli_shop.add_verbs(verbs, shared, _say)
    cli_link.add_verbs(verbs, shared, _say)
    return parser


def _serve(given: argparse.Namespace) -> int:
    config = load_config(given.config)
    _log_to(sys.stderr, config.log_format)
    asyncio.run(_until_signalled(config))
    return OK


async def _until_signalled(config: RelayConfig) -> None:
    """Run until SIGTERM or SIGINT; the second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def signalled() -> None:
        if stop.is_set():
            # Every commit is on disk already; what is cut short is found again at the next start.
            os._exit(FAILED)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    await serve(config, stop=stop)


def _enrol(given: argparse.Namespace) -> int:
    config = load_config(given.config, secrets=False)
    answer = operator_client.enrolment_code(config, tenant=given.tenant, name=given.name)
    _say(
        given,
        answer,
        f"{answer['code']}\n\nGood once, for 24 hours. On the agent's machine:\n"
        "  towline-agent enrol",
    )
    return OK


def _verify(given: argparse.Namespace) -> int:
    config = load_config(given.config, secrets=False)
    asked = {"tenant": given.tenant, "walk": not given.quick}
    report = (
        operator_client.verify_file(config, given.file, **asked)
        if given.file
        else operator_client.verify(config, **asked)
    )
    _say(given, report, "\n".join(sentences(report)))
    return OK if report["final"] and report.get("sound", True) else PROBLEMS


def _backup(given: argparse.Namespace) -> int:
    config = load_config(given.config, secrets=False)
    made = operator_client.backup(config)
    words = (
        f"{made['file']} holds the database ({made['bytes']:,} bytes), checked.\n"
        f"Take it elsewhere, and keep {config.secrets_key.name} and {config.identity.name} apart"
        " from it."
    )
    _say(given, made, words)
    return OK


def _rules_check(given: argparse.Namespace) -> int:
    config = load_config(given.config, secrets=False)
    checked = [
        {
            "tenant": tenant.id,
            "file": str(tenant.rules_file),
            "fingerprint": tenant.rules.fingerprint,
            "entities": [
                name
                for name in ("item", "price", "stock")
                if getattr(tenant.rules, name) is not None
            ],
        }
        for tenant in config.tenants
    ]
    lines = [
        f"{entry['tenant']}: {entry['file']} is good ({', '.join(entry['entities'])})"
        for entry in checked
    ]
    _say(given, {"rules": checked}, "\n".join(lines))
    return OK


def _secrets_rotate(given: argparse.Namespace) -> int:
    config = load_config(given.config, secrets=False)
    database = open_database(config)  # refuses while the relay runs
    try:
        kept = Vault(database, clock=SystemClock())
        read_or_make_keyring(config.secrets_key, in_use=kept.holds_any)
        count = rotate(config.secrets_key, kept.rewrap)
    finally:
        database.close()
    words = f"{count} secrets are sealed under a new key. Put {config.secrets_key} into the backup."
    _say(given, {"secrets": count, "key_file": str(config.secrets_key)}, words)
    return OK


def _say(given: argparse.Namespace, answer: Any, text: str) -> None:
    print(json.dumps(answer, indent=2) if given.json else text)


def _complain(given: argparse.Namespace, error: TowlineError, code: int) -> int:
    if given.json:
        print(json.dumps({"error": error.what, "hint": error.hint}, indent=2))
    else:
        print(f"towline-relay: {error.what}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
    return code


def _log_to(stream: TextIO, form: str) -> None:
    """Write logs as lines for people on a terminal, as JSON elsewhere, unless settings say."""
    as_json = form == "json" or (form == "auto" and not stream.isatty())
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )


if __name__ == "__main__":
    sys.exit(main())
