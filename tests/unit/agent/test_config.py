"""agent.toml: what is right is read, what is wrong is one sentence with file, field and value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_site import SELECTS, write_site
from towline_agent.config import load_config
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import FileName
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
    assert config.queues[0].entries.size == 23
    assert config.orders.sink == "order_tables"


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
        ('entity = "price"', 'entity = "price"\nccsid = 5035', r"CCSID 5035 is not one"),
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
