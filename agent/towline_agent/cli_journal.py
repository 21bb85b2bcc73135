"""The verb ``towline-agent journal restart``: a person decides how a lost journal goes on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from towline_agent.config import AgentConfig
from towline_agent.journal_wish import ask_restart
from towline_agent.state_file import prepare_state
from towline_shared.clock import SystemClock
from towline_shared.errors import Misconfigured

__all__ = ["add_verbs"]

_OK = 0


def add_verbs(
    verb: Callable[[str, Any, str], argparse.ArgumentParser],
    settings: Callable[[argparse.Namespace], AgentConfig],
) -> None:
    """Add the verb to the command line; it works while the agent runs and while it is down."""

    def run(options: argparse.Namespace) -> int:
        config = settings(options)
        if config.journal is None:
            raise Misconfigured(
                f"{config.file} has no [journal]: nothing is read from one.",
                hint="Where triggers feed the outbox, use towline-agent reload ENTITY.",
            )
        prepare_state(config.state)
        ask_restart(config.state, SystemClock().now())
        if getattr(options, "json", False):
            print(json.dumps({"journal": str(config.journal.name), "asked": "restart"}))
        else:
            print(
                f"The agent will begin to read {config.journal.name} anew at its newest entry and"
                " load what it feeds; entries before that are not read."
            )
        return _OK

    added = verb("journal", run, "begin to read a lost journal anew, and load what it feeds")
    added.add_argument("action", choices=["restart"], help="restart: from the newest entry")
