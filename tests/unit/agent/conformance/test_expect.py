"""How a check fails: with a sentence, whatever the interpreter's options."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from towline_agent.conformance.expect import Background, CheckFailed, Hanging, expect, fails, same
from towline_shared.errors import Permanent, Refused, Retryable


def _raise(error: Exception) -> object:
    raise error


def test_same_says_what_was_found_and_what_was_expected() -> None:
    """Long values are cut: a report is read by people."""
    same([1], [1], "ids")
    with pytest.raises(CheckFailed, match=r"^ids: found \[1\], expected \[2\]\.$"):
        same([1], [2], "ids")
    with pytest.raises(CheckFailed, match="9002 characters"):
        same("x" * 9000, "", "text")


def test_fails_wants_the_kind_of_error_the_port_promises() -> None:
    """A subclass will do; another kind, none at all or a nameless sentence will not."""
    error = fails(Permanent, lambda: _raise(Refused("TOTAL does not fit.")), "it", naming="TOTAL")
    assert isinstance(error, Refused)
    with pytest.raises(CheckFailed, match="came as Retryable, expected Permanent: later"):
        fails(Permanent, lambda: _raise(Retryable("later")), "it")
    with pytest.raises(CheckFailed, match="no error came but 7"):
        fails(Permanent, lambda: 7, "it")
    with pytest.raises(CheckFailed, match="does not name TOTAL"):
        fails(Permanent, lambda: _raise(Permanent("no")), "it", naming="TOTAL")
    with pytest.raises(KeyError):
        fails(Permanent, lambda: _raise(KeyError("raw")), "it")


def test_a_failed_check_is_never_taken_for_an_expected_error() -> None:
    """CheckFailed passes through fails(), whatever kind was expected."""
    with pytest.raises(CheckFailed, match="inner"):
        fails(Retryable, lambda: expect(False, "inner"), "it")


def test_what_runs_in_the_background_gives_its_result_its_error_or_hangs() -> None:
    """A hanging call is told apart from a failing one."""
    assert Background(lambda: 7).result("it") == 7
    with pytest.raises(Retryable, match="later"):
        Background(lambda: _raise(Retryable("later"))).result("it")
    release = threading.Event()
    with pytest.raises(Hanging, match="it: still hanging"):
        Background(lambda: release.wait(20)).result("it", within_s=0.01)
    release.set()


def test_checks_still_fail_without_assertions_and_docstrings() -> None:
    """python -OO takes both away; the kit must not become a rubber stamp."""
    program = (
        "from towline_agent.conformance.expect import CheckFailed, same\n"
        "from towline_agent.conformance.registry import CHECKS\n"
        "missing = [str(c) for c in CHECKS if not c.sentence]\n"
        "try:\n    same(1, 2, 'numbers')\nexcept CheckFailed as error:\n"
        "    print(missing, error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[] numbers: found 1, expected 2."
