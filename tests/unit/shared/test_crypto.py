"""The door to cryptography: without a library nothing goes on, and the sentence says what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from towline_shared import crypto
from towline_shared.crypto import Forged
from towline_shared.errors import Misconfigured

_WITHOUT = """
import sys
sys.modules["cryptography"] = None  # as if it were not installed
from towline_agent.cli import main
sys.exit(main({arguments!r}))
"""


def test_a_missing_library_is_a_sentence_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What, why, and how to get it on each platform; the import is tried again, not remembered."""
    crypto.crypto.cache_clear()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "towline_shared.crypto_pyca", None)
        with pytest.raises(Misconfigured, match="Nothing can be sealed here") as caught:
            crypto.crypto()
    assert "--system-site-packages" in caught.value.hint
    assert "nothing unsealed" in caught.value.hint
    assert crypto.crypto() is crypto.crypto()


@pytest.mark.parametrize("arguments", [["--version"], ["key", "--config", "absent.toml"]])
def test_the_agents_command_line_starts_without_the_library(arguments: list[str]) -> None:
    """Else the sentence could never be said: importing the program must not need it."""
    code = _WITHOUT.format(arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if arguments == ["--version"] else 2)


def test_what_was_changed_does_not_open() -> None:
    """The port's own error, whichever library stands behind it."""
    door, key, nonce = crypto.crypto(), bytes(32), bytes(12)
    sealed = door.seal(key, nonce, b"plain", b"bound")
    assert door.open(key, nonce, sealed, b"bound") == b"plain"
    for wrong in (
        (bytes(31) + b"\x01", nonce, sealed, b"bound"),
        (key, bytes(11) + b"\x01", sealed, b"bound"),
        (key, nonce, sealed[:-1], b"bound"),
        (key, nonce, b"", b"bound"),
        (key, nonce, sealed, b"moved"),
    ):
        with pytest.raises(Forged):
            door.open(*wrong)


def test_keys_are_derived_as_in_rfc_5869() -> None:
    """Appendix A.1, test case 1."""
    derived = crypto.crypto().derive(
        b"\x0b" * 22,
        salt=bytes(range(13)),
        info=bytes(range(0xF0, 0xFA)),
        length=42,
    )
    assert derived.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
