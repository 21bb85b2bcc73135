"""The verb ``conformance``: hold the configured driver to the port, in a library of its own.

Exit codes: 0 every check that ran has passed, 3 one failed, 2 the library or a setting can't be
used, 1 the system could not be reached.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from towline_agent.config import AgentConfig
from towline_agent.conformance import report
from towline_agent.conformance.bench import Bench, BenchMaker
from towline_agent.conformance.check import Check
from towline_agent.conformance.registry import CHECKS
from towline_agent.conformance.runner import Outcome, State, run_checks
from towline_agent.ibmi.drivers import load_driver
from towline_agent.ibmi.install.sign_on import password_of
from towline_agent.policy import parse_object
from towline_shared.errors import Misconfigured

__all__ = ["add_verbs", "check_library"]

Settings = Callable[[argparse.Namespace], AgentConfig]
AddVerb = Callable[[str, Any, str], argparse.ArgumentParser]
_DEFAULT = "TOWTEST"
_OK, _PROBLEMS = 0, 3


def add_verbs(verb: AddVerb, settings: Settings) -> None:
    """Add the verb to the command line.

    Args:
        verb: adds one verb by name, function and help text.
        settings: reads agent.toml for parsed arguments.
    """

    def conforming(options: argparse.Namespace) -> int:
        return _conformance(options, settings(options))

    one = verb("conformance", conforming, "hold the IBM i and its driver to what Towline needs")
    one.add_argument(
        "--library",
        default=_DEFAULT,
        metavar="NAME",
        help=f"library the kit makes for itself and removes again (default: {_DEFAULT})",
    )
    one.add_argument(
        "--only", default="", metavar="WORDS", help="only checks whose subject or name holds WORDS"
    )
    one.add_argument(
        "--user",
        default="",
        metavar="PROFILE",
        help="the administrator who makes the library; password as for the verb ibmi",
    )
    one.add_argument("--report", type=Path, metavar="FILE", help="write the JSON report there too")


def check_library(library: str, config: AgentConfig) -> None:
    """Refuse a library in which the kit could meet anything but its own objects.

    Raises:
        Misconfigured: no system name, one of IBM's, or one this site works with.
    """
    try:
        parse_object(f"{library}/X")
    except ValueError as error:
        raise Misconfigured(f"--library {error}.", hint=f"Leave it out: {_DEFAULT}.") from None
    # Q is IBM's first letter; SYSIBM, SYSTOOLS and SYSPROC are its schemas (general knowledge).
    if library.startswith(("Q", "SYS")):
        raise Misconfigured(
            f"--library {library}: names that begin with Q or SYS are IBM's.",
            hint=f"Choose a name of its own, such as {_DEFAULT}.",
        )
    policy = config.policy
    used = {*policy.libraries, config.outbox.library}
    used |= {file.library for file in policy.files} | {queue.library for queue in policy.queues}
    used |= {program.library for program in policy.programs}
    if library in used:
        raise Misconfigured(
            f"--library {library} is a library this site works with, by {config.file}.",
            hint="The kit makes and removes a library of its own; name one that does not exist.",
        )


def _conformance(options: argparse.Namespace, config: AgentConfig) -> int:
    check_library(options.library, config)
    chosen = _chosen(options.only)
    driver = load_driver(config.ibmi, config.site)
    if not isinstance(driver, BenchMaker):
        raise Misconfigured(
            f"{config.file}: the driver {config.driver} offers no bench to the conformance kit.",
            hint="A driver of your own needs a method bench(library); see docs/conformance.md.",
        )
    if options.report is not None:
        _write(options.report, {})  # what can't be written is found now, not after the run
    wants_json = bool(getattr(options, "json", False))
    with driver.bench(options.library, lambda: _person(options.user)) as bench:
        whole = _run(bench, chosen, told=not wants_json)
        # Inside, so that no report is lost when something can't be removed afterwards.
        if wants_json:
            print(json.dumps(whole, indent=1))
        if options.report is not None:
            _write(options.report, whole)
    return _PROBLEMS if whole["summary"]["failed"] else _OK


def _person(user: str) -> tuple[str, str]:
    if not user:
        raise Misconfigured(
            "towline-agent conformance needs an administrator here: the agent's own profile may"
            " not make libraries, and must not.",
            hint="Say --user with a profile that may create a library, such as your own.",
        )
    return user, password_of(user)


def _chosen(words: str) -> Sequence[Check]:
    chosen = [check for check in CHECKS if words.lower() in str(check).lower()]
    if not chosen:
        raise Misconfigured(
            f"--only {words!r}: no check has these words in its name.",
            hint="Leave --only out to see all names.",
        )
    return chosen


def _run(bench: Bench, chosen: Sequence[Check], *, told: bool) -> dict[str, Any]:
    bench.clean()
    about, facts = bench.connect().describe(), bench.facts()

    def tell(outcome: Outcome) -> None:
        if told:
            print(report.line(outcome), flush=True)

    if told:
        print(report.head(about, facts), end="\n\n", flush=True)
    outcomes = run_checks(bench, chosen, tell=tell)
    if told:
        print(f"\n{report.summary(outcomes)}")
        if any(outcome.state is State.FAILED for outcome in outcomes):
            print("A failed check is a promise Towline builds on: don't run the agent here yet.")
    return report.as_dict(about, facts, outcomes)


def _write(path: Path, whole: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"The report {path} can't be written: {error.strerror}.") from None
