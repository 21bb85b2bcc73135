"""The proof has teeth: with one line changed in the product, it turns red; without, it is green."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fencing import zombie_story
from tests.faults.mutations import MUTATIONS, mutated
from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import Script, cut_trial
from tests.faults.retention import restore_story

_CUTS = 20


def _cuts(script: Callable[[random.Random], Script[Any]]) -> list[str]:
    done = [cut_trial(script, seed) for seed in range(_CUTS)]
    return [f"{cut.lost} lost: {cut.fault}" for cut in done if cut.fault]


def _power(folder: Path) -> list[str]:
    agent, relay = _cuts(BufferScript), _cuts(RelayScript)
    return agent + relay if agent and relay else []  # each of the stores has to notice


def _zombies(folder: Path) -> list[str]:
    wrong = []
    for seed in range(6):
        (folder / str(seed)).mkdir(parents=True)
        wrong += zombie_story(folder / str(seed), seed)
    return wrong


#: Which part of the proof has to notice which mistake.
_NOTICES: dict[str, Callable[[Path], list[str]]] = {
    "ack before commit": _power,
    "synchronous=NORMAL": _power,
    "no epoch guard": _zombies,
    "trim at ack": restore_story,
}


def test_each_mistake_has_somebody_who_notices() -> None:
    """A mutation that nobody looks for would be no proof."""
    assert set(_NOTICES) == set(MUTATIONS)


@pytest.mark.parametrize("mistake", MUTATIONS)
def test_the_proof_turns_red(mistake: str, tmp_path: Path) -> None:
    """One changed line, and the checker names what is lost, doubled or torn."""
    with mutated(mistake):
        assert _NOTICES[mistake](tmp_path) != []


@pytest.mark.parametrize("story", [_zombies, restore_story], ids=["zombies", "restore"])
def test_the_proof_is_green_without(story: Callable[[Path], list[str]], tmp_path: Path) -> None:
    """The same stories break nothing in the product as it is; so do the power cuts, elsewhere."""
    assert story(tmp_path) == []


def test_a_mutation_says_when_its_line_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that was rewritten must not leave a mutation that changes nothing."""
    stale = MUTATIONS["no epoch guard"]
    monkeypatch.setitem(
        MUTATIONS, "stale", stale.__class__(stale.owner, stale.function, "no such line", "")
    )
    with pytest.raises(AssertionError, match="has changed"), mutated("stale"):
        pass
