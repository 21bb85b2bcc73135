"""The ``[orders]`` table of agent.toml: where orders go, and where what follows them goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from towline_agent.config_formats import (
    CHANGE_VALUES,
    Parameter,
    check_ccsid,
    object_name,
    read_parameter,
)
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import Policy, ProgramName
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

__all__ = ["CHANGE_KINDS", "ChangeSettings", "OrderSettings", "hold_orders", "read_orders"]

#: Kinds of documents that follow an order; see docs/orders.md.
CHANGE_KINDS = ("edit", "refund", "restock", "return", "cancel", "hold", "details", "other")
_SINKS = ("order_tables", "data_queue", "program_call")
_REFUSE = "refuse"
_COMMITS = ("unit_of_work", "unique_key")


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Where changes of orders go, by their kind.

    Attributes:
        sink: for kinds that ``kinds`` does not name; ``refuse`` tells the relay, where people see
            it.
        queue: where they go as JSON; the orders' own unless another is named.
    """

    sink: str = "order_tables"
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    queue: QueueName | None = None
    ccsid: int = 1208
    program: ProgramName | None = None
    parameters: tuple[Parameter, ...] = ()

    def sink_of(self, kind: str) -> str:
        """Return where a kind goes; one that an older agent does not know goes with the rest."""
        return self.kinds.get(kind, self.sink)

    def uses(self, sink: str) -> bool:
        """Tell whether any kind goes there."""
        return sink in {self.sink_of(kind) for kind in (*CHANGE_KINDS, "")}


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """Where orders go: staging tables, a data queue, or one of the customer's own programs.

    Attributes:
        unique_key: staging tables are not journaled; see :class:`~towline_agent.ibmi.port.Site`.
    """

    sink: str
    unique_key: bool
    queue: QueueName | None
    ccsid: int
    program: ProgramName | None
    parameters: tuple[Parameter, ...]
    changes: ChangeSettings = ChangeSettings()

    @property
    def staged(self) -> bool:
        """Whether anything goes into the staging tables."""
        return self.sink == "order_tables" or self.changes.uses("order_tables")

    @property
    def queues(self) -> tuple[QueueName, ...]:
        """The data queues documents are sent to, each once."""
        used = [(self.sink == "data_queue", self.queue)]
        used.append((self.changes.uses("data_queue"), self.changes.queue))
        return tuple(dict.fromkeys(queue for use, queue in used if use and queue is not None))

    @property
    def programs(self) -> tuple[tuple[ProgramName, tuple[Parameter, ...]], ...]:
        """The programs that are called, with their parameters."""
        found = []
        if self.sink == "program_call" and self.program is not None:
            found.append((self.program, self.parameters))
        if self.changes.uses("program_call") and self.changes.program is not None:
            found.append((self.changes.program, self.changes.parameters))
        return tuple(found)


def read_orders(section: Section) -> OrderSettings:
    """Read the table; everything in it has a default but what a sink needs.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only("sink", "commit", "queue", "ccsid", "program", "parameters", "changes")
    sink = section.text("sink", "order_tables", among=_SINKS)
    queue, ccsid = _queue(section, None), section.number("ccsid", 1208, least=1)
    check_ccsid(section, ccsid)
    program = _program(section)
    if sink == "data_queue" and queue is None:
        raise _missing(section, "queue", sink)
    if sink == "program_call" and program is None:
        raise _missing(section, "program", sink)
    return OrderSettings(
        sink=sink,
        unique_key=section.text("commit", "unit_of_work", among=_COMMITS) == "unique_key",
        queue=queue,
        ccsid=ccsid,
        program=program,
        parameters=tuple(read_parameter(each) for each in section.array("parameters")),
        changes=_changes(
            section.section("changes"), sink=sink, queue=queue, ccsid=ccsid, program=program
        ),
    )


def _changes(
    section: Section, *, sink: str, queue: QueueName | None, ccsid: int, program: ProgramName | None
) -> ChangeSettings:
    section.only("sink", "kinds", "queue", "ccsid", "program", "parameters")
    own = _program(section)
    usual = sink if sink != "program_call" or own is not None else _REFUSE
    ccsid = section.number("ccsid", ccsid, least=1)
    check_ccsid(section, ccsid)
    kinds = section.section("kinds")
    kinds.only(*CHANGE_KINDS)
    among = (*_SINKS, _REFUSE)
    found = ChangeSettings(
        sink=section.text("sink", usual, among=among),
        kinds=MappingProxyType({kind: kinds.text(kind, among=among) for kind in kinds.data}),
        queue=_queue(section, queue),
        ccsid=ccsid,
        program=own,
        parameters=tuple(
            read_parameter(each, among=CHANGE_VALUES) for each in section.array("parameters")
        ),
    )
    if found.uses("data_queue") and found.queue is None:
        raise _missing(section, "queue", "data_queue")
    if found.uses("program_call") and own is None:
        raise _missing(section, "program", "program_call")
    if own is not None and own == program:
        raise section.wrong(
            "program", str(own), "is the orders' program; changes have other parameters"
        )
    return found


def hold_orders(orders: OrderSettings, policy: Policy) -> None:
    """Refuse at start what the customer's own list does not allow.

    Raises:
        Permanent: names the object and who wants it.
    """
    for queue in orders.queues:
        why = "orders.queue" if queue == orders.queue else "orders.changes.queue"
        policy.check_queue(queue, why=why)
    for program, _ in orders.programs:
        why = "orders.program" if program == orders.program else "orders.changes.program"
        policy.check_program(program, why=why)


def _missing(section: Section, what: str, sink: str) -> Misconfigured:
    return Misconfigured(f"{section.file}: {section.name}.{what} is missing for the sink {sink}.")


def _queue(section: Section, usual: QueueName | None) -> QueueName | None:
    text = section.text("queue", "")
    return QueueName(*object_name(section, "queue", text)) if text else usual


def _program(section: Section) -> ProgramName | None:
    text = section.text("program", "")
    return ProgramName(*object_name(section, "program", text)) if text else None
