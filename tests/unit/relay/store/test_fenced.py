"""What came without the lease of a pair stands skipped in the store, and verify knows it."""

from __future__ import annotations

import sqlite3

from tests.unit.relay import test_audit
from tests.unit.relay.test_audit import Both
from towline_relay.link import enrolment, pair
from towline_relay.store.fenced import REASON, FencedRows
from towline_relay.views import EnrolledAgents, agent_facts
from towline_shared.sealing import SigningKey

both = test_audit.both


def carry_fenced(both: Both) -> None:
    """Bring what is new to the relay as a session without the lease does."""
    agent, fence = both.identity.agent_id, FencedRows(log=both.log, cover=None, clock=both.clock)
    stream = next(s for s, _ in both.buffer.offers().result() if s.name == "changes")

    def work(db: sqlite3.Connection) -> None:
        both.log.expect(db, agent, "changes", stream.stream_id)
        rows = both.buffer.unsent("changes", after=0, rows=100, most=1 << 20).result()
        texts = [(row.text, row.event_id, row.entity, row.key) for row in rows]
        _, new = both.log.receive(
            db, agent, "changes", stream_id=stream.stream_id, first=1, texts=texts
        )
        fence.received(db, "t", agent, "changes", new)
        both.log.consume(db, agent, "changes", new[-1].seq)

    both.database.call(work)


def another(both: Both) -> str:
    """Enrol the other agent of the pair."""
    both.clock.advance(1)
    code = both.database.call(
        lambda db: enrolment.create_code(db, tenant="t", name="two", clock=both.clock)
    )
    public = SigningKey.generate().public
    return both.database.call(
        lambda db: enrolment.redeem(db, code=code, public_key=public, clock=both.clock)
    ).agent_id


def states(both: Both) -> list[tuple[str, str, str]]:
    rows = both.database.call(
        lambda db: db.execute("SELECT key, state, reason FROM event ORDER BY serial").fetchall()
    )
    return [tuple(row) for row in rows]


def test_what_came_without_the_lease_is_kept_and_skipped(both: Both) -> None:
    """Nothing is thrown away: each row has its event, with the reason; the walk finds it."""
    both.capture(1, 2)
    carry_fenced(both)
    assert states(both) == [("S1", "skipped", REASON), ("S2", "skipped", REASON)]
    report = both.verify()
    assert (report["problems"], report["final"]) == ([], True)


def test_the_same_row_read_by_the_active_agent_counts(both: Both) -> None:
    """The event has the same id; the one behind the fence does not stand in its way."""
    both.capture(1, 1)
    carry_fenced(both)
    two = another(both)
    (row,) = both.buffer.unsent("changes", after=0, rows=1, most=1 << 20).result()
    text = (row.text, row.event_id, row.entity, row.key)

    def work(db: sqlite3.Connection) -> None:
        both.log.expect(db, two, "changes", "another buffer")
        _, new = both.log.receive(
            db, two, "changes", stream_id="another buffer", first=1, texts=[text]
        )
        both.store.received(db, two, "changes", new)

    both.database.call(work)
    assert states(both) == [("S1", "skipped", REASON), ("S1", "pending", "")]
    assert both.verify()["problems"] == []


def test_documents_go_to_whoever_has_the_lease(both: Both) -> None:
    """It stands first; the other stays in the list, since wishes to erase go to all."""
    one, two = both.identity.agent_id, another(both)
    now = both.clock.now()

    def lease(db: sqlite3.Connection) -> pair.Standing:
        return pair.ask(db, tenant="t", agent_id=two, now=now, not_before=now, offers=())

    assert both.database.call(lease).active
    paired = EnrolledAgents(paired=lambda tenant: True)
    assert both.database.call(lambda db: paired.agents_of(db, "t")) == [two, one]
    assert both.database.call(lambda db: EnrolledAgents().agents_of(db, "t")) == [one, two]
    leases = both.database.call(lambda db: pair.leases(db, ["t"]))
    facts = agent_facts(both.database.call(enrolment.agents), {}, leases)
    assert [(each.agent_id, each.role) for each in facts] == [(one, "standby"), (two, "active")]
