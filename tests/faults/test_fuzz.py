"""What comes over the wire is read or refused in one way; no changed sealed frame passes."""

from __future__ import annotations

import dataclasses

import pytest

from tests.faults.fuzz.fuzzers import FUZZERS, fuzz_codec, fuzz_open, fuzz_sealed
from towline_shared import codec, frames
from towline_shared.sealing import Seal


@pytest.mark.parametrize("name", FUZZERS)
def test_spoilt_bytes_neither_crash_nor_pass(name: str) -> None:
    """A short run of each fuzzer finds nothing, and did refuse what it should."""
    found, wrong = FUZZERS[name](3_000, 7)
    assert wrong == []
    assert found["refused"] > 1_500
    assert name == "sealed frames" or found["read"] > 50


def test_the_fuzzer_finds_a_seal_that_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check of the tag a changed frame is accepted, and the fuzzer says so."""

    def careless(self: Seal, sealed: bytes, header: bytes) -> bytes:
        return self.seal(sealed[:-16], header)[:-16]  # GCM is a stream: this is decryption

    monkeypatch.setattr(Seal, "open", careless)
    _, wrong = fuzz_sealed(500, 7)
    assert any("accepted" in sentence for sentence in wrong)


def test_the_fuzzer_finds_what_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that trusts its JSON ends in another error than the one it promises."""
    monkeypatch.setattr(frames, "_typed", lambda raw, kind: kind(**_without(raw, kind)))
    monkeypatch.setattr(codec, "_typed", lambda value, kind, where: kind(**value))
    assert fuzz_open(500, 7)[1] != []
    assert fuzz_codec(500, 7)[1] != []


def _without(raw: dict[str, object], kind: type) -> dict[str, object]:
    return {f.name: raw[f.name] for f in dataclasses.fields(kind)}
