"""Claims that the SQL for a real IBM i is what plan writes and what the simulated one does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.ibmi.catalogue import Field, FileLayout, Kind
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.undo import undo
from towline_agent.ibmi.install.wanted import wanted
from towline_sandbox.ibmi.towline_files import FEEDS, FILES, QUEUES, Feed

FOLDER = Path(__file__).parents[4] / "packaging" / "ibmi"
SCRIPT = (FOLDER / "sandbox_rules.sql").read_text(encoding="utf-8")
UNDO = (FOLDER / "sandbox_rules_undo.sql").read_text(encoding="utf-8")
OURS = [file for file in FILES.values() if file.library == "TOWLINE"]


def _columns(table: str) -> dict[str, str]:
    """Return column -> type as the script has them."""
    found = re.search(rf"CREATE TABLE {re.escape(table)} \((.*?)\n\) RCDFMT", SCRIPT, re.DOTALL)
    assert found is not None, table
    lines = re.findall(r"^  ([A-Z0-9]+) +([A-Z]+(?: ?\([0-9, ]+\))?)", found[1], re.MULTILINE)
    return {name: kind for name, kind in lines if name not in ("PRIMARY", "UNIQUE")}


def _type(field: Field) -> str:
    kind = field.type
    if kind.kind in (Kind.PACKED, Kind.ZONED):
        return f"{kind.kind.value}({kind.length}, {kind.decimals})"
    return str(kind)


def test_script_and_undo_are_what_plan_writes_for_the_sandbox(tmp_path: Path) -> None:
    """Nobody edits them: plan --script and plan --undo give them byte for byte."""
    site = wanted(load_config(write_sandbox_site(tmp_path)))
    assert str(render(site)) == SCRIPT
    assert str(undo(site)) == UNDO


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_every_table_has_the_columns_of_the_simulated_file(file: FileLayout) -> None:
    """Same names, same order, same types."""
    assert _columns(file.table) == {field.name: _type(field) for field in file.fields}
    assert list(_columns(file.table)) == [field.name for field in file.fields]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.file)
def test_every_feed_has_a_guarded_trigger_over_the_same_columns(feed: Feed) -> None:
    """Same events, same keys, same watched columns, a handler before everything else."""
    library, name = feed.file.split("/")
    found = re.search(
        rf"CREATE OR REPLACE TRIGGER TOWLINE\.{name}_OUTBOX\n(.*?)\nBEGIN\n(.*?)\nEND;",
        SCRIPT,
        re.DOTALL,
    )
    assert found is not None
    head, body = found.groups()
    events = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}
    wanted = " OR ".join(events[operation] for operation in feed.operations)
    assert f"AFTER {wanted} ON {library}.{name}" in head
    compared = re.findall(r"(?:HEX\()?N\.([A-Z0-9]+)\)? <>", body)
    assert compared == list(feed.watched)
    for key in feed.keys:
        assert re.search(rf"N\.{key}\b", body)
    assert body.index("CONTINUE HANDLER FOR SQLEXCEPTION") < body.index("INSERT INTO")
    assert "WHEN" not in head


def test_numbers_are_compared_as_hex_and_texts_are_not() -> None:
    """A blank packed field must not raise inside the comparison."""
    for feed in FEEDS:
        types = FILES[feed.file].by_name
        for column in feed.watched:
            as_hex = f"HEX(N.{column}) <> HEX(O.{column})" in SCRIPT
            assert as_hex is types[column].is_number


def test_the_undo_takes_back_every_object() -> None:
    """Triggers before tables; nothing that was made is left."""
    for kind, name in re.findall(
        r"^CREATE (?:OR REPLACE )?(TABLE|TRIGGER|SCHEMA) (TOWLINE(?:\.\w+)?)", SCRIPT, re.MULTILINE
    ):
        assert re.search(rf"^DROP {kind} {re.escape(name)}\b", UNDO, re.MULTILINE), name
    assert UNDO.index("DROP TRIGGER") < UNDO.index("DROP TABLE")
    for name in ("DOORBELL", "WEBPRICE"):
        assert f"CRTDTAQ DTAQ(TOWLINE/{name}) MAXLEN({QUEUES[f'TOWLINE/{name}'].max_length})" in (
            SCRIPT
        )
        assert f"DLTDTAQ DTAQ(TOWLINE/{name})" in UNDO
    assert re.findall(r"CRTUSRPRF USRPRF\((\w+)\)", SCRIPT) == sorted(
        re.findall(r"DLTUSRPRF USRPRF\((\w+)\)", UNDO), reverse=True
    )


def test_the_agent_gets_no_right_to_change_the_erp() -> None:
    """SELECT on the ERP's files, INSERT and SELECT on the staging files, DELETE on the outbox."""
    for rights, library, name in re.findall(
        r"^GRANT (.*?) ON (\w+)\.(\w+) TO TWAGENT;", SCRIPT, re.MULTILINE
    ):
        allowed = {"SELECT"}
        if name == "OUTBOX":
            allowed.add("DELETE")
        elif library == "TOWLINE" and name != "MISSED":
            allowed.add("INSERT")
        assert set(rights.split(", ")) == allowed, name
