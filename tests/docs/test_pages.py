"""The documentation is held against the tree: links resolve, commands exist, promises are two."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.labs import ROOT
from towline_sandbox.processes import script

_PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("packaging/**/*.md")]
)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_first_screen_of_the_readme_shows_two_commands_and_no_more() -> None:
    """A newcomer needs `make sandbox` and `make test`; everything else comes below the line."""
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").split("\n---\n")[0]
    commands = re.findall(r"^    (make \w+)", first_screen, flags=re.MULTILINE)
    assert commands == ["make sandbox", "make test"]
    assert len(first_screen.splitlines()) <= 40


def test_every_make_target_that_is_named_exists() -> None:
    """Whatever a page tells people to make can be made."""
    targets = set(
        re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    for page in _PAGES:
        named = re.findall(r"`make ([a-z][a-z ]*)`", page.read_text(encoding="utf-8"))
        for words in named:
            assert set(words.split()) <= targets, f"{page}: make {words}"


def test_every_verb_that_is_named_exists() -> None:
    """Whatever a page tells people to type, the program knows."""
    helps: dict[str, str] = {}
    for page in _PAGES:
        text = page.read_text(encoding="utf-8")
        for program, verb in re.findall(r"`(towline-(?:agent|relay|sandbox)) ([a-z]+)", text):
            if program not in helps:
                told = subprocess.run(
                    [script(program), "--help"], capture_output=True, text=True, check=True
                )
                helps[program] = told.stdout
            assert re.search(rf"^\s+{verb}\b", helps[program], flags=re.MULTILINE), (
                f"{page}: {program} {verb}"
            )


def test_decisions_are_numbered_without_gaps() -> None:
    """A decision that was taken back stays, marked; its number is never given twice."""
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_packaging_names_programs_that_are_installed() -> None:
    """The unit and the container start what pyproject.toml installs."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        programs = set(tomllib.load(file)["project"]["scripts"])
    unit = (ROOT / "packaging/agent/systemd/towline-agent.service").read_text(encoding="utf-8")
    container = (ROOT / "packaging/relay/container/Containerfile").read_text(encoding="utf-8")
    started = re.findall(r"^ExecStart=\S+/(\S+)", unit, flags=re.MULTILINE)
    started += re.findall(r'^ENTRYPOINT \["\S+/(\S+)"\]', container, flags=re.MULTILINE)
    assert started == ["towline-agent", "towline-relay"]
    assert set(started) <= programs


def test_nothing_names_a_machine_or_a_registry() -> None:
    """Paths of a workplace and hosts of a package mirror don't belong to the project."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    traces = re.compile(
        "|".join(("/wor" + "k/", "/far" + "m/", r"\.\./sha" + "red/", "file:///o" + "pt"))
    )
    for name in filter(None, tracked):
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 1_000_000:
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not traces.search(text), name
