"""What must exist follows from agent.toml, and nothing more is granted than is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_site import write_site
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.config_feeds import KeyPart
from towline_agent.ibmi.install.objects import Compared, KnownColumn, Wanted
from towline_agent.ibmi.install.wanted import wanted
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import FileName
from towline_shared.errors import Misconfigured

ITEMS = FileName("DISTLIB", "ITMMST")


def sandbox(folder: Path) -> Wanted:
    return wanted(load_config(write_sandbox_site(folder)))


def small(folder: Path, extra: str = "", *, item: str = "") -> Wanted:
    """Return what the little site wants, with more settings or another SELECT."""
    path = write_site(folder)
    path.write_text(path.read_text() + extra)
    if item:
        (folder / "item.sql").write_text(f"-- authority: SELECT on DISTLIB.ITMMST\n{item}")
    return wanted(load_config(path))


def test_the_sandbox_wants_what_it_always_had(tmp_path: Path) -> None:
    """Library, nineteen tables, two queues, ten triggers, two profiles."""
    site = sandbox(tmp_path)
    assert site.library == "TOWLINE"
    assert [table.layout.name for table in site.tables] == [
        "OUTBOX", "MISSED", "WEBORDH", "WEBORDL", "WEBORDS", "WEBORDD", "WEBORDF", "WEBORDA",
        "WEBORDT", "WEBORDP", "WEBORDN", "WEBCHG", "WEBCHGL", "WEBCHGR", "WEBCUST",
        "WEBCOMP", "WEBCOMPL", "WEBCOMPC", "APPLIED",
    ]  # fmt: skip
    assert [(q.queue.name, q.max_length, q.data) for q in site.own_queues] == [
        ("DOORBELL", 64, False), ("WEBPRICE", 256, True),
    ]  # fmt: skip
    assert [(t.name, t.program, t.operations) for t in site.triggers] == [
        ("ITMMST_OUTBOX", "TWITMMST", "IUD"), ("ITMPRC_OUTBOX", "TWITMPRC", "IUD"),
        ("ITMBAL_OUTBOX", "TWITMBAL", "IUD"), ("WEBORDH_OUTBOX", "TWWEBORDH", "U"),
        ("WEBCHG_OUTBOX", "TWWEBCHG", "U"), ("SHPHDR_OUTBOX", "TWSHPHDR", "IU"),
        ("CUSMST_OUTBOX", "TWCUSMST", "IUD"), ("BUSMST_OUTBOX", "TWBUSMST", "IUD"),
        ("BUSPLC_OUTBOX", "TWBUSPLC", "IUD"), ("WEBCOMP_OUTBOX", "TWWEBCOMP", "U"),
    ]  # fmt: skip
    assert (site.owner.name, site.agent.name, site.order_entry) == (
        "TWOWNER",
        "TWAGENT",
        "ERPBATCH",
    )


def test_the_agent_may_change_nothing_but_outbox_and_staging(tmp_path: Path) -> None:
    """Every grant of the agent by object; files of the ERP are only read."""
    site = sandbox(tmp_path)
    for grant in site.agent_grants:
        assert grant.profile == "TWAGENT"
        if grant.type == "*FILE" and grant.library != "TOWLINE":
            assert grant.rights == ("SELECT",)
        if grant.type in ("*LIB", "*PGM"):
            assert grant.rights == ("*OBJOPR", "*EXECUTE")
        if grant.type == "*DTAQ":
            assert grant.rights == ("*OBJOPR", "*READ")
    by_name = {g.name: g.rights for g in site.agent_grants if g.type == "*FILE"}
    assert by_name["OUTBOX"] == ("SELECT", "DELETE")
    assert by_name["MISSED"] == ("SELECT",)
    assert by_name["WEBORDH"] == ("SELECT", "INSERT")
    assert "WHSMST" not in by_name  # no SELECT reads it


def test_every_file_a_select_reads_is_granted(tmp_path: Path) -> None:
    """SHPLIN feeds nothing, but the shipment's SELECT joins it."""
    assert FileName("DISTLIB", "SHPLIN") in sandbox(tmp_path).read


def test_without_staging_tables_there_are_none(tmp_path: Path) -> None:
    """Orders onto a queue of the customer's: no table for them, one right to send."""
    extra = '[orders]\nsink = "data_queue"\nqueue = "ERPLIB/WEBORDERS"\n'
    path = write_site(tmp_path)
    text = path.read_text().replace(
        '"TOWLINE/WEBPRICE"]', '"TOWLINE/WEBPRICE", "ERPLIB/WEBORDERS"]'
    )
    path.write_text(text + extra)
    site = wanted(load_config(path))
    assert [table.layout.name for table in site.tables] == ["OUTBOX", "MISSED"]
    orders = QueueName("ERPLIB", "WEBORDERS")
    assert orders not in [queue.queue for queue in site.own_queues]
    assert [g.rights for g in site.agent_grants if g.name == "WEBORDERS"] == [("*OBJOPR", "*ADD")]
    assert [g.name for g in site.agent_grants if g.type == "*LIB"] == [
        "DISTLIB",
        "ERPLIB",
        "TOWLINE",
    ]


def test_a_program_becomes_a_procedure_with_its_types(tmp_path: Path) -> None:
    """And the agent may call that one program."""
    extra = (
        '[orders]\nsink = "program_call"\nprogram = "ERPLIB/WEBORD"\n'
        'parameters = [{ value = "event_id", type = "char", length = 64 }]\n'
    )
    path = write_site(tmp_path)
    text = path.read_text().replace("[policy]", '[policy]\nprograms = ["ERPLIB/WEBORD"]')
    path.write_text(text + extra)
    site = wanted(load_config(path))
    assert [each.part for each in site.procedures] == ["procedure ERPLIB.WEBORD"]
    assert [g.type for g in site.agent_grants if g.name == "WEBORD"] == ["*PGM"]


def test_a_journal_and_a_data_area_bring_their_rights(tmp_path: Path) -> None:
    """A file that is read from the journal gets no trigger, and the agent may read the journal."""
    extra = """
[calendar.signals.closing]
rests = ["load"]
data_area = "DISTLIB/MONTHEND"
equals = "Y"
[journal]
name = "DISTLIB/DISTJRN"
[journal.files."DISTLIB/ITMMST"]
key = ["ITNBR"]
fields = [{ name = "ITNBR", type = "char", length = 15 }]
"""
    site = small(tmp_path, extra)
    assert [trigger.file.name for trigger in site.triggers] == ["ITMPRC"]
    rights = {(g.type, g.name): g.rights for g in site.agent_grants}
    assert rights["*JRN", "DISTJRN"] == ("*OBJEXIST", "*OBJOPR", "*READ", "*EXECUTE")
    assert rights["*JRNRCV", "*ALL"] == ("*OBJOPR", "*READ", "*EXECUTE")
    assert rights["*DTAARA", "MONTHEND"] == ("*OBJOPR", "*READ")


def test_the_agents_profile_is_the_one_it_signs_on_with(tmp_path: Path) -> None:
    """[ibmi] user, unless [install] names another."""
    path = write_site(tmp_path)
    path.write_text(path.read_text().replace("[policy]", 'user = "shopagt"\n[policy]', 1))
    assert wanted(load_config(path)).agent.name == "SHOPAGT"


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ('[install]\nowner = "TOWLINE"\n', "also the name of the outbox library"),
        ('[install]\nowner = "TWAGENT"\n', "also signs on"),
        ('[install]\norder_entry = "TWOWNER"\n', "also signs on"),
    ],
)
def test_names_that_would_hurt_are_refused(tmp_path: Path, extra: str, why: str) -> None:
    """A library named as a profile; an owner somebody works under."""
    with pytest.raises(Misconfigured, match=why):
        small(tmp_path, extra)


def test_keys_and_columns_come_from_the_select_where_nobody_says_them(tmp_path: Path) -> None:
    """Without types all are compared as HEX, so that a change to or from null is seen too."""
    trigger = small(tmp_path, item="SELECT ITNBR AS SKU, ITDSC FROM DISTLIB.ITMMST").triggers[0]
    assert trigger.keys == (KeyPart("ITNBR", "RTRIM"),)
    assert trigger.watched == (Compared("ITNBR", True, True), Compared("ITDSC", True, True))
    assert any("compared as HEX" in note for note in trigger.notes)


def test_the_catalogue_decides_how_columns_are_compared(tmp_path: Path) -> None:
    """Numbers as HEX, nullable ones by IS DISTINCT FROM; a numeric key becomes DIGITS."""
    path = write_site(tmp_path)
    (tmp_path / "item.sql").write_text(
        "-- authority: x\nSELECT ITNBR AS SKU, ITDSC, ITWGT FROM DISTLIB.ITMMST"
    )
    known = {
        ITEMS: {
            "ITNBR": KnownColumn("ITNBR", "NUMERIC", 7),
            "ITDSC": KnownColumn("ITDSC", "CHAR", 40, nullable=True),
            "ITWGT": KnownColumn("ITWGT", "DECIMAL", 9, 3),
        }
    }
    trigger = wanted(load_config(path), known).triggers[0]
    assert trigger.keys == (KeyPart("ITNBR", "DIGITS"),)
    assert trigger.watched == (
        Compared("ITNBR", True, False), Compared("ITDSC", False, True),
        Compared("ITWGT", True, False),
    )  # fmt: skip


def test_an_unclear_select_watches_everything(tmp_path: Path) -> None:
    """Every column of the catalogue; without one, every rewritten record; said in the script."""
    item = "SELECT ITNBR AS SKU, (SELECT 1 FROM DISTLIB.X) AS Y FROM DISTLIB.ITMMST"
    extra = '[feeds."DISTLIB/ITMMST"]\nkeys = ["ITNBR"]\n'
    trigger = small(tmp_path, extra, item=item).triggers[0]
    assert trigger.watched == ()
    assert any("Every rewritten record counts" in note for note in trigger.notes)
    known = {ITEMS: {"ITNBR": KnownColumn("ITNBR", "CHAR", 15)}}
    trigger = wanted(load_config(tmp_path / "agent.toml"), known).triggers[0]
    assert [each.column for each in trigger.watched] == ["ITNBR"]


def test_a_key_that_can_not_be_told_is_refused(tmp_path: Path) -> None:
    """A guessed key would lose changes; the sentence says what to write."""
    item = "SELECT SUBSTR(ITNBR, 1, 5) AS SKU FROM DISTLIB.ITMMST"
    with pytest.raises(Misconfigured, match=r"does not show which column of DISTLIB/ITMMST is SKU"):
        small(tmp_path, item=item)


def test_too_few_keys_are_refused(tmp_path: Path) -> None:
    """An outbox row must hold the whole key of the entity."""
    path = write_sandbox_site(tmp_path)
    path.write_text(path.read_text().replace('keys = ["IBITNB", "IBWHS"]', 'keys = ["IBITNB"]'))
    with pytest.raises(Misconfigured, match=r"has 1 columns; the entities it feeds need 2"):
        wanted(load_config(path))


def test_no_operations_no_trigger(tmp_path: Path) -> None:
    """A file whose changes come another way keeps its grants and gets no trigger."""
    site = small(tmp_path, '[feeds."DISTLIB/ITMMST"]\noperations = ""\n')
    assert [trigger.file.name for trigger in site.triggers] == ["ITMPRC"]
    assert ITEMS in site.read


def test_the_same_name_in_two_libraries_gives_two_triggers(tmp_path: Path) -> None:
    """Names of triggers and programs stay apart, and programs fit ten characters."""
    path = write_site(tmp_path)
    text = path.read_text().replace('["DISTLIB", "TOWLINE"]', '["DISTLIB", "DIST2", "TOWLINE"]')
    path.write_text(text.replace('["DISTLIB/ITMPRC"]', '["DIST2/ITMMST"]'))
    (tmp_path / "price.sql").write_text("-- authority: x\nSELECT A AS SKU FROM DIST2.ITMMST")
    site = wanted(load_config(path))
    assert [trigger.name for trigger in site.triggers] == ["ITMMST_OUTBOX", "DIST2_ITMMST_OUTBOX"]
    assert [trigger.program for trigger in site.triggers] == ["TWITMMST", "TWITMMST2"]
