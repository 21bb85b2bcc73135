"""The demo's agent.toml and its SELECTs as a customer would write them, put into a folder."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

__all__ = ["copy_rules", "rules", "simulated_table", "write_site"]

_SIMULATED = 'driver = "simulated"\naddress = "{address}"'


def rules() -> Path:
    """Return the folder of the demo's rules."""
    return Path(str(resources.files("towline_sandbox") / "rules"))


def simulated_table(address: str) -> str:
    """Return the ``[ibmi]`` table for the simulated IBM i at ``host:port``."""
    return _SIMULATED.replace("{address}", address)


def write_site(
    folder: Path, *, ibmi_table: str, relay_url: str = "ws://127.0.0.1:1/link", health_port: int = 0
) -> Path:
    """Write agent.toml and the SELECTs; returns the path of agent.toml."""
    copy_rules(folder, only=("sql",))
    text = (rules() / "agent.toml").read_text(encoding="utf-8").replace(_SIMULATED, ibmi_table)
    values = {
        "relay_url": relay_url,
        "state": "state",
        "health_port": str(health_port),
        "proxy": "none",
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    path = folder / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def copy_rules(target: Path, *, only: tuple[str, ...]) -> None:
    """Copy some of the rules' files and folders."""
    for name in only:
        source = rules() / name
        if source.is_dir():
            shutil.copytree(source, target / name, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, target / name)
