"""A request to forget a customer: asked of the agents, shredded here, certified, and honest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.documents import order_document
from tests.support.hooks import NOW, hook
from tests.support.store import OneAgent
from towline_relay.secrets_box import about
from towline_relay.store import vault
from towline_relay.store.privacy import PrivacyStore
from towline_relay.store.sealed_documents import SealedDocuments
from towline_relay.store.sqlite import SqliteStore, prepare
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.people.erasure import Erasure
from towline_shared import stream_log
from towline_shared.clock import ManualClock
from towline_shared.codec import decode
from towline_shared.database import Database
from towline_shared.envelope import Keyring, MasterKey
from towline_shared.events import (
    BusinessCustomer,
    CompanyContact,
    Delivered,
    Erase,
    Event,
    Order,
    event_id,
)
from towline_shared.health import Status
from towline_shared.sealing import SigningKey, verify
from towline_shared.stream_log import StreamLog

T = TypeVar("T")
ANNA, BERT = "gid://shopify/Customer/1", "gid://shopify/Customer/2"
REDACT = {
    "shop_id": 1,
    "shop_domain": "demo.myshopify.com",
    "customer": {"id": 1, "email": "anna@example.com", "phone": "555"},
    "orders_to_redact": [11],
}
ASK = {**REDACT, "orders_requested": [11], "data_request": {"id": 9}}
AGENT = "agent-1"


def order(number: int, customer: str, name: str) -> Event:
    """An order document about a person."""
    gid = f"gid://shopify/Order/{number}"
    body: Order = replace(
        order_document(gid), customer_gid=customer, customer_name=name, email=f"{name}@example.com"
    )
    clock = ManualClock()
    return Event(
        id=event_id("order", gid), key=gid, origin="shopify:x", seen_at=clock.now(), body=body
    )


def company(number: int, *people: tuple[str, str]) -> Event:
    """A document about a company for which people buy."""
    gid = f"gid://shopify/Company/{number}"
    contacts = tuple(CompanyContact(f"contact {who}", who, first_name=name) for who, name in people)
    body = BusinessCustomer("", company_gid=gid, name="Petersen GmbH", contacts=contacts)
    moment = ManualClock().now()
    return Event(id=event_id("company", gid), key=gid, origin="x", seen_at=moment, body=body)


class House:
    """A relay's file with everything that is about people."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock()
        self.database = Database(path, prepare=prepare([stream_log.SCHEMA, vault.SCHEMA]))
        self.enrolled = OneAgent()
        self.documents = SealedDocuments(
            Keyring([MasterKey("m", bytes(32))]), enrolled=self.enrolled, clock=self.clock
        )
        self.log = StreamLog(clock=self.clock, cover=self.documents)
        self.store = SqliteStore(
            self.database, log=self.log, enrolled=self.enrolled, clock=self.clock
        )
        self.privacy = PrivacyStore(
            self.database,
            log=self.log,
            documents=self.documents,
            enrolled=self.enrolled,
            clock=self.clock,
        )
        self.key = SigningKey.generate()
        self.erasure = Erasure(
            tenant="t",
            store=self.privacy,
            sign=lambda text: (self.key.public, self.key.sign(text)),
            clock=self.clock,
            nudge=lambda agent: None,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def sql(self, text: str, *given: object) -> list[tuple[Any, ...]]:
        return self.database.call(lambda db: [tuple(row) for row in db.execute(text, given)])

    def send(self, *events: Event) -> None:
        """Put documents into the agent's stream."""
        self.database.call(lambda db: self.log.append(db, AGENT, "orders", events))

    def ack(self, upto: int) -> None:
        """Let the agent acknowledge."""
        self.database.call(lambda db: self.log.acked(db, AGENT, "orders", upto))

    def hook(self, topic: str, body: Any) -> None:
        """Let a compliance webhook arrive."""
        self.run(self.store.put_delivery(take_in(hook(topic, body, topic))))

    def shown(self) -> list[Event]:
        """Return what would be sent to the agent."""
        return [
            decode(row.text)
            for row in self.database.call(
                lambda db: self.log.unsent(db, AGENT, "orders", after=0, rows=99, most=10**7)
            )
        ]

    def confirm(self, wish: Event) -> None:
        """Let the agent report on the wish to erase."""
        report = Delivered(event_id=wish.id, outcome="written")
        assert self.database.call(lambda db: self.store._delivered(db, "t", report))


@pytest.fixture
def house(tmp_path: Path) -> Any:
    house = House(tmp_path / "relay.db")
    house.send(order(11, ANNA, "anna"), order(12, BERT, "bert"), order(13, "", "guest"))
    yield house
    house.database.close()


def test_documents_are_sealed_at_rest_and_sent_as_they_were(house: House, tmp_path: Path) -> None:
    """The file holds no name; the agent gets the document, under the chain of the clear text."""
    assert [event.body.customer_name for event in house.shown()] == ["anna", "bert", "guest"]  # type: ignore[union-attr]
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"anna" not in content
        assert b"guest@" not in content


def test_one_customer_is_erased_and_nobody_else(house: House) -> None:
    """Key gone, texts empty, the agent asked, a certificate that verifies; Bert's order stays."""
    house.ack(3)
    house.hook("customers/redact", REDACT)
    assert house.run(house.erasure.work()) == []
    assert house.sql("SELECT seq FROM stream_row WHERE text = ''") == [(1,)]
    rows = house.database.call(
        lambda db: house.log.unsent(db, AGENT, "orders", after=1, rows=99, most=10**7)
    )
    *_, wish = [decode(row.text) for row in rows]
    assert wish.body == Erase(orders=("gid://shopify/Order/11",), customers=(ANNA,))
    assert "has not confirmed" in house.erasure.check().detail
    house.confirm(wish)
    (text,) = house.run(house.erasure.work())
    whole = json.loads(text)
    content = whole["certificate"]
    assert (content["keys_destroyed"], content["documents_emptied"]) == (1, 1)
    assert content["agents"][0]["outcome"] == "written"
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert verify(whole["key"], whole["signature"], canonical.encode())
    assert "anna" not in text
    assert house.erasure.check().status is Status.OK
    assert house.run(house.erasure.work()) == []


def test_what_the_agent_has_not_fetched_is_erased_when_it_has(house: House) -> None:
    """A document under way can't be taken out of its stream; the request waits and says so."""
    house.hook("customers/redact", REDACT)
    house.run(house.erasure.work())
    assert house.sql("SELECT count(*) FROM stream_row WHERE text = ''") == [(0,)]
    assert "not been fetched" in house.erasure.check().detail
    house.ack(4)
    house.confirm(house.shown()[-1])
    (text,) = house.run(house.erasure.work())
    assert json.loads(text)["certificate"]["documents_emptied"] == 1


def test_an_old_agent_is_not_sent_an_emptied_document(house: House) -> None:
    """What was emptied counts as no longer kept, as if it had been trimmed."""
    house.ack(3)
    house.hook("customers/redact", REDACT)
    house.run(house.erasure.work())
    assert house.database.call(lambda db: house.log.first_kept(db, AGENT, "orders")) == 2


def test_a_guests_order_is_erased_by_its_number(house: House) -> None:
    """The order names no customer; Shopify's request names the order."""
    house.ack(3)
    house.hook("customers/redact", {**REDACT, "customer": {"id": 7}, "orders_to_redact": [13]})
    house.run(house.erasure.work())
    assert house.sql("SELECT seq FROM stream_row WHERE text = ''") == [(3,)]


def test_a_whole_shop_is_erased(house: House) -> None:
    """All keys of the tenant go, and the agent is told to empty everything."""
    house.ack(3)
    house.hook("shop/redact", {"shop_id": 1, "shop_domain": "demo.myshopify.com"})
    house.run(house.erasure.work())
    assert house.sql("SELECT count(*) FROM stream_row WHERE text = ''") == [(3,)]
    assert house.sql("SELECT count(*) FROM sealed_secret") == [(0,)]


def test_a_shop_without_an_agent_is_erased_at_once(house: House) -> None:
    """There is nobody to wait for."""
    house.ack(3)
    house.enrolled.agents.clear()
    house.hook("customers/redact", REDACT)
    assert len(house.run(house.erasure.work())) == 1


def test_what_is_held_is_handed_out(house: House) -> None:
    """The file holds the customer's documents and nobody else's; the request is done then."""
    house.hook("customers/data_request", ASK)
    house.run(house.erasure.work())
    assert "privacy export" in house.erasure.check().hint
    given = house.run(house.erasure.export(1))
    assert given is not None
    assert [document["body"]["customer_name"] for document in given["documents"]] == ["anna"]
    house.run(house.erasure.work())
    assert house.erasure.check().status is Status.OK
    assert house.run(house.erasure.export(2)) is None


def test_the_deadline_is_an_alarm(house: House) -> None:
    """Shopify gives 30 days; with less than seven left it is more than a warning."""
    house.hook("customers/data_request", ASK)
    house.clock.jump((NOW - house.clock.now()).total_seconds())
    house.run(house.erasure.work())
    assert house.erasure.check().status is Status.WARNING
    house.clock.advance(timedelta(days=24).total_seconds())
    check = house.erasure.check()
    assert (check.status, "due in 6 days" in check.detail) == (Status.FAILED, True)


def test_the_webhook_leaves_no_personal_data(house: House, tmp_path: Path) -> None:
    """Of the customer the number is kept, not the address beside it."""
    house.hook("customers/redact", REDACT)
    for path in tmp_path.iterdir():
        assert b"anna@example.com" not in path.read_bytes()


def test_a_new_master_key_opens_what_the_old_one_sealed(house: House) -> None:
    """The people's keys are rewrapped with the other secrets; the documents stay as they are."""
    old, new = MasterKey("m", bytes(32)), MasterKey("n", bytes([1]) * 32)
    both = Keyring([new, old])
    vault.Vault(house.database, clock=house.clock).rewrap(
        lambda tenant, purpose, sealed: both.rewrap(sealed, about=about(tenant, purpose))
    )
    cover = SealedDocuments(Keyring([new]), enrolled=house.enrolled, clock=house.clock)
    log = StreamLog(clock=house.clock, cover=cover)
    rows = house.database.call(
        lambda db: log.unsent(db, AGENT, "orders", after=0, rows=9, most=10**7)
    )
    assert decode(rows[0].text).key == "gid://shopify/Order/11"


def test_people_are_forgotten_when_their_last_document_was_trimmed(house: House) -> None:
    """A key without a document is a number kept for nothing."""
    assert house.run(house.privacy.trim()) == 0
    house.ack(2)
    house.clock.advance(10)
    house.database.call(lambda db: house.log.trim(db, before=house.clock.now()))
    assert house.run(house.privacy.trim()) == 2
    assert [event.body.customer_name for event in house.shown()[-1:]] == ["guest"]  # type: ignore[union-attr]
    assert house.sql("SELECT count(*) FROM sealed_secret") == [(1,)]
    assert house.sql("SELECT count(*) FROM subject_order") == [(0,)]


def test_a_companys_documents_go_with_any_of_its_contacts(house: House, tmp_path: Path) -> None:
    """They are sealed under the company's key, which the erasure of a contact destroys."""
    house.send(company(1, (ANNA, "anna"), (BERT, "bert")), company(2, (BERT, "bert")))
    for path in tmp_path.iterdir():
        assert b"Petersen" not in path.read_bytes()
    house.ack(5)
    house.hook("customers/redact", REDACT)
    house.run(house.erasure.work())
    assert house.sql("SELECT seq FROM stream_row WHERE text = ''") == [(1,), (4,)]
    rows = house.database.call(
        lambda db: house.log.unsent(db, AGENT, "orders", after=4, rows=99, most=10**7)
    )
    other, wish = [decode(row.text) for row in rows]
    assert other.key == "gid://shopify/Company/2"
    assert wish.body == Erase(
        orders=("gid://shopify/Order/11",), customers=(ANNA, "gid://shopify/Company/1")
    )
    assert house.sql("SELECT gid, customer FROM subject_contact") == [(other.key, BERT)]


def test_a_new_document_of_that_company_is_sealed_under_a_new_key(house: House) -> None:
    """The company goes on; what it is told of from then on can be read."""
    house.send(company(1, (ANNA, "anna")))
    house.ack(4)
    house.hook("customers/redact", REDACT)
    house.run(house.erasure.work())
    house.send(replace(company(1, (BERT, "bert")), id="again"))
    *_, last = house.database.call(
        lambda db: house.log.unsent(db, AGENT, "orders", after=4, rows=99, most=10**7)
    )
    assert decode(last.text).body.contacts[0].customer_gid == BERT  # type: ignore[union-attr]


def test_who_asks_for_their_data_gets_nobody_elses(house: House) -> None:
    """Of a company's document the other contacts are left out."""
    house.send(company(1, (ANNA, "anna"), (BERT, "bert")))
    house.hook("customers/data_request", ASK)
    given = house.run(house.erasure.export(1))
    assert given is not None
    names = [
        [one["first_name"] for one in document["body"]["contacts"]]
        for document in given["documents"]
        if document["entity"] == "company"
    ]
    assert names == [["anna"]]
    assert "bert" not in json.dumps(given)
