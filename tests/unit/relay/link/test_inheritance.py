"""Who takes the place of an agent that was shut out, and what it gets."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.link_world import prices
from towline_relay.link import enrolment
from towline_relay.link.inheritance import SCHEMA, heir_of, inherit
from towline_shared import stream_log
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.database import Database
from towline_shared.events import Delivered, Event, event_id
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import StreamLog


class House:
    """Agents of a tenant and their streams."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock()
        self.log = StreamLog(clock=self.clock)
        self.database = Database(path, prepare=_prepare)

    def enrol(self, tenant: str = "t") -> str:
        self.clock.advance(1)

        def work(db: sqlite3.Connection) -> str:
            code = enrolment.create_code(db, tenant=tenant, name="n", clock=self.clock)
            key = SigningKey.generate().public
            return enrolment.redeem(db, code=code, public_key=key, clock=self.clock).agent_id

        return self.database.call(work)

    def revoke(self, agent_id: str) -> None:
        self.database.call(lambda db: enrolment.revoke(db, agent_id, clock=self.clock))

    def send(self, agent_id: str, first: int, last: int, stream: str = "orders") -> list[str]:
        events = prices(first, last)
        self.database.call(lambda db: self.log.append(db, agent_id, stream, events))
        return [event.id for event in events]

    def report(self, agent_id: str, document: str, outcome: str) -> None:
        report = Event(
            event_id("delivered", document, outcome), "k", "agent", self.clock.now(),
            Delivered(document, outcome),
        )  # fmt: skip

        def work(db: sqlite3.Connection) -> None:
            state = self.log.expect(db, agent_id, "results", "theirs")
            row = (encode(report), report.id, report.entity, report.key)
            self.log.receive(
                db, agent_id, "results", stream_id="theirs", first=state.last + 1, texts=[row]
            )

        self.database.call(work)

    def inherit(self) -> dict[str, int]:
        return self.database.call(lambda db: inherit(db, self.log, enrolment.agents(db)))

    def down(self, agent_id: str, stream: str = "orders") -> list[str]:
        rows = self.database.call(
            lambda db: self.log.unsent(db, agent_id, stream, after=0, rows=1000, most=1 << 30)
        )
        return [row.event_id for row in rows]


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(stream_log.SCHEMA + enrolment.SCHEMA + SCHEMA)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "relay.db")
    yield made
    made.database.close()


def test_what_was_not_reported_goes_to_the_next_in_order_and_once(house: House) -> None:
    """Sent or acknowledged is not enough; each outcome of a report is."""
    lost = house.enrol()
    sent = house.send(lost, 1, 6)
    wishes = house.send(lost, 7, 8, "commands")
    for document, outcome in zip(sent[:3], ("written", "already there", "refused"), strict=True):
        house.report(lost, document, outcome)
    house.database.call(lambda db: house.log.acked(db, lost, "orders", 6))
    house.revoke(lost)
    assert house.inherit() == {}  # nobody is there yet
    heir = house.enrol()
    assert house.inherit() == {heir: 5}
    assert house.down(heir) == sent[3:]
    assert house.down(heir, "commands") == wishes
    assert house.inherit() == {}


def test_only_one_that_enrolled_after_it_and_is_in_takes_its_place(house: House) -> None:
    """Not another tenant's, not one that has work of its own, not one that is out itself."""
    before, lost, other = house.enrol(), house.enrol(), house.enrol("else")
    house.send(lost, 1, 2)
    house.revoke(lost)
    out = house.enrol()
    house.revoke(out)
    assert house.inherit() == {}
    heir = house.enrol()
    assert house.inherit()[heir] == 2
    assert house.down(before) == house.down(other) == []


def test_an_agent_that_is_in_keeps_its_documents(house: House) -> None:
    """Whatever enrols beside it."""
    own = house.enrol()
    house.send(own, 1, 2)
    house.enrol()
    assert house.inherit() == {}
    agents = house.database.call(enrolment.agents)
    assert heir_of(agents[0], agents) is None


def test_what_was_inherited_and_lost_again_goes_on(house: House) -> None:
    """A chain of lost hosts loses nothing."""
    first = house.enrol()
    sent = house.send(first, 1, 3)
    house.revoke(first)
    second = house.enrol()
    house.inherit()
    house.report(second, sent[0], "written")
    house.revoke(second)
    third = house.enrol()
    assert house.inherit() == {third: 2}
    assert house.down(third) == sent[1:]


def test_a_document_of_somebody_forgotten_stays_behind(house: House) -> None:
    """Its text was emptied at the relay; there is nothing to send again."""
    lost = house.enrol()
    sent = house.send(lost, 1, 3)
    house.database.call(
        lambda db: db.execute("UPDATE stream_row SET text='' WHERE event_id=?", (sent[1],))
    )
    house.revoke(lost)
    heir = house.enrol()
    assert house.inherit() == {heir: 2}
    assert house.down(heir) == [sent[0], sent[2]]
