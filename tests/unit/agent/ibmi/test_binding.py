"""The agent belongs to one partition: copies and swaps are noticed on every new connection."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_ibmi import ABOUT, FakePartition
from towline_agent.ibmi.binding import Binding, StrangePartition, same_partition
from towline_agent.ibmi.errors import LinkLost, SiteFault
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import IbmIWorker, SignOn
from towline_shared.clock import ManualClock
from towline_shared.errors import Permanent
from towline_shared.retry import Backoff

COPY = replace(ABOUT, serial="78FFFFF", partition="7")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("78A/1/AS400/PROD", "78A/1/AS400/PROD", True),
        ("78A/1/AS400/PROD", "78B/1/AS400/PROD", False),
        ("78A/1/AS400/PROD", "78A/2/AS400/PROD", False),
        ("78A/1/AS400/PROD", "78A/1/AS400/TEST", False),
        ("unknown/unknown/AS400/PROD", "78A/1/AS400/PROD", True),
        ("78A/unknown/AS400/PROD", "78B/1/AS400/PROD", False),
        ("unknown/unknown/unknown/", "unknown/unknown/unknown/", False),
    ],
)
def test_fingerprints_compare_what_both_know(one: str, other: str, same: bool) -> None:
    """A right that is granted later and shows the serial number is no other partition."""
    assert same_partition(one, other) is same
    assert same_partition(other, one) is same


def test_the_first_partition_is_remembered(tmp_path: Path) -> None:
    """The file is private and holds the fingerprint; the same partition passes again."""
    binding = Binding(tmp_path)
    connection = FakePartition().connect(Purpose.READ)
    binding.hold(connection)
    binding.hold(connection)
    assert binding.fingerprint == ABOUT.fingerprint
    assert (tmp_path / "partition").stat().st_mode & 0o777 == 0o600


def test_another_one_is_refused_until_a_person_says_yes(tmp_path: Path) -> None:
    """The sentence names both and what to do; documents wait, for nothing is wrong with them."""
    binding = Binding(tmp_path)
    binding.accept(ABOUT)
    copy = FakePartition(about=COPY).connect(Purpose.READ)
    with pytest.raises(StrangePartition, match=r"78FFFFF.*belongs to 78A1B2C") as refused:
        binding.hold(copy)
    assert "partition accept" in refused.value.hint
    assert isinstance(refused.value, SiteFault)
    binding.accept(COPY)
    binding.hold(copy)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    """It is not taken for "no partition yet", which would accept any."""
    (tmp_path / "partition").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Permanent, match="can't be read"):
        Binding(tmp_path).hold(FakePartition().connect(Purpose.READ))


def test_a_worker_closes_what_is_strange_and_goes_on_after_the_yes(tmp_path: Path) -> None:
    """No verb reaches the copy; it is looked at rarely; the yes needs no restart."""
    ibmi, clock, binding = FakePartition(), ManualClock(), Binding(tmp_path)
    binding.accept(ABOUT)
    ibmi.about = COPY
    worker = IbmIWorker(
        ibmi, Purpose.READ, clock=clock, sign_on=SignOn(), rng=random.Random(1),
        backoff=Backoff(first_s=0.1, most_s=0.1), belongs=binding.hold,
    )  # fmt: skip

    async def scenario() -> None:
        with pytest.raises(StrangePartition):
            await worker.call(lambda each: each.outbox(after=0, limit=1))
        with pytest.raises(LinkLost, match="restored copy"):
            await worker.call(lambda each: each.outbox(after=0, limit=1))
        assert len(ibmi.connects) == 1
        assert "outbox" not in ibmi.calls
        assert worker.state.status == "down"
        binding.accept(COPY)
        clock.advance(31)
        await worker.call(lambda each: each.outbox(after=0, limit=1))
        assert worker.state.status == "up"
        await worker.close()

    asyncio.run(scenario())
