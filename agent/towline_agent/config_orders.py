"""The ``[orders]`` table of agent.toml: where orders go, and where what follows them goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from towline_agent.config_formats import (
    CHANGE_VALUES,
    COMPANY_VALUES,
    CUSTOMER_VALUES,
    Parameter,
    check_ccsid,
    read_parameter,
)
from towline_agent.config_sinks import (
    REFUSE,
    SINKS,
    PeopleSettings,
    missing,
    read_people,
    read_program,
    read_queue,
    usual_sink,
)
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import Policy, ProgramName
from towline_shared.config import Section

__all__ = ["CHANGE_KINDS", "ChangeSettings", "OrderSettings", "hold_orders", "read_orders"]

#: Kinds of documents that follow an order; see docs/orders.md.
CHANGE_KINDS = ("edit", "refund", "restock", "return", "cancel", "hold", "details", "other")
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
    customers: PeopleSettings = PeopleSettings()  # noqa: RUF009 - it is frozen
    companies: PeopleSettings = PeopleSettings()  # noqa: RUF009 - it is frozen

    @property
    def staged(self) -> bool:
        """Whether anything goes into the staging tables."""
        return any(each.uses("order_tables") for each in self._uses)

    @property
    def queues(self) -> tuple[QueueName, ...]:
        """The data queues documents are sent to, each once."""
        used = [each.queue for each in self._uses if each.uses("data_queue")]
        return tuple(dict.fromkeys(queue for queue in used if queue is not None))

    @property
    def programs(self) -> tuple[tuple[ProgramName, tuple[Parameter, ...]], ...]:
        """The programs that are called, with their parameters."""
        return tuple(
            (each.program, each.parameters)
            for each in self._uses
            if each.program is not None and each.uses("program_call")
        )

    def uses(self, sink: str) -> bool:
        """Tell whether orders go there."""
        return self.sink == sink

    @property
    def by_name(self) -> Mapping[str, OrderSettings | ChangeSettings | PeopleSettings]:
        """All that say where documents go, by the name of their table in agent.toml."""
        return MappingProxyType(
            {
                "orders": self,
                "orders.changes": self.changes,
                "orders.customers": self.customers,
                "orders.companies": self.companies,
            }
        )

    @property
    def _uses(self) -> tuple[OrderSettings | ChangeSettings | PeopleSettings, ...]:
        return tuple(self.by_name.values())


def read_orders(section: Section) -> OrderSettings:
    """Read the table; everything in it has a default but what a sink needs.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only(
        "sink", "commit", "queue", "ccsid", "program", "parameters", "changes", "customers",
        "companies",
    )  # fmt: skip
    sink = section.text("sink", "order_tables", among=SINKS)
    queue, ccsid = read_queue(section, None), section.number("ccsid", 1208, least=1)
    check_ccsid(section, ccsid)
    program = read_program(section)
    if sink == "data_queue" and queue is None:
        raise missing(section, "queue", sink)
    if sink == "program_call" and program is None:
        raise missing(section, "program", sink)
    changes = _changes(
        section.section("changes"), sink=sink, queue=queue, ccsid=ccsid, program=program
    )
    customers = read_people(
        section.section("customers"),
        sink=sink,
        queue=queue,
        ccsid=ccsid,
        values=CUSTOMER_VALUES,
        taken=(program, changes.program),
    )
    companies = read_people(
        section.section("companies"),
        sink=sink,
        queue=queue,
        ccsid=ccsid,
        values=COMPANY_VALUES,
        taken=(program, changes.program, customers.program),
    )
    return OrderSettings(
        sink=sink,
        unique_key=section.text("commit", "unit_of_work", among=_COMMITS) == "unique_key",
        queue=queue,
        ccsid=ccsid,
        program=program,
        parameters=tuple(read_parameter(each) for each in section.array("parameters")),
        changes=changes,
        customers=customers,
        companies=companies,
    )


def _changes(
    section: Section, *, sink: str, queue: QueueName | None, ccsid: int, program: ProgramName | None
) -> ChangeSettings:
    section.only("sink", "kinds", "queue", "ccsid", "program", "parameters")
    own = read_program(section)
    ccsid = section.number("ccsid", ccsid, least=1)
    check_ccsid(section, ccsid)
    kinds = section.section("kinds")
    kinds.only(*CHANGE_KINDS)
    among = (*SINKS, REFUSE)
    found = ChangeSettings(
        sink=section.text("sink", usual_sink(sink, own), among=among),
        kinds=MappingProxyType({kind: kinds.text(kind, among=among) for kind in kinds.data}),
        queue=read_queue(section, queue),
        ccsid=ccsid,
        program=own,
        parameters=tuple(
            read_parameter(each, among=CHANGE_VALUES) for each in section.array("parameters")
        ),
    )
    if found.uses("data_queue") and found.queue is None:
        raise missing(section, "queue", "data_queue")
    if found.uses("program_call") and own is None:
        raise missing(section, "program", "program_call")
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
    for name, each in orders.by_name.items():
        if each.queue is not None and each.uses("data_queue"):
            policy.check_queue(each.queue, why=f"{name}.queue")
        if each.program is not None and each.uses("program_call"):
            policy.check_program(each.program, why=f"{name}.program")
