"""Keys of the state folder under a protection of the machine; what is not there is said."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path
from typing import Any

import pytest

from towline_agent.buffer_key import KeyFile
from towline_agent.dpapi import Dpapi
from towline_agent.identity import Identity, load_identity, protect_identity, save_identity
from towline_agent.protect import CREDENTIAL, chosen, conceal, protection_of, reveal
from towline_shared.errors import Misconfigured
from towline_shared.sealing import SigningKey

RELAY = SigningKey.generate().public


@pytest.fixture
def credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemd gives a unit with LoadCredentialEncrypted=."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / CREDENTIAL).write_bytes(os.urandom(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder / CREDENTIAL


def enrolled(folder: Path) -> Identity:
    key, former = SigningKey.generate(), SigningKey.generate()
    identity = Identity("a", "t", "n", "wss://r/link", (RELAY,), key, former=former)
    save_identity(folder, identity)
    return identity


def test_what_is_concealed_is_revealed_by_the_same_credential_for_the_same_thing(
    credential: Path,
) -> None:
    """Another credential, another purpose or a changed text open nothing, in one sentence."""
    text = conceal("secret", "credential", "agent's key")
    assert "secret" not in text
    assert reveal(text, "agent's key") == "secret"
    for changed, about in ((text, "buffer's key"), (text[:-4] + "AAA=", "agent's key"),
                           ("credential:%%", "agent's key")):  # fmt: skip
        with pytest.raises(Misconfigured, match="can't be opened"):
            reveal(changed, about)
    credential.write_bytes(os.urandom(32))
    with pytest.raises(Misconfigured, match="the credential is another one"):
        reveal(text, "agent's key")


def test_an_identity_is_protected_in_place_and_stays_the_same(
    tmp_path: Path, credential: Path
) -> None:
    """All private keys of it; a second start changes nothing more; a change keeps it protected."""
    before = enrolled(tmp_path)
    protect_identity(tmp_path, "credential")
    text = (tmp_path / "identity.json").read_text()
    assert before.former is not None
    for key in (before.key, before.former):
        assert key.secret_text() not in text
    kept = load_identity(tmp_path)
    assert kept.key.public == before.key.public
    assert kept.former is not None
    assert kept.former.public == before.former.public
    protect_identity(tmp_path, "credential")
    assert (tmp_path / "identity.json").read_text() == text
    save_identity(tmp_path, kept)
    assert protection_of(json.loads((tmp_path / "identity.json").read_text())["key"]) == (
        "credential"
    )
    protect_identity(tmp_path, "file")
    assert load_identity(tmp_path).key.secret_text() in (tmp_path / "identity.json").read_text()


def test_without_the_credential_the_sentence_says_how_to_get_it(
    tmp_path: Path, credential: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verb in a shell does not see what the unit is given; nothing is written over."""
    enrolled(tmp_path)
    protect_identity(tmp_path, "credential")
    text = (tmp_path / "identity.json").read_text()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    for work in (load_identity, lambda folder: protect_identity(folder, "file")):
        with pytest.raises(Misconfigured, match="was not given") as caught:
            work(tmp_path)
        assert "systemd-run" in caught.value.hint
    assert (tmp_path / "identity.json").read_text() == text


def test_the_buffers_key_is_protected_when_it_is_read(tmp_path: Path, credential: Path) -> None:
    """A clear one of an earlier start is written anew; the key itself stays."""
    path = tmp_path / "buffer.key"
    key = KeyFile(path).make()
    clear = path.read_text()
    assert KeyFile(path, "credential").read() == key
    assert path.read_text() != clear
    assert path.read_text().startswith("credential:")
    assert KeyFile(path).read() == key
    assert path.stat().st_mode & 0o077 == 0


def test_a_short_credential_is_refused(credential: Path) -> None:
    """A password somebody typed is no key."""
    credential.write_bytes(b"swordfish")
    with pytest.raises(Misconfigured, match="too short: 9 bytes"):
        conceal("secret", "credential", "agent's key")


def test_auto_takes_what_this_process_has(tmp_path: Path, credential: Path) -> None:
    """The credential when there is one, else a file; a named protection is never replaced."""
    given = {"CREDENTIALS_DIRECTORY": str(credential.parent)}
    assert chosen("auto", environment=given) == "credential"
    assert chosen("auto", environment={}) == "file"
    assert chosen("auto", environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "file"
    assert chosen("dpapi", environment={}) == "dpapi"


class _Windows:
    """The three functions of Windows we call, as its documentation tells them."""

    def __init__(self) -> None:
        self.freed = 0
        self._kept: list[Any] = []

    def __call__(self, name: str) -> _Windows:
        assert name in ("crypt32", "kernel32")
        return self

    def CryptProtectData(self, *arguments: Any) -> int:
        return self._work(arguments, lambda value, bound: bound + b"|" + value[::-1])

    def CryptUnprotectData(self, *arguments: Any) -> int:
        def work(value: bytes, bound: bytes) -> bytes | None:
            start, _, rest = value.partition(b"|")
            return rest[::-1] if start == bound else None

        return self._work(arguments, work)

    def LocalFree(self, data: Any) -> None:
        self.freed += 1

    def _work(self, arguments: tuple[Any, ...], work: Any) -> int:
        given, _, bound, _, _, flags, made = arguments
        assert flags == 1, "no window may open in a service"
        texts = [ctypes.string_at(each._obj.data, each._obj.size) for each in (given, bound)]
        answer = work(*texts)
        if answer is None:
            return 0
        buffer = ctypes.create_string_buffer(answer, len(answer))
        self._kept.append(buffer)
        made._obj.size = len(answer)
        made._obj.data = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char))
        return 1


def test_dpapi_is_called_as_windows_wants_it() -> None:
    """Blobs in and out, bound to the purpose, nothing left allocated, a refusal is a sentence."""
    windows = _Windows()
    dpapi = Dpapi(windows)
    text = conceal("secret\0with zero", "dpapi", "agent's key", dpapi=dpapi)
    assert text.startswith("dpapi:")
    assert reveal(text, "agent's key", dpapi=dpapi) == "secret\0with zero"
    assert windows.freed == 2
    with pytest.raises(Misconfigured, match="another account's, or another machine's"):
        reveal(text, "buffer's key", dpapi=dpapi)


def test_dpapi_elsewhere_is_a_wrong_setting() -> None:
    """Not an AttributeError."""
    with pytest.raises(Misconfigured, match="Windows only"):
        conceal("secret", "dpapi", "agent's key")
