"""Each document to the sink agent.toml names for it: orders to one, what follows them by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from towline_agent.config_orders import CHANGE_KINDS, ChangeSettings, OrderSettings
from towline_agent.config_sinks import REFUSE, PeopleSettings
from towline_agent.ibmi.port import Applied
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.sinks.base import Sink
from towline_agent.sinks.data_queue import OrderQueue
from towline_agent.sinks.documents import (
    change_value,
    company_value,
    customer_value,
    order_value,
)
from towline_agent.sinks.order_tables import OrderTables
from towline_agent.sinks.program_call import DocumentProgram
from towline_shared.errors import Refused
from towline_shared.events import BusinessCustomer, Customer, Event, OrderChange, Scalar

__all__ = ["ByKind", "ChangesRefused", "PeopleRefused", "document_sinks"]


class ChangesRefused:
    """Takes no change: the relay is told, and parks it where people see it."""

    async def write(self, event: Event) -> Applied:
        """Refuse it; see :class:`~towline_agent.sinks.base.Sink`."""
        body = event.body
        kind = body.kind if isinstance(body, OrderChange) else event.entity
        name = body.name if isinstance(body, OrderChange) else event.key
        raise Refused(
            f"The order {name} was changed in the shop ({kind}) and this site takes no such"
            " change.",
            hint="Change it in the ERP by hand, or name a sink for it under [orders.changes] in"
            " agent.toml.",
        )


class PeopleRefused:
    """Takes no customers, or no companies: the relay is told."""

    async def write(self, event: Event) -> Applied:
        """Refuse it; see :class:`~towline_agent.sinks.base.Sink`."""
        table = "companies" if event.entity == "company" else "customers"
        raise Refused(
            f"This site takes no {table} of the shop.",
            hint=f'Set down = "never" for the {event.entity} in the relay\'s rules, or name a sink'
            f" under [orders.{table}] in agent.toml.",
        )


class ByKind:
    """Hands each document on."""

    def __init__(
        self,
        orders: Sink,
        changes: Mapping[str, Sink],
        *,
        usual: Sink,
        customers: Sink,
        companies: Sink,
    ) -> None:
        """``usual`` takes changes of a kind that ``changes`` does not name."""
        self._orders = orders
        self._changes = changes
        self._usual = usual
        self._customers = customers
        self._companies = companies

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`."""
        if isinstance(event.body, OrderChange):
            return await self._changes.get(event.body.kind, self._usual).write(event)
        if isinstance(event.body, Customer):
            return await self._customers.write(event)
        if isinstance(event.body, BusinessCustomer):
            return await self._companies.write(event)
        return await self._orders.write(event)


def document_sinks(settings: OrderSettings, worker: IbmIWorker) -> Sink:
    """Build what the settings name, over the writing connection."""
    changes = settings.changes
    return ByKind(
        _sink(settings, settings.sink, worker, value=order_value),
        {kind: _changes(changes, changes.sink_of(kind), worker) for kind in CHANGE_KINDS},
        usual=_changes(changes, changes.sink, worker),
        customers=_people(settings.customers, worker, value=customer_value, noun="customer"),
        companies=_people(settings.companies, worker, value=company_value, noun="company"),
    )


def _changes(settings: ChangeSettings, sink: str, worker: IbmIWorker) -> Sink:
    if sink == REFUSE:
        return ChangesRefused()
    return _sink(settings, sink, worker, value=change_value)


def _people(
    settings: PeopleSettings,
    worker: IbmIWorker,
    *,
    value: Callable[[Event, str], Scalar],
    noun: str,
) -> Sink:
    if settings.sink == REFUSE:
        return PeopleRefused()
    return _sink(settings, settings.sink, worker, value=value, noun=noun)


def _sink(
    settings: OrderSettings | ChangeSettings | PeopleSettings,
    sink: str,
    worker: IbmIWorker,
    *,
    value: Callable[[Event, str], Scalar],
    noun: str = "order",
) -> Sink:
    if sink == "data_queue" and settings.queue is not None:
        return OrderQueue(worker, settings.queue, ccsid=settings.ccsid)
    if sink == "program_call" and settings.program is not None:
        return DocumentProgram(
            worker, settings.program, parameters=settings.parameters, value=value, noun=noun
        )
    return OrderTables(worker)
