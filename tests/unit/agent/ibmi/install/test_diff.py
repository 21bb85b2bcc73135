"""Plan's sentences: each thing that can be missing, differ, or stand in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_door import all_there
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.ibmi.install.diff import closing, differences
from towline_agent.ibmi.install.difference import Kind
from towline_agent.ibmi.install.objects import KnownColumn, Wanted
from towline_agent.ibmi.install.present import Present, PresentProfile, PresentTrigger
from towline_agent.ibmi.install.wanted import wanted
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import FileName

ITEMS = FileName("DISTLIB", "ITMMST")
BELL = QueueName("TOWLINE", "DOORBELL")


@pytest.fixture
def site(tmp_path: Path) -> Wanted:
    """What the sandbox wants."""
    return wanted(load_config(write_sandbox_site(tmp_path)))


def found(site: Wanted, present: Present) -> list[tuple[Kind, str, bool]]:
    return [(each.kind, each.part, each.closes) for each in differences(site, present)]


def closed(site: Wanted, present: Present) -> list[str]:
    script = closing(site, present, differences(site, present))
    return [each.text.split("\n")[0] for each in script.changing]


def test_nothing_to_do_is_nothing_to_run(site: Wanted) -> None:
    """Everything is there: no sentence, no statement."""
    assert differences(site, all_there(site)) == ()
    assert closed(site, all_there(site)) == []


def test_a_bare_partition_gets_the_whole_script(site: Wanted) -> None:
    """With profiles, queues and authorities that nobody could look at among it."""
    empty = Present(
        library=False, tables={}, columns=all_there(site).columns, triggers=(), queues={},
        owners=None, journaled=frozenset(), profiles={}, rights={}, procedures={}, members={},
        unique={},
    )  # fmt: skip
    from towline_agent.ibmi.install.render import render

    assert closed(site, empty) == [e.text.split("\n")[0] for e in render(site).changing]


def test_one_missing_table_brings_its_text_and_owner(site: Wanted) -> None:
    """And no other statement."""
    there = all_there(site)
    tables = {name: columns for name, columns in there.tables.items() if name != "MISSED"}
    present = replace(there, tables=tables)
    assert found(site, present) == [(Kind.MISSING, "table TOWLINE.MISSED", True)]
    assert closed(site, present) == [
        "CREATE TABLE TOWLINE.MISSED (",
        "LABEL ON TABLE TOWLINE.MISSED IS 'Towline: changes that missed the outbox'",
        "LABEL ON COLUMN TOWLINE.MISSED (",
        "CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/MISSED) OBJTYPE(*FILE) NEWOWN(TWOWNER)')",
    ]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (None, "column SKU is missing"),
        (KnownColumn("SKU", "CHAR", 40), "SKU is CHAR, not VARCHAR"),
        (KnownColumn("SKU", "VARCHAR", 30), "SKU holds 30,0, not 40"),
        (KnownColumn("SKU", "VARCHAR", 40, ccsid=1141), "SKU has CCSID 1141, not 37"),
    ],
)
def test_another_layout_is_told_and_never_altered(
    site: Wanted, column: KnownColumn | None, why: str
) -> None:
    """A table may hold orders; a person decides."""
    there = all_there(site)
    columns = dict(there.tables["WEBORDL"])
    del columns["SKU"]
    if column is not None:
        columns["SKU"] = column
    present = replace(there, tables={**there.tables, "WEBORDL": columns})
    (only,) = differences(site, present)
    assert why in only.sentence
    assert not only.closes
    assert closed(site, present) == []


def test_a_table_without_a_journal_is_journaled(site: Wanted) -> None:
    """To the library's own journal where there is one; else a person chooses."""
    there = all_there(site)
    present = replace(there, journaled=there.journaled - {"OUTBOX"})
    (only,) = differences(site, present)
    assert "SQL7008" in only.sentence
    assert not only.closes
    owners = {**(there.owners or {}), ("QSQJRN", "*JRN"): "QSECOFR"}
    assert closed(site, replace(present, owners=owners)) == [
        "CALL QSYS2.QCMDEXC('QSYS/STRJRNPF FILE(TOWLINE/OUTBOX) JRN(TOWLINE/QSQJRN)"
        " IMAGES(*AFTER) OMTJRNE(*OPNCLO)')"
    ]


def test_staging_tables_without_a_journal_are_fine_with_unique_keys(site: Wanted) -> None:
    """commit = "unique_key": only the outbox must be journaled, for the ERP's own sake."""
    there = all_there(site)
    free = replace(site, journaled=False)
    assert differences(free, replace(there, journaled=frozenset({"OUTBOX", "MISSED"}))) == ()


def test_queues(site: Wanted) -> None:
    """Missing: made. Too short: told, for a queue can't be widened. Longer: fine."""
    there = all_there(site)
    part = f"data queue {BELL}"
    assert found(site, replace(there, queues={**there.queues, BELL: 0})) == [
        (Kind.MISSING, part, True)
    ]
    assert found(site, replace(there, queues={**there.queues, BELL: 10})) == [
        (Kind.DIFFERS, part, False)
    ]
    assert found(site, replace(there, queues={**there.queues, BELL: 900})) == []


def changed(present: Present, name: str, **facts: object) -> Present:
    """Return a partition on which one trigger is otherwise."""
    triggers = tuple(
        replace(each, **facts) if each.name == name else each  # type: ignore[arg-type]
        for each in present.triggers or ()
    )
    return replace(present, triggers=triggers)


@pytest.mark.parametrize(
    ("facts", "kind", "closes"),
    [
        ({"definition": "00000000"}, Kind.DIFFERS, True),
        ({"definition": ""}, Kind.DIFFERS, True),
        ({"operative": False}, Kind.DIFFERS, True),
        ({"file": FileName("TESTLIB", "ITMMST")}, Kind.DIFFERS, False),
        ({"enabled": False}, Kind.WARNING, False),
    ],
)
def test_a_trigger_that_is_otherwise(
    site: Wanted, facts: dict[str, object], kind: Kind, closes: bool
) -> None:
    """Made from other settings or broken: made anew. Switched off: somebody's decision."""
    present = changed(all_there(site), "ITMMST_OUTBOX", **facts)
    (only,) = differences(site, present)
    assert (only.kind, only.closes) == (kind, closes)
    assert bool(closed(site, present)) is closes


def test_a_definition_nobody_can_tell_is_no_difference(site: Wanted) -> None:
    """Where the catalogue shows no comments, nothing is claimed."""
    assert differences(site, changed(all_there(site), "ITMMST_OUTBOX", definition=None)) == ()


def test_a_trigger_nobody_wants_is_dropped_if_it_is_ours(site: Wanted) -> None:
    """It would write rows nobody maps; one of another's is only named."""
    there = all_there(site)
    ours = PresentTrigger("OLD_OUTBOX", ITEMS, True, True, "")
    other = PresentTrigger("AUDIT", ITEMS, True, True, "")
    present = replace(there, triggers=(*(there.triggers or ()), ours, other))
    assert closed(site, present) == ["DROP TRIGGER TOWLINE.OLD_OUTBOX"]
    assert [each.closes for each in differences(site, present)] == [True, False]


def test_profiles(site: Wanted) -> None:
    """Missing, too mighty, without a password, disabled."""
    there = all_there(site)

    def with_agent(profile: PresentProfile | None) -> Present:
        return replace(there, profiles={**there.profiles, "TWAGENT": profile})

    assert found(site, with_agent(None)) == [(Kind.MISSING, "profile TWAGENT", True)]
    mighty = with_agent(PresentProfile("x", True, True, ("*ALLOBJ", "*JOBCTL")))
    (only,) = differences(site, mighty)
    assert "*ALLOBJ *JOBCTL" in only.sentence
    for profile in (PresentProfile("x", True, False, ()), PresentProfile("x", False, True, ())):
        assert [kind for kind, _, _ in found(site, with_agent(profile))] == [Kind.WARNING]


def test_what_stands_in_the_way_is_refused(site: Wanted) -> None:
    """A file nobody sees, several members, a column or a profile that is not there, a bad name."""
    there = all_there(site)
    unseen = replace(there, columns={**there.columns, ITEMS: {}})
    members = replace(there, members={**there.members, ITEMS: 3})
    column = replace(there, columns={**there.columns, ITEMS: {"X": KnownColumn("X", "CHAR", 1)}})
    long = {name: replace(c, length=70) for name, c in there.columns[ITEMS].items()}
    entry = replace(there, profiles={**there.profiles, "ERPBATCH": None})
    named = replace(
        there, profiles={**there.profiles, "TOWLINE": PresentProfile("x", True, True, ())}
    )
    cases = {
        "can't be seen": unseen,
        "has 3 members": members,
        "has no column ITNBR": column,
        "longer than the 64 characters": replace(there, columns={**there.columns, ITEMS: long}),
        "ERPBATCH of [install] order_entry does not exist": entry,
        "A profile is named TOWLINE": named,
    }
    for why, present in cases.items():
        (only,) = differences(site, present)
        assert only.kind is Kind.REFUSED
        assert why in only.sentence


def test_a_file_without_a_unique_key_is_a_warning(site: Wanted) -> None:
    """It works, and a person should know."""
    there = all_there(site)
    assert found(site, replace(there, unique={**there.unique, ITEMS: False})) == [
        (Kind.WARNING, "key of DISTLIB/ITMMST", False)
    ]


def test_authorities(site: Wanted) -> None:
    """A missing right is granted, a right too much is taken from the agent, and only from it."""
    there = all_there(site)
    part = "grant to TWAGENT on DISTLIB/ITMMST *FILE"
    lacking = replace(there, rights={**there.rights, part: frozenset({"*OBJOPR"})})
    assert closed(site, lacking) == ["GRANT SELECT ON DISTLIB.ITMMST TO TWAGENT"]
    more = frozenset({"*OBJOPR", "*READ", "*UPD"})
    assert closed(site, replace(there, rights={**there.rights, part: more})) == [
        "CALL QSYS2.QCMDEXC('QSYS/RVKOBJAUT OBJ(DISTLIB/ITMMST) OBJTYPE(*FILE) USER(TWAGENT)"
        " AUT(*UPD)')"
    ]
    entry = "grant to ERPBATCH on TOWLINE/WEBORDS *FILE"
    assert differences(site, replace(there, rights={**there.rights, entry: more})) == ()


def test_an_owner_that_is_another_is_changed(site: Wanted) -> None:
    """Objects restored or made by hand come back to the owner."""
    there = all_there(site)
    owners = {**(there.owners or {}), ("OUTBOX", "*FILE"): "JSMITH"}
    assert closed(site, replace(there, owners=owners)) == [
        "CALL QSYS2.QCMDEXC('QSYS/CHGOBJOWN OBJ(TOWLINE/OUTBOX) OBJTYPE(*FILE) NEWOWN(TWOWNER)')"
    ]


def test_what_could_not_be_checked_is_made_with_what_is_missing(site: Wanted) -> None:
    """Granting twice does no harm; a table without its grant would."""
    there = all_there(site)
    blind = replace(
        there, rights={}, tables={k: v for k, v in there.tables.items() if k != "APPLIED"}
    )
    assert "GRANT SELECT, INSERT ON TOWLINE.APPLIED TO TWAGENT" in closed(site, blind)
    assert closed(site, replace(there, rights={})) == []
