"""The fragment of shopify.app.toml names every topic the relay takes, with the relay's address."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from graphql import build_schema

import towline_sandbox.shopify as simulated
from towline_relay.webhooks.app_toml import fragment
from towline_relay.webhooks.topics import COMPLIANCE, SUBSCRIBED, TOPICS, enum_of, topic_of

SHOP = "demo.myshopify.com"


@pytest.mark.parametrize("events", [False, True])
def test_it_is_toml_and_subscribes_to_everything(events: bool) -> None:
    """Each topic once, at an address whose path the receiver accepts."""
    text = fragment(
        public_url="https://relay.example.com/", shop=SHOP, api_version="2026-10", events=events
    )
    read = tomllib.loads(text)
    blocks = read["webhooks"]["subscriptions"]
    named = [topic for block in blocks for topic in block.get("topics", [])]
    duties = [topic for block in blocks for topic in block.get("compliance_topics", [])]
    assert (tuple(named), tuple(duties)) == (SUBSCRIBED, COMPLIANCE)
    uris = [block["uri"] for block in [*blocks, *read.get("events", {}).get("subscription", [])]]
    start = f"https://relay.example.com/webhooks/{SHOP}/"
    assert {uri.removeprefix(start) for uri in uris} <= TOPICS
    assert ("events" in read) is events


def test_every_topic_is_one_of_the_schema() -> None:
    """A topic Shopify does not know can't be subscribed to."""
    folder = Path(simulated.__file__).parent / "schema"
    schema = build_schema((folder / "admin_2026-10.graphql").read_text("utf-8"), assume_valid=True)
    known = schema.type_map["WebhookSubscriptionTopic"].values  # type: ignore[attr-defined]
    assert {enum_of(topic) for topic in SUBSCRIBED} <= set(known)
    assert [topic_of(enum_of(topic)) for topic in SUBSCRIBED] == list(SUBSCRIBED)
    assert topic_of("CARTS_CREATE") == ""
