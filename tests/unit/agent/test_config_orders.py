"""[orders] and [orders.changes]: what follows an order may go elsewhere, kind by kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_site import write_site
from towline_agent.config import AgentConfig, load_config
from towline_agent.ibmi.install.wanted import wanted
from towline_agent.ibmi.port import QueueName
from towline_shared.errors import Misconfigured, Permanent

PROGRAM = '[orders]\nsink = "program_call"\nprogram = "DISTLIB/WEBORD"\n'
VALUES = '[[orders.changes.parameters]]\nvalue = "moved"\ntype = "packed"\ndigits = 15\n'


def load(tmp_path: Path, orders: str, *, allowed: str = "") -> AgentConfig:
    """Read a site with these settings; ``allowed`` stands under [policy]."""
    path = write_site(tmp_path)
    text = path.read_text().replace("[outbox]", f"{allowed}\n[outbox]", 1)
    path.write_text(text + orders)
    return load_config(path)


def test_without_settings_changes_go_where_orders_go(tmp_path: Path) -> None:
    """A program that is made for orders gets none: they are refused, as ever."""
    changes = load(tmp_path, "").orders.changes
    assert changes.sink_of("edit") == changes.sink_of("what comes later") == "order_tables"
    found = load(tmp_path, PROGRAM, allowed='programs = ["DISTLIB/WEBORD"]').orders
    assert found.changes.sink_of("edit") == "refuse"
    assert not found.staged


def test_kinds_name_their_sinks_and_the_site_gets_what_they_need(tmp_path: Path) -> None:
    """Queue, procedure with types, staging tables and the rights for them, and nothing else."""
    text = (
        PROGRAM + '[orders.changes]\nsink = "program_call"\nprogram = "DISTLIB/WEBCHG"\n'
        'queue = "TOWLINE/WEBCHG"\n'
        '[orders.changes.kinds]\nrefund = "data_queue"\nhold = "order_tables"\n' + VALUES
    )
    policy = 'programs = ["DISTLIB/WEBORD", "DISTLIB/WEBCHG"]'
    path = write_site(tmp_path)
    old = 'queues = ["TOWLINE/DOORBELL", "TOWLINE/WEBPRICE"]'
    new = old.replace("]", ', "TOWLINE/WEBCHG"]') + f"\n{policy}"
    path.write_text(path.read_text().replace(old, new) + text)
    config = load_config(path)
    changes = config.orders.changes
    assert [changes.sink_of(kind) for kind in ("edit", "refund", "hold")] == [
        "program_call", "data_queue", "order_tables",
    ]  # fmt: skip
    assert config.orders.queues == (QueueName("TOWLINE", "WEBCHG"),)
    site = wanted(config)
    assert [each.part for each in site.procedures] == [
        "procedure DISTLIB.WEBORD", "procedure DISTLIB.WEBCHG",
    ]  # fmt: skip
    assert "WEBCHG" in [each.layout.name for each in site.tables]
    assert [g.rights for g in site.agent_grants if (g.name, g.type) == ("WEBCHG", "*DTAQ")] == [
        ("*OBJOPR", "*ADD")
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[orders.changes]\nsink = "data_queue"\n', r"orders\.changes\.queue is missing"),
        ('[orders.changes.kinds]\nedit = "program_call"\n', r"orders\.changes\.program is missing"),
        ('[orders.changes.kinds]\nedit = "nowhere"\n', r"orders\.changes\.kinds\.edit"),
        ('[orders.changes.kinds]\nrefunds = "refuse"\n', r"refunds is not a setting"),
        (
            PROGRAM + '[orders.changes]\nprogram = "DISTLIB/WEBORD"\n',
            "is the orders' program",
        ),
        (VALUES.replace("moved", "lines_total"), r"orders\.changes\.parameters"),
    ],
)
def test_what_is_wrong_is_one_sentence(text: str, why: str, tmp_path: Path) -> None:
    """With the setting's name."""
    with pytest.raises(Misconfigured, match=why):
        load(tmp_path, text, allowed='programs = ["DISTLIB/WEBORD"]')


def test_what_the_site_does_not_allow_is_refused_at_start(tmp_path: Path) -> None:
    """The customer's own list holds for changes too."""
    text = '[orders.changes]\nsink = "data_queue"\nqueue = "TOWLINE/OTHER"\n'
    with pytest.raises(Permanent, match=r"wanted by orders\.changes\.queue"):
        load(tmp_path, text)


PEOPLE = """
[orders.customers]
sink = "data_queue"
queue = "TOWLINE/WEBCUSTQ"
[orders.companies]
sink = "program_call"
program = "DISTLIB/WEBCOMP"
[[orders.companies.parameters]]
value = "company_gid"
type = "char"
length = 64
"""


def test_people_have_sinks_of_their_own_and_go_with_orders_otherwise(tmp_path: Path) -> None:
    """An order program takes none of them; what they use is asked of the site."""
    plain = load(tmp_path, "").orders
    assert (plain.customers.sink, plain.companies.sink) == ("order_tables", "order_tables")
    told = load(tmp_path, PROGRAM, allowed='programs = ["DISTLIB/WEBORD"]').orders
    assert (told.customers.sink, told.companies.sink) == ("refuse", "refuse")
    path = write_site(tmp_path)
    old = 'queues = ["TOWLINE/DOORBELL", "TOWLINE/WEBPRICE"]'
    new = old.replace("]", ', "TOWLINE/WEBCUSTQ"]') + '\nprograms = ["DISTLIB/WEBCOMP"]'
    path.write_text(path.read_text().replace(old, new) + PEOPLE)
    config = load_config(path)
    assert config.orders.queues == (QueueName("TOWLINE", "WEBCUSTQ"),)
    site = wanted(config)
    assert [each.part for each in site.procedures] == ["procedure DISTLIB.WEBCOMP"]
    assert "customers as JSON" in [queue.purpose for queue in site.own_queues]
    path.write_text(path.read_text().replace(', "TOWLINE/WEBCUSTQ"]', "]"))
    with pytest.raises(Permanent, match=r"wanted by orders\.customers\.queue"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[orders.customers]\nsink = "data_queue"\n', r"orders\.customers\.queue is missing"),
        ('[orders.companies]\nsink = "program_call"\n', r"orders\.companies\.program is missing"),
        ("[orders.companies]\nkinds = {}\n", r"kinds is not a setting"),
        (
            PROGRAM + '[orders.customers]\nprogram = "DISTLIB/WEBORD"\n',
            "takes other documents, with other parameters",
        ),
        (PEOPLE.replace("company_gid", "total"), r"orders\.companies\.parameters"),
    ],
)
def test_what_is_wrong_about_people_is_one_sentence(text: str, why: str, tmp_path: Path) -> None:
    """With the setting's name."""
    with pytest.raises(Misconfigured, match=why):
        load(tmp_path, text, allowed='programs = ["DISTLIB/WEBORD", "DISTLIB/WEBCOMP"]')
