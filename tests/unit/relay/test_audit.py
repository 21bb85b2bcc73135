"""``verify`` over a relay's file: what is whole is said to be, and every hole is named."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from towline_agent.buffer import Buffer
from towline_agent.day_totals import DayTotals
from towline_agent.identity import Identity
from towline_relay.audit import audit
from towline_relay.day_book import DayBook
from towline_relay.link import enrolment
from towline_relay.store.sqlite import SqliteStore, prepare
from towline_relay.store.total_rows import Day
from towline_relay.verify import sentences
from towline_relay.views import EnrolledAgents
from towline_shared import stream_log
from towline_shared.clock import ManualClock
from towline_shared.database import Database
from towline_shared.events import Event, Price, event_id
from towline_shared.health import Status
from towline_shared.sealing import SigningKey

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Both:
    """An agent's buffer and a relay's file, with the link left out: rows are carried by hand."""

    buffer: Buffer
    database: Database
    log: stream_log.StreamLog
    store: SqliteStore
    identity: Identity
    clock: ManualClock
    days: DayBook
    totals: DayTotals

    def capture(self, first: int, last: int) -> None:
        events = [
            Event(event_id("p", str(n)), f"S{n}", "ibmi:L/F", self.clock.now(), Price(sku=f"S{n}"))
            for n in range(first, last + 1)
        ]
        self.buffer.capture(stream="changes", events=events).result()

    def close_day(self) -> bool:
        return self.buffer.unit(self.totals.close).result()

    def carry(self, name: str = "changes") -> None:
        """Bring what is new to the relay, as the link's session does."""
        states = {s.name: s for s, _ in self.buffer.offers().result()}
        agent, stream_id = self.identity.agent_id, states[name].stream_id

        def work(db: sqlite3.Connection) -> int:
            self.log.expect(db, agent, name, stream_id)
            after = self.log.state(db, agent, name, "in").last
            rows = self.buffer.unsent(name, after=after, rows=1000, most=1 << 20).result()
            texts = [(row.text, row.event_id, row.entity, row.key) for row in rows]
            _, new = self.log.receive(
                db, agent, name, stream_id=stream_id, first=after + 1, texts=texts
            )
            self.store.received(db, agent, name, new)
            return after + len(rows)

        self.buffer.acked(name, self.database.call(work)).result()

    def settle(self) -> list[Day]:
        return asyncio.run(self.days.settle())

    def verify(self) -> dict[str, Any]:
        return audit(
            self.database.call,
            tenant="",
            agents=enrolment.tenants,
            show=lambda db, text: text,
        )

    def harm(self, sql: str) -> None:
        self.database.call(lambda db: db.execute(sql).rowcount)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    clock = ManualClock(START)
    database = Database(
        tmp_path / "relay.db", prepare=prepare([stream_log.SCHEMA, enrolment.SCHEMA])
    )
    key = SigningKey.generate()
    code = database.call(
        lambda db: enrolment.create_code(db, tenant="t", name="store room", clock=clock)
    )
    agent = database.call(
        lambda db: enrolment.redeem(db, code=code, public_key=key.public, clock=clock)
    )
    identity = Identity(
        agent_id=agent.agent_id, tenant="t", name="n", relay_url="ws://x", relay_keys=(), key=key
    )
    buffer = Buffer(tmp_path / "buffer.db", clock=clock)
    log = stream_log.StreamLog(clock=clock)
    store = SqliteStore(database, log=log, enrolled=EnrolledAgents(), clock=clock)
    relay_key = SigningKey.generate()
    days = DayBook(
        database,
        log=log,
        sign=lambda text: (relay_key.public, relay_key.sign(text)),
        clock=clock,
    )
    totals = DayTotals(lambda: identity, clock=clock)
    yield Both(buffer, database, log, store, identity, clock, days, totals)
    buffer.close()
    database.close()


def test_what_is_whole_is_said_to_be_sound(both: Both) -> None:
    """Rows came, events stand for them; nothing is final yet and nothing is missing."""
    both.capture(1, 30)
    both.carry()
    report = both.verify()
    assert report["problems"] == []
    assert report["sound"]
    assert (report["under_way"], report["events_walked"]) == (30, 30)
    assert report["streams"][0]["last"] == 30
    assert "the chain holds." in "\n".join(sentences(report))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DELETE FROM stream_row WHERE seq IN (4, 5, 9)", "the numbers 4 to 5, 9 are missing"),
        ("UPDATE stream_row SET text = '{}' WHERE seq = 7", "number 7 is not the one that was"),
        ("DELETE FROM event WHERE key = 'S3'", "number 3, price S3, has no event"),
        ("UPDATE stream_head SET consumed = 8", "9 to 10 were never taken in"),
        ("UPDATE event SET state = 'sent' WHERE key = 'S2'", "its history ends with pending"),
        ("DELETE FROM event_history WHERE serial = 6", "has no history"),
        (
            "INSERT INTO event_history SELECT serial, at, 'superseded', '' FROM event_history"
            " WHERE serial = 1 UNION ALL SELECT 1, '', 'pending', ''",
            "went from superseded to pending",
        ),
        ("UPDATE stream_head SET chain = x'00'", "its end does not fit"),
    ],
)
def test_every_harm_is_named(both: Both, harm: str, said: str) -> None:
    """Whatever is taken out of or changed in the file by hand gets a sentence of its own."""
    both.capture(1, 10)
    both.carry()
    both.harm(harm)
    report = both.verify()
    assert not report["sound"]
    assert any(said in problem for problem in report["problems"]), report["problems"]


def test_an_event_that_was_trimmed_after_a_newer_one_is_not_missed(both: Both) -> None:
    """Only when it could have been trimmed: before the last trimming, with a newer one there."""
    both.capture(1, 1)
    both.carry()
    newer = Event("newer", "S1", "ibmi:L/F", both.clock.now(), Price(sku="S1"))
    both.clock.advance(60)
    both.buffer.capture(stream="changes", events=[newer]).result()
    both.carry()
    both.harm("DELETE FROM event WHERE id <> 'newer'")
    both.harm("DELETE FROM event_history WHERE serial = 1")
    assert "has no event" in both.verify()["problems"][0]
    both.harm("INSERT INTO timer VALUES ('trimmed before', '2026-11-23T08:00:30.000000Z')")
    assert both.verify()["sound"]


def test_both_sides_close_a_day_and_agree(both: Both) -> None:
    """The agent seals its day, the relay counts the same numbers, seals, and they are equal."""
    assert not both.close_day()  # the first look sets the mark
    both.capture(1, 20)
    both.clock.advance(timedelta(days=1).total_seconds())
    assert both.close_day()
    assert not both.close_day()
    both.carry("results")
    assert both.settle() == []  # rows of the day are still on their way
    both.carry()
    assert [day.problems for day in both.settle()] == [()]
    assert both.settle() == []
    report = both.verify()
    assert report["sound"]
    assert report["days"] == [
        {"agent": both.identity.agent_id, "day": "2026-11-23", "compared": True, "agrees": True}
    ]


def test_a_row_the_relay_lost_shows_in_the_totals(both: Both) -> None:
    """The number of rows differs, with the stream and the span."""
    both.close_day()
    both.capture(1, 20)
    both.carry()
    both.clock.advance(timedelta(days=1).total_seconds())
    both.close_day()
    both.carry("results")
    both.harm("DELETE FROM stream_row WHERE name = 'changes' AND seq = 11")
    (day,) = both.settle()
    assert "of 1 to 20 the relay held 19" in day.problems[0]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE control_total SET theirs = replace(theirs, '\"rows\":3', '\"rows\":2')",
         "the agent's totals were changed after"),
        ("UPDATE control_total SET ours = replace(ours, '\"rows\":3', '\"rows\":2')",
         "the relay's own totals were changed after"),
        ("UPDATE control_total SET known_key = 0", "a key that was not its own"),
    ],
)  # fmt: skip
def test_changed_totals_are_seen_by_their_seal(both: Both, harm: str, said: str) -> None:
    """Neither side can make its figures fit afterwards."""
    both.close_day()
    both.capture(1, 3)
    both.clock.advance(timedelta(days=1).total_seconds())
    both.close_day()
    both.carry()
    both.carry("results")
    both.settle()
    both.harm(harm)
    assert any(said in problem for problem in both.verify()["problems"])


def test_the_day_book_warns_of_a_day_that_differs(both: Both) -> None:
    """The check of the relay's page fails and says what to run."""
    both.close_day()
    both.capture(1, 3)
    both.clock.advance(timedelta(days=1).total_seconds())
    both.close_day()
    both.carry()
    both.carry("results")
    assert both.days.checks() == []
    both.harm("DELETE FROM stream_row WHERE name = 'changes' AND seq = 2")
    both.settle()
    (check,) = both.days.checks()
    assert check.status is Status.FAILED
    assert "towline-relay verify" in check.hint
    assert "of 1 to 3 the relay held 2" in check.detail


def test_the_next_day_begins_where_the_last_one_ended(both: Both) -> None:
    """Every number stands in exactly one day's totals."""
    both.close_day()
    spans: list[tuple[int, int]] = []
    for first, last in ((1, 3), (4, 3), (4, 9)):
        both.capture(first, last)
        both.clock.advance(timedelta(days=1).total_seconds())
        assert both.close_day()
        both.carry("results")
    both.carry()
    for day in both.settle():
        assert day.problems == ()
    rows = both.database.call(
        lambda db: db.execute("SELECT ours FROM control_total ORDER BY day").fetchall()
    )
    for row in rows:
        changes = next(t for t in json.loads(row["ours"]) if t["name"] == "changes")
        spans.append((changes["first"], changes["last"]))
    assert spans == [(1, 3), (4, 3), (4, 9)]
