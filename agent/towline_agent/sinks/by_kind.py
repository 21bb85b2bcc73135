"""Each document to the sink agent.toml names for it: orders to one, what follows them by kind."""

from __future__ import annotations

from collections.abc import Mapping

from towline_agent.config_orders import CHANGE_KINDS, ChangeSettings, OrderSettings
from towline_agent.ibmi.port import Applied
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.sinks.base import Sink
from towline_agent.sinks.data_queue import OrderQueue
from towline_agent.sinks.order_tables import OrderTables
from towline_agent.sinks.program_call import ChangeProgram, OrderProgram
from towline_shared.errors import Refused
from towline_shared.events import Event, OrderChange

__all__ = ["ByKind", "ChangesRefused", "document_sinks"]


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


class ByKind:
    """Hands each document on."""

    def __init__(self, orders: Sink, changes: Mapping[str, Sink], *, usual: Sink) -> None:
        """``usual`` takes changes of a kind that ``changes`` does not name."""
        self._orders = orders
        self._changes = changes
        self._usual = usual

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`."""
        if isinstance(event.body, OrderChange):
            return await self._changes.get(event.body.kind, self._usual).write(event)
        return await self._orders.write(event)


def document_sinks(settings: OrderSettings, worker: IbmIWorker) -> Sink:
    """Build what the settings name, over the writing connection."""
    changes = settings.changes
    return ByKind(
        _orders(settings, worker),
        {kind: _changes(changes, changes.sink_of(kind), worker) for kind in CHANGE_KINDS},
        usual=_changes(changes, changes.sink, worker),
    )


def _orders(settings: OrderSettings, worker: IbmIWorker) -> Sink:
    if settings.sink == "data_queue" and settings.queue is not None:
        return OrderQueue(worker, settings.queue, ccsid=settings.ccsid)
    if settings.sink == "program_call" and settings.program is not None:
        return OrderProgram(worker, settings.program, parameters=settings.parameters)
    return OrderTables(worker)


def _changes(settings: ChangeSettings, sink: str, worker: IbmIWorker) -> Sink:
    if sink == "data_queue" and settings.queue is not None:
        return OrderQueue(worker, settings.queue, ccsid=settings.ccsid)
    if sink == "program_call" and settings.program is not None:
        return ChangeProgram(worker, settings.program, parameters=settings.parameters)
    return OrderTables(worker) if sink == "order_tables" else ChangesRefused()
