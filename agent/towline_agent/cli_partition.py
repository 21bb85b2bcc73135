"""The verb ``towline-agent partition``: which IBM i the agent belongs to, and a person's yes."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable
from typing import Any

from towline_agent.config import AgentConfig
from towline_agent.ibmi.binding import Binding, same_partition
from towline_agent.ibmi.drivers import load_driver
from towline_agent.ibmi.port import Purpose
from towline_agent.state_file import prepare_state

__all__ = ["add_verbs"]

_OK, _PROBLEMS = 0, 3


def add_verbs(
    verb: Callable[[str, Any, str], argparse.ArgumentParser],
    settings: Callable[[argparse.Namespace], AgentConfig],
) -> None:
    """Add the verb to the command line; it signs on once and works while the agent runs."""

    def run(options: argparse.Namespace) -> int:
        config = settings(options)
        prepare_state(config.state)
        binding = Binding(config.state)
        connection = load_driver(config.ibmi, config.site).connect(Purpose.READ)
        with contextlib.closing(connection):
            about = connection.describe()
        before = binding.fingerprint
        if options.action == "accept":
            binding.accept(about)
        known = binding.fingerprint
        same = not known or same_partition(known, about.fingerprint)
        if getattr(options, "json", False):
            print(json.dumps({"answers": about.fingerprint, "belongs_to": known, "same": same}))
        elif options.action == "accept":
            print(f"The agent belongs to {about.fingerprint} now (before: {before or 'none'}).")
            print("After a role swap read the files anew: towline-agent reload item, price, stock.")
        else:
            print(f"{about.fingerprint} answers; the agent belongs to {known or 'none yet'}.")
        return _OK if same else _PROBLEMS

    added = verb("partition", run, "show which partition the agent belongs to, or accept another")
    added.add_argument(
        "action", choices=["show", "accept"], nargs="?", default="show",
        help="accept: a person says that the partition that answers is the right one",
    )  # fmt: skip
