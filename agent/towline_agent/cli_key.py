"""The verb ``towline-agent key``: the agent's key as words, its age, and the wish for a new one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from towline_agent.config import AgentConfig
from towline_agent.identity import load_identity
from towline_agent.keeper import KEY_LIFE
from towline_agent.key_wish import ask_rotation, rotation_asked
from towline_agent.state_file import prepare_state
from towline_shared.clock import SystemClock, utc_text
from towline_shared.sealing import fingerprint

__all__ = ["add_verbs"]

_OK = 0


def add_verbs(
    verb: Callable[[str, Any, str], argparse.ArgumentParser],
    settings: Callable[[argparse.Namespace], AgentConfig],
) -> None:
    """Add the verb to the command line; it works while the agent runs and while it is down."""

    def run(options: argparse.Namespace) -> int:
        config = settings(options)
        identity = load_identity(config.state)
        if options.action == "rotate":
            prepare_state(config.state)
            ask_rotation(config.state, SystemClock().now())
        facts = {
            "words": identity.words,
            "since": utc_text(identity.key_since) if identity.key_since else "",
            "rotates_at": utc_text(identity.key_since + KEY_LIFE) if identity.key_since else "",
            "asked": rotation_asked(config.state),
            "next": fingerprint(identity.candidate.public) if identity.candidate else "",
            "relay": list(identity.relay_words),
        }
        if getattr(options, "json", False):
            print(json.dumps(facts))
        else:
            _print(facts)
        return _OK

    added = verb("key", run, "show the agent's key as words, or change it")
    added.add_argument(
        "action", choices=["show", "rotate"], nargs="?", default="show",
        help="rotate: make a new key and change to it at the next contact with the relay",
    )  # fmt: skip


def _print(facts: dict[str, Any]) -> None:
    print(f"key      {facts['words']}, since {facts['since'] or 'unknown'}")
    for words in facts["relay"]:
        print(f"relay    {words}")
    if facts["next"]:
        print(f"next     {facts['next']}, under way")
    elif facts["asked"]:
        print("next     asked for; the running agent makes it and changes to it by itself")
    else:
        print(f"next     by itself, from {facts['rotates_at'] or 'the next contact'} on")
