"""``towline-agent``: enrol, run, status, check, key, pause, resume, reload, journal, ibmi...

Exit codes: 0 ok, 1 failed, 2 usage or settings, 3 found problems.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import logging
import os
import platform
import re
import signal
import sys
import traceback
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import structlog

from towline_agent import cli_conformance, cli_ibmi, cli_journal, cli_key, cli_partition
from towline_agent.app import Agent
from towline_agent.check import check_all
from towline_agent.config import AgentConfig, load_config
from towline_agent.courtesy.verbs import add_verbs
from towline_agent.ibmi.given_up import hanging, leave
from towline_agent.identity import enrol
from towline_agent.state_file import prepare_state
from towline_agent.state_folder import known_port
from towline_agent.tls import tls_context
from towline_shared import __version__
from towline_shared.clock import SystemClock
from towline_shared.errors import Misconfigured, Permanent, Retryable, TowlineError
from towline_shared.health import Status, worst
from towline_shared.sealing import ED25519, P256

__all__ = ["main"]

_OK, _FAILED, _USAGE, _PROBLEMS = 0, 1, 2, 3
_CODE = "TOWLINE_ENROLMENT_CODE"
_ECHO = re.compile(r"""(invalid choice|explicit argument):? (['"]).*?\2""")  # argparse's words
_MARKS = {"ok": "ok", "warning": "WARN", "failed": "FAIL"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code.

    Args:
        arguments: None for those of the process, which then ends although a driver's call hangs.
    """
    try:
        code = _one_verb(arguments)
    except Exception:
        if arguments is None and hanging():
            traceback.print_exc()
            leave(_FAILED)
        raise
    if arguments is None:
        leave(code)
    return code


def _one_verb(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_unknown(unknown))
    _log_to_stderr("console")
    try:
        return int(options.verb(options))
    except Misconfigured as error:
        return _complain(options, error, _USAGE)
    except TowlineError as error:
        return _complain(options, error, _FAILED)
    except KeyboardInterrupt:
        return _FAILED


class _Parser(argparse.ArgumentParser):
    """Takes no abbreviations (--code would pass for --code-file) and repeats no value."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        super().error(_ECHO.sub(r"\1", message))


def _unknown(words: Sequence[str]) -> str:
    """Name unknown options without their values: somebody may have typed a code or a password."""
    names = [word.split("=", 1)[0] for word in words if word.startswith("--")]
    what = f"unknown: {', '.join(names)}" if names else "too many words"
    return f"{what} (values are not repeated here; secrets come from files or the environment)"


def _parser() -> argparse.ArgumentParser:
    # The common options may stand before or after the verb; SUPPRESS keeps the later parser from
    # overwriting what the earlier one read.
    common = _Parser(add_help=False)
    common.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="settings (default: agent.toml)",
    )
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                        help="print JSON")  # fmt: skip
    parser = _Parser(
        prog="towline-agent", parents=[common],
        description="Keeps an IBM i and the relay in step, from inside the firewall.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, parents=[common], help=text, description=text)
        added.set_defaults(verb=function)
        return added

    one = verb("enrol", _enrol, "make a key on site and redeem a one-time code from the relay")
    one.add_argument(
        "--code-file",
        type=Path,
        metavar="FILE",
        help=f"file that holds the code; else {_CODE}, else a prompt",
    )
    one.add_argument("--name", default=platform.node(), help="what people call this agent")
    one.add_argument(
        "--algorithm", choices=[ED25519, P256], default=ED25519,
        help="of the agent's key and of all that seals the link; p256 where FIPS 140 is asked for",
    )  # fmt: skip
    one.add_argument("--replace", action="store_true", help="give up an identity that exists")
    verb("run", _run, "run until SIGTERM; a second signal ends it at once")
    verb("status", _status, "ask the running agent how it is")
    verb("check", _check, "check settings, IBM i, authority and the way to the relay")
    add_verbs(verb, _settings)
    cli_conformance.add_verbs(verb, _settings)
    cli_ibmi.add_verbs(verb, _settings)
    cli_journal.add_verbs(verb, _settings)
    cli_key.add_verbs(verb, _settings)
    cli_partition.add_verbs(verb, _settings)
    return parser


def _settings(options: argparse.Namespace) -> AgentConfig:
    path = getattr(options, "config", Path("agent.toml"))
    try:
        return load_config(path)
    except Misconfigured:
        raise
    except Permanent as error:  # outside the policy: exit 2, so that no supervisor repeats it
        raise Misconfigured(f"{path}: {error.what}", hint=error.hint) from None


def _wants_json(options: argparse.Namespace) -> bool:
    return bool(getattr(options, "json", False))


def _complain(options: argparse.Namespace, error: TowlineError, code: int) -> int:
    if _wants_json(options):
        print(json.dumps({"error": error.what, "hint": error.hint}))
    else:
        print(f"towline-agent: {error}", file=sys.stderr)
    return code


def _enrol(options: argparse.Namespace) -> int:
    config = _settings(options)
    prepare_state(config.state)
    if (config.state / "identity.json").exists() and not options.replace:
        raise Misconfigured(
            f"This agent is enrolled already: {config.state / 'identity.json'} exists.",
            hint="Add --replace to give that identity up.",
        )
    identity = asyncio.run(
        enrol(
            url=config.relay.url,
            code=_code(options.code_file),
            name=options.name,
            folder=config.state,
            algorithm=options.algorithm,
            proxy=config.relay.proxy,
            tls=tls_context(config.relay.url, config.relay.ca_file),
        )
    )
    if _wants_json(options):
        facts = {
            "agent_id": identity.agent_id, "tenant": identity.tenant, "words": identity.words,
            "relay": list(identity.relay_words), "waiting": identity.waiting,
        }  # fmt: skip
        print(json.dumps(facts))
    else:
        print(f"Enrolled as {identity.agent_id} of {identity.tenant}.")
        print(f"Compare this with the relay's agents page: {identity.words}")
        print(f"and the relay's key there with this: {identity.relay_words[0]}")
        if identity.waiting:
            print("The relay lets the agent in once a person has compared and approved it there.")
    return _OK


def _code(path: Path | None) -> str:
    """Take the code from a file, the environment or a prompt; never from the command line."""
    if path is not None:
        try:
            code = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(
                f"The code file {path} can't be read: {type(error).__name__}."
            ) from None
        if not code:
            raise Misconfigured(
                f"The code file {path} is empty.",
                hint="Write the code that the relay's enrol verb printed into it.",
            )
        return code
    code = os.environ.get(_CODE, "")
    if not code:
        code = getpass.getpass("Code: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not code.strip():
        raise Misconfigured("There is no code.", hint=f"Use --code-file, {_CODE} or the prompt.")
    return code.strip()


def _run(options: argparse.Namespace) -> int:
    config = _settings(options)
    _log_to_stderr(config.log_format)
    asyncio.run(_until_signal(config))
    return _OK


async def _until_signal(config: AgentConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(_FAILED)  # the second signal: at once; what is on disk is whole
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, on_signal)
        except NotImplementedError:  # Windows has no handlers on its event loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))
    await Agent(config).run(stop)


def _log_to_stderr(form: str) -> None:
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # stdout is for answers
    )


def _status(options: argparse.Namespace) -> int:
    config = _settings(options)
    port = known_port(config.state) or config.health_port
    try:
        # A fixed loopback address; no proxy may come between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/status.json", timeout=10) as answer:
            status: dict[str, Any] = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        raise Retryable(
            f"No agent answers on 127.0.0.1:{port}.", hint="Is it running? Start it with run."
        ) from None
    if _wants_json(options):
        print(json.dumps(status, indent=1))
    else:
        _print_status(status)
    return _OK if status["status"] == "ok" else _PROBLEMS


def _print_status(status: dict[str, Any]) -> None:
    relay = "up" if status["relay"]["connected"] else "down"
    buffer = status["buffer"]
    print(f"agent    {status['agent']['agent_id']} version {status['agent']['version']}")
    relay_key = (*status["agent"].get("relay_words", ()), "unknown")[0]
    print(f"key      {status['agent']['words']}; the relay's {relay_key}")
    ibmi_good = status["ibmi"]["last_good_at"] or "never"
    print(f"IBM i    {status['ibmi']['status']}, last good {ibmi_good}")
    print(f"relay    {relay}, last good {status['relay']['last_good_at'] or 'never'}")
    print(f"backlog  {buffer['backlog']} events, oldest {buffer['oldest_unsent_s']:.0f} s")
    print(f"outbox   {buffer['outbox_waiting']} rows captured and not yet deleted")
    _print_checks(status["checks"])


def _check(options: argparse.Namespace) -> int:
    try:
        config = _settings(options)
    except TowlineError as error:
        return _complain(options, error, _USAGE)
    checks = check_all(config, clock=SystemClock())
    overall = worst(checks)
    if _wants_json(options):
        facts = {"status": overall.name.lower(), "checks": [check.as_dict() for check in checks]}
        print(json.dumps(facts, indent=1))
    else:
        _print_checks([check.as_dict() for check in checks])
    return _OK if overall is Status.OK else _PROBLEMS


def _print_checks(checks: Sequence[dict[str, str]]) -> None:
    width = max((len(check["name"]) for check in checks), default=0)
    for check in checks:
        print(f"{_MARKS[check['status']]:5}{check['name']:{width}}  {check['detail']}")
        if check["hint"]:
            print(f"{'':5}{'':{width}}  {check['hint']}")


if __name__ == "__main__":
    sys.exit(main())
