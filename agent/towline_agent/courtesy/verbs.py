"""The verbs ``pause``, ``resume`` and ``reload``: they leave files that the agent acts on."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from towline_agent.calendar import Work
from towline_agent.config import AgentConfig
from towline_agent.courtesy.pause import Pause, load_pauses, save_pauses
from towline_agent.courtesy.reload import ask_reload
from towline_shared.clock import utc_text
from towline_shared.errors import Misconfigured, Permanent

__all__ = ["add_verbs", "until_moment"]

Settings = Callable[[argparse.Namespace], AgentConfig]
AddVerb = Callable[[str, Any, str], argparse.ArgumentParser]
_ALL = ",".join(work.value for work in Work)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def add_verbs(verb: AddVerb, settings: Settings) -> None:
    """Add the three verbs to the command line.

    Args:
        verb: adds one verb by name, function and help text.
        settings: reads agent.toml for parsed arguments.
    """

    def pausing(options: argparse.Namespace) -> int:
        return _pause(options, settings(options))

    def resuming(options: argparse.Namespace) -> int:
        return _resume(options, settings(options))

    def reloading(options: argparse.Namespace) -> int:
        return _reload(options, settings(options))

    one = verb("pause", pausing, "let work rest until it is resumed; survives restarts")
    one.add_argument("--what", default=_ALL, metavar="LIST", help=f"what rests (default {_ALL})")
    one.add_argument("--until", metavar="HH:MM", help="go on by itself at this time")
    one = verb("resume", resuming, "let paused work go on")
    one.add_argument("--what", default=_ALL, metavar="LIST", help="what goes on (default: all)")
    one = verb("reload", reloading, "read an entity anew from its first row")
    one.add_argument("entity", metavar="ENTITY", help="item, price or stock")


def until_moment(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """Return the next moment at which clocks show ``HH:MM``, in UTC.

    Args:
        zone: the site's time zone; None = this machine's.

    Raises:
        Misconfigured: the text is not a time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise Misconfigured(f"--until {text} is not a time.", hint="Write it as HH:MM.")
    wanted = time(int(found[1]), int(found[2]))
    today = now.astimezone(zone).date()
    for days in (0, 1):
        # a naive moment means this machine's clock to astimezone, and that is what None asks for
        local = datetime.combine(today + timedelta(days=days), wanted, zone)
        moment = local.astimezone(UTC)
        if moment > now:
            break
    return moment


def _works(text: str) -> list[Work]:
    try:
        return [Work(name.strip()) for name in text.split(",")]
    except ValueError:
        raise Misconfigured(
            f"--what {text} is not known.", hint=f"Write some of {_ALL}, with commas."
        ) from None


def _pause(options: argparse.Namespace, config: AgentConfig) -> int:
    now = datetime.now(UTC)
    zone = config.courtesy.calendar.zone if config.courtesy.calendar.windows else None
    until = until_moment(options.until, now, zone) if options.until else None
    works = _works(options.what)
    pauses = {**_known(config), **dict.fromkeys(works, Pause(now, until))}
    save_pauses(config.state, pauses)
    end = f" until {utc_text(until)}" if until else " until towline-agent resume"
    return _answer(options, pauses, f"Paused{end}: {', '.join(work.value for work in works)}.")


def _resume(options: argparse.Namespace, config: AgentConfig) -> int:
    works = _works(options.what)
    pauses = {what: pause for what, pause in _known(config).items() if what not in works}
    save_pauses(config.state, pauses)
    left = ", ".join(what.value for what in pauses)
    return _answer(options, pauses, f"Resumed; still paused: {left}." if left else "Resumed.")


def _known(config: AgentConfig) -> dict[Work, Pause]:
    """Return the pauses that hold; a file nobody can read is written anew."""
    now = datetime.now(UTC)
    try:
        pauses = load_pauses(config.state)
    except Permanent:
        return {}
    return {what: each for what, each in pauses.items() if each.until is None or each.until > now}


def _reload(options: argparse.Namespace, config: AgentConfig) -> int:
    known = [each.query.entity for each in config.entities if each.is_state]
    if options.entity not in known:
        raise Misconfigured(
            f"{options.entity} can't be loaded anew.",
            hint=f"This site has: {', '.join(known) or 'nothing to load'}.",
        )
    ask_reload(config.state, options.entity, datetime.now(UTC))
    text = f"{options.entity} is read anew by the running agent, or at its next start."
    return _answer(options, None, text)


def _answer(options: argparse.Namespace, pauses: dict[Work, Pause] | None, text: str) -> int:
    if getattr(options, "json", False):
        facts: dict[str, Any] = {"text": text}
        if pauses is not None:
            facts["paused"] = {
                what.value: utc_text(each.until) if each.until else None
                for what, each in pauses.items()
            }
        print(json.dumps(facts))
    else:
        print(text)
    return 0
