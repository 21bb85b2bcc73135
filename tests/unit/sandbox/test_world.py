"""A sandbox is one folder: made once, opened again, kept to one process, never mistaken."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from towline_sandbox.world import World
from towline_shared.errors import Misconfigured


def _make(folder: Path) -> World:
    return World.make(folder, items=10, seed=7, pace=1.0)


def test_a_world_opens_as_it_was_made(tmp_path: Path) -> None:
    """Ports and secrets stay the same, so that a restart goes on where it stopped."""
    made = _make(tmp_path / "w")
    opened = World.open(tmp_path / "w")
    assert opened == made
    assert len(set(made.ports.values())) == len(made.ports)
    assert World.open(tmp_path / "none") is None


def test_secrets_are_in_files_of_their_own(tmp_path: Path) -> None:
    """Neither settings file holds one, and nobody else can read the ones that do."""
    world = _make(tmp_path / "w")
    for config in (world.relay_config, world.agent_config):
        text = config.read_text(encoding="utf-8")
        assert world.token not in text
        assert world.webhook_secret not in text
        assert tomllib.loads(text)
    for name in ("world.json", "relay/shop.token", "relay/shop.secrets"):
        assert (world.folder / name).stat().st_mode & 0o077 == 0
    assert world.token not in repr(world)


def test_a_world_on_the_lab_names_the_driver_and_keeps_the_password_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """agent.toml is as a customer's: driver, profile, a file with the password, a target."""
    lab = tmp_path / "lab"
    lab.mkdir()
    plan = {"driver": "db2.so", "classes": "classes", "jars": "derby.jar", "scripts": []}
    (lab / "lab.json").write_text(json.dumps(plan))
    monkeypatch.setenv("TOWLINE_ODBC_LAB", str(lab))
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    world = World.make(tmp_path / "w", items=10, seed=7, pace=1.0, engine="odbc")
    ibmi = tomllib.loads(world.agent_config.read_text(encoding="utf-8"))["ibmi"]
    assert (ibmi["driver"], ibmi["user"]) == ("odbc", "TWAGENT")
    assert (world.agent_config.parent / ibmi["password_file"]).resolve() == (
        world.ibmi_state / "twagent.password"
    )
    assert f"Port={world.ports['odbc']};" in ibmi["connection_string"]
    assert "PWD" not in ibmi["connection_string"]
    assert world.ibmi_state != world.ibmi_file
    assert World.open(tmp_path / "w") == world


def test_a_world_on_a_lab_that_is_not_here_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says how to get the lab."""
    monkeypatch.setenv("TOWLINE_ODBC_LAB", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match="ODBC lab is not installed"):
        World.make(tmp_path / "w", items=10, seed=7, pace=1.0, engine="odbc")
    assert World.open(tmp_path / "w") is None


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written into or deleted from a folder that is not a sandbox."""
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(Misconfigured, match="not a sandbox"):
        World.open(tmp_path)


def test_a_world_of_another_release_is_named(tmp_path: Path) -> None:
    """The sentence says to delete it, rather than a traceback about a field."""
    world = _make(tmp_path / "w")
    (world.folder / "world.json").write_text('{"colour": 1}')
    with pytest.raises(Misconfigured, match="another release"):
        World.open(world.folder)


def test_two_processes_can_not_share_a_folder(tmp_path: Path) -> None:
    """The second one learns why, and a killed first one leaves nothing behind."""
    world = _make(tmp_path / "w")
    program = (
        "import sys, time; from pathlib import Path; from towline_sandbox.world import World\n"
        "with World.open(Path(sys.argv[1])).held():\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(world.folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Misconfigured, match="Another sandbox runs"), world.held():
            pass
        other.kill()
    with world.held():
        pass
