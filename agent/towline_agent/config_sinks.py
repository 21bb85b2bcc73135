"""What ``[orders]`` and the tables under it have in common: a sink, a data queue, a program."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from towline_agent.config_formats import Parameter, check_ccsid, object_name, read_parameter
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import ProgramName
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

__all__ = [
    "REFUSE",
    "SINKS",
    "PeopleSettings",
    "missing",
    "read_people",
    "read_program",
    "read_queue",
    "usual_sink",
]

SINKS = ("order_tables", "data_queue", "program_call")
REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """Where documents about customers go, or those about companies.

    Attributes:
        sink: ``refuse`` tells the relay, where people see it.
        queue: where they go as JSON; the orders' own unless another is named.
    """

    sink: str = "order_tables"
    queue: QueueName | None = None
    ccsid: int = 1208
    program: ProgramName | None = None
    parameters: tuple[Parameter, ...] = ()

    def uses(self, sink: str) -> bool:
        """Tell whether they go there."""
        return self.sink == sink


def read_people(
    section: Section,
    *,
    sink: str,
    queue: QueueName | None,
    ccsid: int,
    values: Sequence[str],
    taken: Collection[ProgramName | None],
) -> PeopleSettings:
    """Read ``[orders.customers]`` or ``[orders.companies]``; what is absent is as for orders.

    Args:
        sink, queue, ccsid: the orders'.
        values: what a program may be given.
        taken: programs of other documents, which have other parameters.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only("sink", "queue", "ccsid", "program", "parameters")
    own = read_program(section)
    ccsid = section.number("ccsid", ccsid, least=1)
    check_ccsid(section, ccsid)
    found = PeopleSettings(
        sink=section.text("sink", usual_sink(sink, own), among=(*SINKS, REFUSE)),
        queue=read_queue(section, queue),
        ccsid=ccsid,
        program=own,
        parameters=tuple(
            read_parameter(each, among=values) for each in section.array("parameters")
        ),
    )
    if found.sink == "data_queue" and found.queue is None:
        raise missing(section, "queue", found.sink)
    if found.sink == "program_call" and own is None:
        raise missing(section, "program", found.sink)
    if own is not None and own in taken:
        raise section.wrong("program", str(own), "takes other documents, with other parameters")
    return found


def usual_sink(sink: str, own: ProgramName | None) -> str:
    """Return where documents go that are no orders: with orders, but into no program of theirs."""
    return sink if sink != "program_call" or own is not None else REFUSE


def missing(section: Section, what: str, sink: str) -> Misconfigured:
    """Say what a sink lacks."""
    return Misconfigured(f"{section.file}: {section.name}.{what} is missing for the sink {sink}.")


def read_queue(section: Section, usual: QueueName | None) -> QueueName | None:
    """Read ``queue``."""
    text = section.text("queue", "")
    return QueueName(*object_name(section, "queue", text)) if text else usual


def read_program(section: Section) -> ProgramName | None:
    """Read ``program``."""
    text = section.text("program", "")
    return ProgramName(*object_name(section, "program", text)) if text else None
