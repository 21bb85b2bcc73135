"""What is there is read; what can't be read is said, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_door import FakeDoor
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.present import read_present
from towline_agent.ibmi.install.wanted import wanted
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import FileName
from towline_shared.errors import Permanent


@pytest.fixture
def site(tmp_path: Path) -> Wanted:
    """What the sandbox wants."""
    return wanted(load_config(write_sandbox_site(tmp_path)))


@pytest.fixture
def door() -> FakeDoor:
    """A catalogue that answers the two questions every release answers, with nothing."""
    door = FakeDoor()
    door.when("install_tables", [])
    door.when("install_columns", [])
    return door


def test_an_empty_partition_is_read_without_an_error(site: Wanted, door: FakeDoor) -> None:
    """Everything else unanswered: eight sentences, no claim."""
    present = read_present(door, site)
    assert not present.library
    assert present.tables == {}
    assert present.triggers is None
    assert present.owners is None
    assert present.profiles == {}
    assert all("not checked" in sentence for sentence in present.unchecked)


def test_a_question_that_fails_is_not_asked_again(site: Wanted, door: FakeDoor) -> None:
    """Twenty-odd grants, one refusal, one sentence."""
    present = read_present(door, site)
    assert sum("Authorities" in sentence for sentence in present.unchecked) == 1


def test_columns_are_read_with_type_and_both_names(site: Wanted, door: FakeDoor) -> None:
    """Long names have a short twin; the catalogue's spellings of a type are one."""
    row = ("ITDSC0001", "ITEM_DESCRIPTION", "CHARACTER VARYING", 40, None, "Y", 1141)
    door.when("install_columns", lambda key: [row] if key[1] == "ITMMST" else [])
    columns = read_present(door, site).columns[FileName("DISTLIB", "ITMMST")]
    assert columns["ITDSC0001"] is columns["ITEM_DESCRIPTION"]
    column = columns["ITEM_DESCRIPTION"]
    assert (column.type, column.length, column.nullable, column.ccsid) == (
        "VARCHAR",
        40,
        True,
        1141,
    )


def test_triggers_carry_the_mark_of_their_comment(site: Wanted, door: FakeDoor) -> None:
    """None where the catalogue shows no comments, empty where there is none."""
    door.when(
        "install_triggers",
        [("A_OUTBOX", "DISTLIB", "A", "Y", "Y"), ("B_OUTBOX", "DISTLIB", "B", "N", "N")],
    )
    blind = read_present(door, site).triggers
    assert blind is not None
    assert [each.definition for each in blind] == [None, None]
    text = "Towline: notes changes for item; definition 0a1b2c3d"
    door.when("install_comments", [("A_OUTBOX", text), ("B_OUTBOX", None)])
    seen = read_present(door, site).triggers
    assert seen is not None
    assert [(e.definition, e.enabled, e.operative) for e in seen] == [
        ("0a1b2c3d", True, True), ("", False, False),
    ]  # fmt: skip


def test_queues_profiles_rights_and_owners(site: Wanted, door: FakeDoor) -> None:
    """Answers become facts; no row is a fact too."""
    door.when("queue_info", lambda key: [(0, 5000, 64, "FIFO", None, "STANDARD")]
              if key[1] == "DOORBELL" else [])  # fmt: skip
    door.when(
        "install_profile",
        lambda key: [("Towline: the agent", "*ENABLED", "NO", "*NONE")]
        if key[0] == "TWAGENT" else [],
    )  # fmt: skip
    yes_read = ("YES", "NO", "NO", "NO", "NO", "YES", "NO", "NO", "NO", "NO")
    door.when("install_privileges", lambda key: [yes_read] if key[1] == "ITMMST" else [])
    door.when_library(
        "install_objects", "TOWLINE",
        [("OUTBOX", "*FILE", "TWOWNER", "YES"), ("MISSED", "*FILE", "JSMITH", "NO")],
    )  # fmt: skip
    present = read_present(door, site)
    assert present.queues[QueueName("TOWLINE", "DOORBELL")] == 64
    assert present.queues[QueueName("TOWLINE", "WEBPRICE")] == 0
    agent = present.profiles["TWAGENT"]
    assert agent is not None
    assert (agent.enabled, agent.has_password, agent.special) == (True, True, ())
    assert present.profiles["TWOWNER"] is None
    assert present.rights["grant to TWAGENT on DISTLIB/ITMMST *FILE"] == {"*OBJOPR", "*READ"}
    assert present.rights["grant to TWAGENT on DISTLIB/ITMPRC *FILE"] == frozenset()
    assert present.owners == {("OUTBOX", "*FILE"): "TWOWNER", ("MISSED", "*FILE"): "JSMITH"}
    assert present.journaled == {"OUTBOX"}
    assert present.library


def test_a_lost_connection_is_no_answer(site: Wanted, door: FakeDoor) -> None:
    """Half a look must not become a plan."""
    door.when("install_triggers", LinkLost("gone"))
    with pytest.raises(LinkLost):
        read_present(door, site)


def test_without_the_catalogue_there_is_no_comparison(site: Wanted) -> None:
    """Tables that can't be listed are not "missing"."""
    with pytest.raises(Permanent):
        read_present(FakeDoor(), site)
