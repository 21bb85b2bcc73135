"""All checks, in the order the report prints them."""

from __future__ import annotations

from towline_agent.conformance.check import Check
from towline_agent.conformance.checks.changes import CHANGES_OF_ORDERS
from towline_agent.conformance.checks.depth import DEPTH
from towline_agent.conformance.checks.jobs import JOBS
from towline_agent.conformance.checks.journal import JOURNAL
from towline_agent.conformance.checks.links import LINKS
from towline_agent.conformance.checks.orders import ORDERS
from towline_agent.conformance.checks.orders_of_queues import KEYED_AND_LIFO
from towline_agent.conformance.checks.outbox import OUTBOX
from towline_agent.conformance.checks.pages import PAGES
from towline_agent.conformance.checks.people import PEOPLE
from towline_agent.conformance.checks.queues import QUEUES
from towline_agent.conformance.checks.rows import ROWS
from towline_agent.conformance.checks.waiting import WAITING

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    *JOBS, *OUTBOX, *DEPTH, *ROWS, *PAGES, *QUEUES, *KEYED_AND_LIFO, *WAITING, *ORDERS,
    *CHANGES_OF_ORDERS, *PEOPLE, *JOURNAL, *LINKS,
)  # fmt: skip
