"""What the simulated shop tells of companies, and what the relay's intake makes of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.support.hooks import hook
from tests.unit.sandbox.shopify.lab import Received, receiving, running, settings
from towline_relay.sync.intake.deliveries import take_in
from towline_sandbox.shopify.bodies import sample

TOPICS = tuple(
    f"{family}/{action}"
    for family in ("companies", "company_contacts", "company_locations")
    for action in ("create", "update", "delete")
)


def _story(tmp_path: Path) -> tuple[str, list[Received]]:
    """Let a merchant make, edit and delete; return the company and all webhooks."""

    async def story() -> tuple[str, list[Received]]:
        async with receiving() as receiver:
            given = settings(
                tmp_path / "shop.db", webhook_base=receiver.base, webhook_topics=TOPICS
            )
            async with running(given) as lab:

                async def desk(action: str, **body: Any) -> str:
                    answer = await lab.client.post(f"/sandbox/merchant/{action}", json=body)
                    assert answer.status == 200, await answer.text()
                    return str((await answer.json())["id"])

                company = await desk("company", company={"name": "Neu KG"})
                place = await desk("company_place", company=company, name="Lager")
                await desk("company_place", id=place, name="Lager Nord")
                customer = await desk("customer", lastName="P")
                contact = await desk("company_contact", company=company, customer=customer)
                await desk("delete_company_contact", id=contact)
                await desk("delete_company_place", id=place)
                await desk("delete_company", id=company)
                await lab.drained()
            return company, receiver.got

    return asyncio.run(story())


def test_each_change_is_told_by_its_topic_and_rings_for_its_company(tmp_path: Path) -> None:
    """Bodies have the keys of Shopify's samples, deletions too, and name the company."""
    company, got = _story(tmp_path)
    topics = set()
    for one in got:
        (topic,) = [v for n, v in one.headers.items() if n.lower() == "x-shopify-topic"]
        body = json.loads(one.body)
        topics.add(topic)
        assert body.keys() == sample(topic).keys()
        taken = take_in(hook(topic, body))
        assert taken.event is not None
        assert (taken.outcome, taken.event.key) == ("company", company)
    assert topics == set(TOPICS) - {"company_contacts/update"}  # nothing here changes a contact
