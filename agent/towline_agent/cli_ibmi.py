"""The verb ``ibmi``: what must exist on the partition, compared, installed, removed.

Exit codes: 0 nothing to do or done, 3 there are differences, or something stands in the way; 2 a
setting; 1 the system said no. An administrator's password comes from a prompt or the environment,
is used for one sign-on, and is kept nowhere.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towline_agent.config import AgentConfig
from towline_agent.ibmi.install.diff import closing, differences
from towline_agent.ibmi.install.difference import Difference, Kind
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.present import Asked, Present, read_present
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.runner import run, unsent
from towline_agent.ibmi.install.script import Script
from towline_agent.ibmi.install.sign_on import PASSWORD, signed_on, takes_sql
from towline_agent.ibmi.install.sources import sources
from towline_agent.ibmi.install.undo import removable, undo
from towline_agent.ibmi.install.wanted import wanted
from towline_shared.errors import Misconfigured, Permanent, Retryable

__all__ = ["add_verbs"]

Settings = Callable[[argparse.Namespace], AgentConfig]
AddVerb = Callable[[str, Any, str], argparse.ArgumentParser]

_OK, _PROBLEMS = 0, 3


@dataclass(frozen=True, slots=True)
class Compared:
    """What is wanted, what is there, and the difference."""

    wanted: Wanted
    present: Present
    found: tuple[Difference, ...]
    user: str

    @property
    def hindered(self) -> bool:
        """Whether something speaks against an install."""
        return any(each.kind is Kind.REFUSED for each in self.found)

    @property
    def differs(self) -> bool:
        """Whether anything but a warning was found."""
        return any(each.kind is not Kind.WARNING for each in self.found)


def add_verbs(verb: AddVerb, settings: Settings) -> None:
    """Add the verb to the command line.

    Args:
        verb: adds one verb by name, function and help text.
        settings: reads agent.toml for parsed arguments.
    """

    def acting(options: argparse.Namespace) -> int:
        return _ACTIONS[options.action](options, settings(options))

    one = verb("ibmi", acting, "plan, install or remove what Towline needs on the IBM i")
    one.add_argument("action", choices=tuple(_ACTIONS), help="plan changes nothing")
    one.add_argument("--script", action="store_true", help="plan: print the SQL that is needed")
    one.add_argument("--undo", action="store_true", help="plan: print the SQL that removes it all")
    one.add_argument(
        "--sources",
        type=Path,
        metavar="FOLDER",
        help="plan: write it as CL and SQL source members, for RUNSQLSTM",
    )
    one.add_argument("--whole", action="store_true", help="plan: do not connect, compare nothing")
    one.add_argument(
        "--user",
        default="",
        metavar="PROFILE",
        help=f"sign on as this administrator; password from {PASSWORD} or a prompt",
    )
    one.add_argument("--yes", action="store_true", help="install, remove: do not ask")
    one.add_argument(
        "--discard", action="store_true", help="remove: although orders or changes would be lost"
    )


def _plan(options: argparse.Namespace, config: AgentConfig) -> int:
    if options.undo:
        print(undo(wanted(config)), end="")
        return _OK
    if options.sources is not None:
        return _write_sources(options.sources, config)
    why = _no_comparison(options, config)
    compared: Compared | None = None
    if not why:
        try:
            with signed_on(config, options.user, changing=False) as (door, user):
                compared = _compare(door, config, user)
        except (Permanent, Retryable) as error:
            if isinstance(error, Misconfigured):
                raise
            why = str(error)
    if compared is None:
        return _print_whole(options, config, why)
    if options.script:
        print(closing(compared.wanted, compared.present, compared.found), end="")
        return _OK
    _report(options, compared)
    return _PROBLEMS if compared.differs else _OK


def _install(options: argparse.Namespace, config: AgentConfig) -> int:
    with signed_on(config, _administrator(options, config), changing=True) as (door, user):
        before = _compare(door, config, user)
        script = closing(before.wanted, before.present, before.found)
        if before.hindered or not script.changing:
            _report(options, before)
            if before.hindered:
                _tell("Nothing was changed: what is refused above has to be settled first.")
            return _PROBLEMS if before.differs else _OK
        if not _wants_json(options):
            _report(options, before)
        if not _agreed(options, f"Run {len(script.changing)} statements as {user}?"):
            return _PROBLEMS
        run(door, script.changing, before.wanted, tell=_tell)
        after = _compare(door, config, user)
    _report(options, after)
    return _PROBLEMS if after.differs else _OK


def _remove(options: argparse.Namespace, config: AgentConfig) -> int:
    with signed_on(config, _administrator(options, config), changing=True) as (door, user):
        site = wanted(config)
        _hold_unsent(options, door, site, "Nothing was removed")
        script, kept = removable(site, read_present(door, site))
        for line in (*kept, *(statement.text for statement in script.changing)):
            _tell(line)
        if not script.changing:
            _tell("Nothing is there.")
            return _OK
        if not _agreed(options, f"Run these {len(script.changing)} statements as {user}?"):
            return _PROBLEMS
        triggers = [each for each in script.changing if each.text.startswith("DROP TRIGGER")]
        run(door, triggers, site, tell=_tell)
        # What was written between the first count and the end of the triggers counts too.
        _hold_unsent(options, door, site, "The triggers are removed and nothing else is")
        rest = [each for each in script.changing if each not in triggers]
        run(door, rest, site, tell=_tell)
    return _OK


def _hold_unsent(options: argparse.Namespace, door: Asked, site: Wanted, state: str) -> None:
    """Refuse to lose what nobody has sent or decided, unless that was said."""
    lost = unsent(door, site)
    if (lost.orders or lost.changes) and not options.discard:
        raise Permanent(
            f"{state}: web orders not decided: {lost.orders}, changes not sent: {lost.changes}.",
            hint="Let order entry and the agent finish, or say --discard to lose them.",
        )


_ACTIONS: dict[str, Callable[[argparse.Namespace, AgentConfig], int]] = {
    "plan": _plan,
    "install": _install,
    "remove": _remove,
}


def _no_comparison(options: argparse.Namespace, config: AgentConfig) -> str:
    if options.whole:
        return "not asked for (--whole)"
    if not takes_sql(config):
        return f"the driver {config.driver} takes no SQL"
    return ""


def _compare(door: Asked, config: AgentConfig, user: str) -> Compared:
    """Look once for the columns, so that triggers know their types, then compare."""
    present = read_present(door, wanted(config))
    site = wanted(config, {file: found for file, found in present.columns.items() if found})
    return Compared(site, present, differences(site, present), user)


def _administrator(options: argparse.Namespace, config: AgentConfig) -> str:
    if not takes_sql(config):
        raise Misconfigured(
            f"{config.file}: the driver {config.driver} takes no SQL: no {options.action} over it.",
            hint="Print the script with towline-agent ibmi plan --script and run it yourself.",
        )
    if not options.user:
        raise Misconfigured(
            f"towline-agent ibmi {options.action} needs an administrator: the agent's own profile"
            " may not do this, and must not.",
            hint="Say --user with a profile that has *SECADM.",
        )
    return str(options.user)


def _agreed(options: argparse.Namespace, question: str) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise Misconfigured("Nobody is there to answer.", hint="Say --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _wants_json(options: argparse.Namespace) -> bool:
    return bool(getattr(options, "json", False))


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _print_whole(options: argparse.Namespace, config: AgentConfig, why: str) -> int:
    """Print the whole script and say that nothing was compared."""
    script: Script = render(wanted(config))
    note = f"Nothing was compared: {why.rstrip('.')}. This is the whole script."
    if _wants_json(options):
        print(json.dumps({"compared": False, "why": why, "script": str(script)}, indent=1))
    else:
        _tell(note)
        print(script, end="")
    return _OK if options.script else _PROBLEMS


def _write_sources(folder: Path, config: AgentConfig) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in sources(wanted(config)).items():
            (folder / name).write_text(text, encoding="utf-8")
            _tell(str(folder / name))
    except OSError as error:
        raise Misconfigured(f"{folder} can't be written: {error.strerror}.") from None
    return _OK


def _report(options: argparse.Namespace, compared: Compared) -> None:
    if _wants_json(options):
        print(json.dumps(_facts(compared), indent=1))
        return
    for each in compared.found:
        print(f"{each.kind.value:<8} {each.sentence}")
    for sentence in compared.present.unchecked:
        print(f"{'-':<8} {sentence}")
    count = sum(each.kind is not Kind.WARNING for each in compared.found)
    script = sum(each.closes for each in compared.found)
    if count:
        print(f"Differences seen by {compared.user}: {count}; a script closes {script} of them.")
    else:
        print(f"Nothing to do, as far as {compared.user} can see.")


def _facts(compared: Compared) -> dict[str, Any]:
    return {
        "compared": True,
        "user": compared.user,
        "differences": [
            {
                "kind": each.kind.value,
                "part": each.part,
                "sentence": each.sentence,
                "closes": each.closes,
            }
            for each in compared.found
        ],
        "unchecked": list(compared.present.unchecked),
    }
