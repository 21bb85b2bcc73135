"""The install as source members: the same statements, in a form RUNSQLSTM and CL can take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.labs import ROOT
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.cli import main
from towline_agent.config import load_config
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.sources import sources
from towline_agent.ibmi.install.undo import undo
from towline_agent.ibmi.install.wanted import wanted

PACKAGING = ROOT / "packaging/ibmi"


@pytest.fixture
def site(tmp_path: Path) -> Wanted:
    """What the sandbox wants."""
    return wanted(load_config(write_sandbox_site(tmp_path)))


def sql(members: dict[str, str], *names: str) -> str:
    return "".join(members[name] for name in names)


def joined(cl: str) -> str:
    """Return CL source with its continuations undone, as the compiler reads it."""
    return re.sub(r"\+\n +", "", cl)


def test_the_packaged_members_are_what_plan_writes(site: Wanted, tmp_path: Path) -> None:
    """Byte for byte, through the command line."""
    folder = tmp_path / "members"
    config = str(tmp_path / "agent.toml")
    assert main(["ibmi", "plan", "--sources", str(folder), "--config", config]) == 0
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    packaged = {
        path.name: path.read_text(encoding="utf-8") for path in (PACKAGING / "source").iterdir()
    }
    assert written == packaged == sources(site)


def test_every_statement_is_in_exactly_one_place(site: Wanted) -> None:
    """SQL in a member, commands in a CL program; nothing lost, nothing twice."""
    members = sources(site)
    create = sql(members, "TWLSQL1.sql", "TWLSQL2.sql")
    for each in render(site).changing:
        where = joined(members["TWLCRT.clle"]) if each.command else create
        assert where.count(each.command or f"{each.text};\n") == 1, each.text
    delete = sql(members, "TWLSQL3.sql", "TWLSQL4.sql")
    for each in undo(site).changing:
        where = joined(members["TWLDLT.clle"]) if each.command else delete
        assert where.count(each.command or f"{each.text};\n") == 1, each.text


def test_no_member_holds_a_select_or_a_long_line(site: Wanted) -> None:
    """RUNSQLSTM would stop at the first, and cut at the second."""
    for name, text in sources(site).items():
        if name.endswith(".sql"):
            assert not re.search(r"^SELECT", text, re.MULTILINE)
            assert max(map(len, text.splitlines())) <= 228
        else:
            assert max(map(len, text.splitlines())) <= 80


def test_the_files_are_locked_before_anything_is_made(site: Wanted) -> None:
    """All of them or none; and let go at the end."""
    text = joined(sources(site)["TWLCRT.clle"])
    assert text.count(" ALCOBJ OBJ((DISTLIB/") == text.count(" DLCOBJ OBJ((DISTLIB/") == 7
    assert text.rindex(" ALCOBJ ") < text.index(" CRTUSRPRF ")


def test_ownership_comes_last(site: Wanted) -> None:
    """CHGOBJOWN takes the rights of the profile that made the object."""
    text = joined(sources(site)["TWLCRT.clle"])
    assert text.index(" CHGOBJOWN ") > text.rindex(" GRTOBJAUT ")
    assert text.index(" CHGOBJOWN ") > text.rindex(" RUNSQLSTM ")


def test_the_rpg_example_sends_the_record_of_the_rules(tmp_path: Path) -> None:
    """Same fields, same order, same types and length as [queues.webprice]."""
    source = (PACKAGING / "rpg/WEBPRICE.rpgle").read_text(encoding="utf-8")
    found = re.search(r"dcl-ds entry qualified;\n(.*?)end-ds;", source, re.DOTALL)
    assert found is not None
    fields = re.findall(r"^ +(\w+) +(char|packed)\(([\d:]+)\);", found[1], re.MULTILINE)
    config = load_config(write_sandbox_site(tmp_path))
    entries = config.queues[0].entries
    wanted_fields = [
        (
            field.name,
            field.kind,
            f"{field.digits}:{field.decimals}" if field.digits else str(field.length),
        )
        for field in getattr(entries, "fields", ())
    ]
    assert fields == wanted_fields
    assert f"data    char({config.queues[0].entry_bytes}) " in source
