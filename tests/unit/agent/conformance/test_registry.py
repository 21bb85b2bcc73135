"""The list of checks: complete in itself, and readable as a list of promises."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from towline_agent.conformance import checks
from towline_agent.conformance.bench import Capability
from towline_agent.conformance.registry import CHECKS
from towline_agent.ibmi.port import IbmI

_FOLDER = Path(checks.__file__).parent


def test_every_check_has_a_name_of_its_own_and_a_sentence() -> None:
    """A report names a check once, and says what it promises."""
    assert [name for name, count in Counter(map(str, CHECKS)).items() if count > 1] == []
    assert [str(check) for check in CHECKS if not check.sentence.endswith(".")] == []


def test_every_module_of_checks_is_in_the_list() -> None:
    """A function that was written and forgotten would be taken for a promise that is kept."""
    written: set[str] = set()
    for path in _FOLDER.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                written.add(node.name.replace("_", " "))
    helpers = {"data of", "staged columns"}
    assert written - helpers == {check.name for check in CHECKS}


def test_no_check_asserts() -> None:
    """python -O takes assert statements away, and every check would pass."""
    for path in _FOLDER.parent.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        assert [node for node in nodes if isinstance(node, ast.Assert)] == [], path


def test_every_verb_of_the_port_is_called_by_a_check() -> None:
    """A new verb without a check would be a promise nobody holds a driver to."""
    text = "".join(path.read_text(encoding="utf-8") for path in _FOLDER.glob("*.py"))
    verbs = [name for name in vars(IbmI) if not name.startswith("_")]
    assert [verb for verb in verbs if f".{verb}(" not in text and f".{verb})" not in text] == []


def test_every_capability_is_needed_by_a_check() -> None:
    """A bench is asked for nothing in vain."""
    needed = {need for check in CHECKS for need in check.needs}
    assert needed == set(Capability)
