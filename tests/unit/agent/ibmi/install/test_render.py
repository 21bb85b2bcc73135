"""The script an administrator signs: what it says, in which order, and what it must not hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.agent_site import write_site
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.undo import undo
from towline_agent.ibmi.install.wanted import wanted


@pytest.fixture
def script(tmp_path: Path) -> str:
    """The sandbox's script."""
    return str(render(wanted(load_config(write_sandbox_site(tmp_path)))))


def test_the_look_comes_before_any_change(script: str) -> None:
    """Holders, members, other triggers: all asked before the first CREATE."""
    first = script.index("CRTUSRPRF")
    for view in ("OBJECT_LOCK_INFO", "SYSPARTITIONSTAT", "SYSTRIGGERS"):
        assert script.index(f"FROM QSYS2.{view}") < first


def test_no_special_authority_is_given(script: str) -> None:
    """Nothing gets *ALLOBJ, nothing gets *ALL, the public gets nothing."""
    statements = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    assert "*ALLOBJ" not in statements
    assert "AUT(*ALL)" not in statements
    assert re.findall(r"USER\(\*PUBLIC\) AUT\((.*?)\)", statements) == ["*EXCLUDE"]
    assert re.findall(r"SPCAUT\((.*?)\)", statements) == ["*NONE", "*NONE"]
    assert "ALL PRIVILEGES" not in statements
    assert "TO PUBLIC" not in statements


def test_no_password_stands_in_it(script: str) -> None:
    """Profiles are made without one; a person sets it."""
    assert set(re.findall(r"PASSWORD\((.*?)\)", script)) == {"*NONE"}


def test_everything_made_gets_its_owner(script: str) -> None:
    """Each table, queue and trigger program, and the library."""
    made = set(re.findall(r"^CREATE TABLE TOWLINE\.(\w+)", script, re.MULTILINE))
    made |= set(re.findall(r"CRTDTAQ DTAQ\(TOWLINE/(\w+)\)", script))
    made |= set(re.findall(r"^  PROGRAM NAME (\w+)", script, re.MULTILINE))
    owned = set(re.findall(r"CHGOBJOWN OBJ\(\w+/(\w+)\)", script))
    assert owned == made | {"TOWLINE"}


def test_what_rests_on_general_knowledge_is_marked(script: str) -> None:
    """And the script says of itself that it has not run on an IBM i."""
    assert script.count("[K") >= 10
    assert "has not run on an IBM i" in script


def test_the_same_facts_give_the_same_text(tmp_path: Path) -> None:
    """Byte for byte, so that a site can keep it under change control."""
    config = load_config(write_sandbox_site(tmp_path))
    assert str(render(wanted(config))) == str(render(wanted(config)))


def test_a_small_site_gets_a_small_script(tmp_path: Path) -> None:
    """No order entry, no grants to one; no doorbell, no ring in a trigger."""
    path = write_site(tmp_path)
    path.write_text(
        path.read_text()
        .replace('doorbell = "TOWLINE/DOORBELL"\n', "")
        .replace("[queues.webprice]", '[orders]\nsink = "data_queue"\n'
                 'queue = "TOWLINE/WEBPRICE"\n[queues.webprice]')
        .split("[queues.webprice]")[0]
    )  # fmt: skip
    text = str(render(wanted(load_config(path))))
    assert "SEND_DATA_QUEUE(" not in text
    assert "What your own programs may do" not in text
    assert "CREATE TABLE TOWLINE.WEBORDH" not in text
    assert "one library, two profiles, 1 data queue, 2 tables, 2 triggers" in text


def test_the_undo_takes_triggers_first_and_the_library_last(tmp_path: Path) -> None:
    """A trigger without its table would fail the ERP's writes."""
    text = str(undo(wanted(load_config(write_sandbox_site(tmp_path)))))
    order = [text.index(each) for each in ("DROP TRIGGER", "REVOKE", "DROP TABLE", "DROP SCHEMA")]
    assert order == sorted(order)
    assert "CASCADE" not in text  # what others put into the library is not ours to drop
    assert text.index("DROP SCHEMA") < text.index("DLTUSRPRF")


def test_rights_are_given_before_ownership_goes(script: str) -> None:
    """CHGOBJOWN takes the maker's own rights; whoever granted after it would be refused."""
    first = script.index("CHGOBJOWN")
    assert script.rindex("CREATE OR REPLACE TRIGGER") < first
    assert script.rindex("GRANT ") < first
    assert script.rindex("GRTOBJAUT") < first
