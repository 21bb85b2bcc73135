"""Finding the ODBC lab, and what is said where it is not; nothing is started."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from towline_sandbox.odbc.lab import Lab, LabServer, find_lab
from towline_shared.errors import Misconfigured, Permanent


def _install(folder: Path) -> Path:
    folder.mkdir(parents=True)
    told = {"driver": "d.so", "classes": "c", "jars": "/j.jar", "scripts": ["s/one.sql"]}
    (folder / "lab.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(java.parent))
    monkeypatch.delenv("TOWLINE_ODBC_LAB", raising=False)


def test_the_lab_of_a_checkout_is_found(tmp_path: Path) -> None:
    """Paths of its plan are below its folder, the jars are where Debian has them."""
    folder = _install(tmp_path / "checkout" / ".labs" / "odbc")
    lab = find_lab(tmp_path / "checkout")
    assert lab.driver == folder / "d.so"
    assert lab.class_path == f"/j.jar{os.pathsep}{folder / 'c'}"
    assert lab.scripts == (folder / "s" / "one.sql",)


def test_the_environment_names_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOWLINE_ODBC_LAB goes before the checkout."""
    folder = _install(tmp_path / "elsewhere")
    monkeypatch.setenv("TOWLINE_ODBC_LAB", str(folder))
    assert find_lab(tmp_path / "checkout").driver == folder / "d.so"


def test_a_lab_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    """The sentence names the file it looked for, the hint the command."""
    with pytest.raises(Misconfigured, match=r"lab\.json does not exist.*make labs"):
        find_lab(tmp_path)


def test_a_missing_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java the lab can't start, and the sentence comes before the attempt."""
    _install(tmp_path / ".labs" / "odbc")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(Misconfigured, match="needs Java"):
        find_lab(tmp_path)


def test_a_server_that_does_not_start_shows_its_last_words(tmp_path: Path) -> None:
    """A program that ends at once is an error with a line of its log, and leaves no process."""
    java = tmp_path / "bin" / "java"
    java.write_text("#!/bin/sh\necho 'java.io.IOException: no room' >&2\n", encoding="utf-8")
    server = LabServer(Lab(Path("d.so"), "c", ()), tmp_path / "state")
    with pytest.raises(Permanent, match=r"did not start: java\.io\.IOException: no room"):
        server.start()
    assert server.pid == 0


def test_connection_strings_name_port_and_profile(tmp_path: Path) -> None:
    """Every keyword IBM's driver needs is there; another port goes through a proxy."""
    server = LabServer(Lab(Path("/l/d.so"), "c", ()), tmp_path)
    text = server.connection_string_via(5000, "TWAGENT", "secret")
    assert text.startswith("Driver=/l/d.so;Hostname=127.0.0.1;Port=5000;")
    for keyword in ("UID=TWAGENT", "PWD=secret", "Authentication=SERVER", "LongDataCompat=1"):
        assert f";{keyword};" in text
    with pytest.raises(Permanent, match="does not run"):
        server.restrict()
