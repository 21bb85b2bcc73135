"""The sandbox's own agent.toml as a site, without a sandbox around it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.labs import ROOT

RULES = ROOT / "sandbox/towline_sandbox/rules"
_PLACES = {
    "relay_url": "ws://127.0.0.1:1/link",
    "proxy": "none",
    "state": "state",
    "health_port": "0",
    "address": "127.0.0.1:1",
}


def write_sandbox_site(folder: Path, **changes: str) -> Path:
    """Write agent.toml and its SELECT files; return the path of agent.toml.

    Args:
        changes: texts to put into places of the template instead of the usual ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(RULES / "sql", folder / "sql", dirs_exist_ok=True)
    text = (RULES / "agent.toml").read_text(encoding="utf-8")
    for name, value in {**_PLACES, **changes}.items():
        text = text.replace("{" + name + "}", value)
    path = folder / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path
