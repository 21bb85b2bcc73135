"""Every setting the code reads is on the settings page, and the page invents none."""

from __future__ import annotations

import re

from tests.support.labs import ROOT

_SOURCES = (
    "agent/towline_agent/config.py",
    "agent/towline_agent/config_buffer.py",
    "agent/towline_agent/config_courtesy.py",
    "agent/towline_agent/config_feeds.py",
    "agent/towline_agent/config_formats.py",
    "agent/towline_agent/config_policy.py",
    "agent/towline_agent/ibmi/odbc/settings.py",
    "agent/towline_agent/config_journal.py",
    "agent/towline_agent/config_orders.py",
    "agent/towline_agent/config_queues.py",
    "relay/towline_relay/config.py",
    "relay/towline_relay/sync/rules/tenant.py",
    "relay/towline_relay/sync/rules/bulk.py",
    "relay/towline_relay/sync/rules/companies.py",
    "relay/towline_relay/sync/rules/customers.py",
    "relay/towline_relay/sync/rules/orders.py",
    "relay/towline_relay/sync/rules/item.py",
    "relay/towline_relay/sync/rules/price.py",
    "relay/towline_relay/sync/rules/stock.py",
    "relay/towline_relay/sync/rules/shipments.py",
)


def _known() -> set[str]:
    """Return every name a settings section accepts, read off the `only(...)` calls."""
    names: set[str] = set()
    for source in _SOURCES:
        text = (ROOT / source).read_text(encoding="utf-8")
        for call in re.findall(r"\.only\(([^)]*)\)", text):
            names |= set(re.findall(r'"([a-z_]+)"', call))
    return names


def test_every_setting_is_documented() -> None:
    """A setting that is read and not written down would be found by guessing only."""
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_]+", page))
    assert sorted(_known() - words) == []


def test_the_first_column_names_settings_that_exist() -> None:
    """A setting on the page that nobody reads would be refused at start."""
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    named: set[str] = set()
    for row in re.findall(r"^\| (`[^|]+) \|", page, flags=re.MULTILINE):
        named |= {name for name in re.findall(r"`([a-z_]+)`", row)}
    singles = {"page", "driver"}  # read one by one, without a list
    assert sorted(named - _known() - singles) == []
