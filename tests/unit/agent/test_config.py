"""agent.toml: what is right is read, what is wrong is one sentence with file, field and value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_site import SELECTS, write_site
from towline_agent.config import load_config
from towline_agent.ibmi.port import QueueName
from towline_agent.ibmi.records import RecordFormat
from towline_agent.policy import FileName
from towline_agent.sources.entry_formats import JsonFormat, TextFormat
from towline_shared.errors import Misconfigured, Permanent


def change(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    """Paths start at the file; keys and the initial load have sensible defaults."""
    config = load_config(write_site(tmp_path))
    assert config.state == tmp_path / "state"
    assert config.relay.proxy is None
    assert config.outbox.doorbell == QueueName("TOWLINE", "DOORBELL")
    assert [each.query.entity for each in config.entities] == ["item", "price"]
    item = config.queries["item"]
    assert item.key == ("SKU",)
    assert item.select == "SELECT ITNBR AS SKU FROM DISTLIB.ITMMST"
    assert config.entities[0].fed_by == (FileName("DISTLIB", "ITMMST"),)
    assert config.entities[0].authority == "SELECT on DISTLIB.ITMMST"
    assert isinstance(config.queues[0].entries, RecordFormat)
    assert config.queues[0].entries.size == 23
    assert config.orders.sink == "order_tables"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", 60.0), ("look_again_s = 0", 0.0), ("look_again_s = 2.5", 2.5)],
)
def test_the_second_look_is_for_uncommitted_reads(
    said: str, seconds: float, tmp_path: Path
) -> None:
    """By default a minute, 0 is never, and whoever reads committed rows only needs none."""
    path = change(write_site(tmp_path), "sweep_s = 60\n", f"sweep_s = 60\n{said}\n")
    assert load_config(path).look_again_s == seconds
    change(path, 'driver = "simulated"', 'driver = "simulated"\nread = "committed"')
    assert load_config(path).look_again_s == 0.0


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('driver = "simulated"', "", r"ibmi\.driver is missing"),
        ("[state]", "[stat]", r"stat is not a setting Towline knows"),
        ("ws://127.0.0.1:1/link", "ws://relay.example.com/link", r"must begin with wss://"),
        ("ws://127.0.0.1:1/link", "https://relay.example.com", r"must be a websocket address"),
        ("ws://127.0.0.1:1/link", "wss://me:secret@relay/link", r"must not hold a user"),
        ('proxy = "none"', 'proxy = "socks5://x"', r"neither environment, none nor"),
        ("port = 0", "port = 70000", r"health\.port = 70000 must be at most"),
        ("wait_s = 0.1", "wait_s = 600", r"outbox\.wait_s = 600.0 must be at most 30"),
        ('"TOWLINE/DOORBELL"\nwait', '"towline/doorbell"\nwait', r"not a system name"),
        ("[entities.item]", "[entities.items]", r"entities\.items is not an entity"),
        ('fed_by = ["DISTLIB/ITMMST"]', 'fed_by = ["ITMMST"]', r"must be written LIBRARY/NAME"),
        ('select_file = "item.sql"', 'select_file = "no.sql"', r"select_file = .* can't be read"),
        ('key = ["SKU"]', 'key = ["ITEM"]', r"names ITEM, which is not a field"),
        ('name = "SKU"', 'name = "ITNBR"', r"names SKU, which is not a field"),
        ('type = "packed"', 'type = "comp-3"', r"must be one of char"),
        ("digits = 9, ", "", r"queues\.webprice\.fields\[1\]\.digits is missing"),
        ("digits = 9", "digits = 64", r"at most 63"),
        ("decimals = 2", "decimals = 10", r"must not exceed digits"),
        ('entity = "price"', 'entity = "price"\nccsid = 5031', r"CCSID 5031 is not one"),
        ('entity = "price"', 'entity = "order"', r"must be one of item, price, stock"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    """The sentence holds the file, the field and what would be accepted; never a secret."""
    path = change(write_site(tmp_path), old, new)
    with pytest.raises(Misconfigured, match=why) as caught:
        load_config(path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1 FROM DISTLIB.ITMMST", "does not begin with its authority"),
        ("-- authority:\nSELECT 1 FROM DISTLIB.ITMMST", "does not begin with its authority"),
        ("-- authority: x\nDELETE FROM DISTLIB.ITMMST", "not one single SELECT"),
        ("-- authority: x\nSELECT 1 FROM A.B; DROP TABLE A.B", "not one single SELECT"),
    ],
)
def test_a_select_file_names_its_authority_and_holds_one_select(
    tmp_path: Path, text: str, why: str
) -> None:
    """An administrator reads in the first line what must be granted."""
    path = write_site(tmp_path)
    (tmp_path / "item.sql").write_text(text)
    with pytest.raises(Misconfigured, match=why):
        load_config(path)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"DISTLIB", "TOWLINE"]', '"TOWLINE"]', r"DISTLIB/ITMMST is outside this site's policy"),
        ('["DISTLIB", "TOWLINE"]', '["DISTLIB"]', r"outbox library TOWLINE is outside"),
        ('"TOWLINE/DOORBELL", ', "", r"DOORBELL is outside.*outbox\.doorbell"),
        (', "TOWLINE/WEBPRICE"]', "]", r"WEBPRICE is outside.*queues\.webprice"),
        (
            'queues = ["TOWLINE/DOORBELL"',
            'files = ["DISTLIB/ITMPRC"]\nqueues = ["TOWLINE/DOORBELL"',
            r"ITMMST is outside",
        ),
    ],
)
def test_nothing_outside_the_policy_is_configured(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    """The list is the fence; widening it is a deliberate line in the customer's own file."""
    with pytest.raises(Permanent, match=why):
        load_config(change(write_site(tmp_path), old, new))


def test_a_table_without_library_is_refused(tmp_path: Path) -> None:
    """The library list of a server job must not decide what is read."""
    path = write_site(tmp_path)
    (tmp_path / "item.sql").write_text(SELECTS["item.sql"].replace("FROM DISTLIB.", "FROM "))
    with pytest.raises(Permanent, match="without naming its library"):
        load_config(path)


FIELDS = """fields = [
  { name = "SKU", type = "char", length = 15 },
  { name = "PRICE", type = "packed", digits = 9, decimals = 2 },
  { name = "CURRENCY", type = "char", length = 3 },
]
"""


def test_entries_may_be_json_or_text(tmp_path: Path) -> None:
    """The format decides which other settings there are."""
    path = write_site(tmp_path)
    record = path.read_text()
    path.write_text(record.replace(FIELDS, 'format = "json"\n'))
    assert load_config(path).queues[0].entries == JsonFormat("TOWLINE/WEBPRICE", ("SKU",), 1208)
    path.write_text(
        record.replace(FIELDS, 'format = "text"\ncolumns = ["sku", "", "price"]\nccsid = 273\n')
    )
    source = load_config(path).queues[0]
    assert source.entries == TextFormat("TOWLINE/WEBPRICE", ("SKU", "", "PRICE"), ";", 273)
    assert source.entry_bytes == 0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('format = "xml"', r"queues\.webprice\.format = 'xml' must be one of record, json, text"),
        ('format = "json"\nseparator = ";"', r"separator = ';' is not for format = \"json\""),
        ('format = "text"', r"queues\.webprice\.columns is missing"),
        ('format = "text"\ncolumns = ["PRICE"]', r"names SKU, which is not a column"),
        ('format = "text"\ncolumns = ["SKU", "sku"]', r"names SKU twice"),
        ('format = "text"\ncolumns = ["SKU"]\nseparator = ";;"', r"must be one character"),
        ('format = "json"\nccsid = 65535', r"CCSID 65535 means bytes"),
        ("ccsid = 1200\nfields = []", r"is for graphic fields"),
    ],
)
def test_a_wrong_entry_format_is_named(tmp_path: Path, settings: str, why: str) -> None:
    """One sentence, before the first entry is looked at."""
    path = change(write_site(tmp_path), FIELDS, settings + "\n")
    with pytest.raises(Misconfigured, match=why):
        load_config(path)


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ('type = "float", length = 5', r"length = 5 must be 4 or 8 for a float number"),
        ('type = "unsigned", length = 3', r"must be 2, 4 or 8"),
        ('type = "date", length = 10', r"length = 10 is not for date, which has its own"),
        ('type = "date", date = "*xyz"', r"date = '\*xyz' must be one of cyymmdd"),
        ('type = "date", date = "cyymmdd"', r"date = 'cyymmdd' can't be held by date"),
        ('type = "packed", digits = 7, date = "*iso"', r"'\*iso' can't be held by packed"),
        ('type = "packed", digits = 6, date = "cyymmdd"', r"needs 7 places; the field has 6"),
        ('type = "packed", digits = 7, decimals = 2, date = "cyymmdd"', r"not with decimals"),
        ('type = "float", length = 8, date = "cyymmdd"', r"is not for float"),
        ('type = "zoned", digits = 8, date = "yyyymmdd", time = "hhmmss"', r"beside date"),
        ('type = "time", time = "*hms;"', r"time = '\*hms;' must be one of hhmmss"),
        ('type = "timestamp", digits = 13', r"digits = 13 must be at most 12"),
        ('type = "char", length = 5, decimals = 1', r"decimals = 1 is not for char"),
        ('type = "char", length = 5, digits = 5', r"digits = 5 is not for char"),
        ('type = "char", length = 5, ccsid = 1200', r"1200 and 13488 belong to graphic"),
        ('type = "graphic", length = 5, ccsid = 37', r"is not for graphic"),
        ('type = "graphic", length = 5, ccsid = 300', r"CCSID 300 is not one"),
        ('type = "char", length = 5, ccsid = 5031', r"CCSID 5031 is not one"),
    ],
)
def test_a_field_that_cannot_be_is_named(tmp_path: Path, field: str, why: str) -> None:
    """Type, size and form have to fit each other; the sentence says which does not."""
    old = '{ name = "CURRENCY", type = "char", length = 3 }'
    path = change(write_site(tmp_path), old, f'{{ name = "X", {field} }}')
    with pytest.raises(Misconfigured, match=why) as caught:
        load_config(path)
    assert "queues.webprice.fields[2]" in str(caught.value)


def test_every_type_of_field_is_read(tmp_path: Path) -> None:
    """Forms may be written in capitals, as IBM does; the record's size follows."""
    types = (
        '{ name = "A", type = "varchar", length = 3 }',
        '{ name = "B", type = "graphic", length = 3, ccsid = 13488 }',
        '{ name = "C", type = "vargraphic", length = 3 }',
        '{ name = "D", type = "unsigned", length = 4 }',
        '{ name = "E", type = "float", length = 8 }',
        '{ name = "F", type = "date", date = "*DMY." }',
        '{ name = "G", type = "time" }',
        '{ name = "H", type = "timestamp" }',
        '{ name = "I", type = "packed", digits = 7, date = "CYYMMDD" }',
        '{ name = "J", type = "zoned", digits = 6, time = "hhmmss", blank_is_none = true }',
        '{ name = "K", type = "char", length = 10, date = "*ISO" }',
        '{ type = "filler", length = 2 }',
    )
    old = '{ name = "CURRENCY", type = "char", length = 3 }'
    source = load_config(change(write_site(tmp_path), old, ", ".join(types))).queues[0]
    assert isinstance(source.entries, RecordFormat)
    sizes = [field.size for field in source.entries.fields[2:]]
    assert sizes == [5, 6, 8, 4, 8, 8, 8, 26, 4, 6, 10, 2]
    assert source.entry_bytes == 20 + sum(sizes)


def test_the_doorbell_is_no_source_of_data(tmp_path: Path) -> None:
    """Its entries are taken freely, so data in them would be lost."""
    path = change(write_site(tmp_path), 'queue = "TOWLINE/WEBPRICE"', 'queue = "TOWLINE/DOORBELL"')
    with pytest.raises(Misconfigured, match="is also the doorbell"):
        load_config(path)


def test_order_sinks_need_what_they_write_to(tmp_path: Path) -> None:
    """A queue or program must be named and allowed; parameters come from a closed list."""
    path = write_site(tmp_path)
    plain = path.read_text()
    path.write_text(plain + '[orders]\nsink = "data_queue"\n')
    with pytest.raises(Misconfigured, match=r"orders\.queue is missing"):
        load_config(path)
    path.write_text(plain + '[orders]\nsink = "program_call"\nprogram = "DISTLIB/WEBORD"\n')
    with pytest.raises(Permanent, match="program DISTLIB/WEBORD is outside"):
        load_config(path)
    path.write_text(
        plain.replace("[outbox]", 'programs = ["DISTLIB/WEBORD"]\n[outbox]')
        + '[orders]\nsink = "program_call"\nprogram = "DISTLIB/WEBORD"\n'
        + '[[orders.parameters]]\nvalue = "event_id"\ntype = "char"\nlength = 64\n'
        + '[[orders.parameters]]\nvalue = "total"\ntype = "packed"\ndigits = 11\ndecimals = 2\n'
    )
    orders = load_config(path).orders
    assert [each.value for each in orders.parameters] == ["event_id", "total"]
