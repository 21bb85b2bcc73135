"""Claims about the rules the sandbox brings: agent.toml and its SELECTs."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.sandbox.ibmi.lab import RULES, change, clean_skus, order, reader
from towline_agent.config import AgentConfig, load_config
from towline_agent.conformance.documents import sample_company
from towline_agent.ibmi.port import Purpose
from towline_agent.sources.entry_formats import read_entry
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.towline_files import FEEDS


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    """The template as a sandbox fills it, read by the agent's own reader."""
    shutil.copytree(RULES, tmp_path / "sql")
    text = (RULES.parent / "agent.toml").read_text(encoding="utf-8")
    values = {
        "relay_url": "ws://127.0.0.1:8480/link",
        "proxy": "none",
        "state": "state",
        "health_port": "8411",
        "address": "127.0.0.1:9471",
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    (tmp_path / "agent.toml").write_text(text, encoding="utf-8")
    return load_config(tmp_path / "agent.toml")


def test_the_agent_reads_every_file_that_has_triggers(config: AgentConfig) -> None:
    """No feed of the outbox is without an entity, and no entity without a feed."""
    fed = {str(file) for entity in config.entities for file in entity.fed_by}
    assert fed == {feed.file for feed in FEEDS}


def test_every_select_runs_and_gives_the_columns_of_the_contract(
    config: AgentConfig, system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """After one order was shipped each entity has rows with its aliases and the ERP's columns."""
    document = order(1, {clean_skus(system, 1)[0]: 2})
    writer = system.connect(Purpose.WRITE)
    writer.apply_order(document, event_id="e1")
    writer.apply_order(change(document, kind="restock"), event_id="e2")
    writer.apply_order(sample_company(), event_id="e3")
    console.call("run_order_entry", {})
    console.call("run_warehouse", {})
    wanted = {
        "item": {"SKU", "ITDSC", "ITCLS", "ITEAN", "ITWGT", "ITSTS", "ITWEB"},
        "price": {"SKU", "PRICE_LIST", "IPPRC", "IPCMP", "IPCUR"},
        "stock": {"SKU", "WAREHOUSE", "IBQOH", "IBQAL"},
        "customer": {"CUSTOMER", "CUNAM", "CUMAIL", "CUSTS"},
        "company_result": {"DOCUMENT_ID", "GID", "OUTCOME", "ERP_NUMBER", "REASON"},
        "company": {"COMPANY", "PLACE", "BSNAM", "BSGID", "BPCTY", "BPTRM", "BPGID"},
        "order_result": {"ORDER_GID", "OUTCOME", "ERP_ORDER", "REASON"},
        "change_result": {"CHANGE_ID", "ORDER_GID", "OUTCOME", "REASON"},
        "shipment": {
            "SHIPMENT", "ORDER_GID", "WAREHOUSE", "LINE_GID", "QUANTITY", "CARRIER", "TRACKING",
            "SHIPPED_AT",
        },
    }  # fmt: skip
    job = reader(system)
    for name, query in config.queries.items():
        rows = job.snapshot(query, after_key=None, limit=1)
        assert rows, name
        assert rows[0].cells.keys() >= wanted.pop(name)
    assert not wanted


def test_the_agent_decodes_what_the_price_program_sends(
    config: AgentConfig, system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """The record format in agent.toml is that of the program's bytes."""
    (source,) = config.queues
    console.call("send_queue_price", {"item": "FA-10005", "price": "12.90", "compare_at": "14.85"})
    (entry,) = reader(system).queue_peek(source.queue, limit=5)
    assert read_entry(source.entries, entry.data) == {
        "SKU": "FA-10005",
        "IPPRC": Decimal("12.90"),
        "IPCMP": Decimal("14.85"),
        "IPCUR": "EUR",
    }
