"""What must exist on the partition for this agent.toml to work: worked out, not listed. Pure.

The outbox and MISSED always; staging tables only when orders go there; a data queue, a grant, a
trigger only for what is configured. So the script that follows grants nothing more than is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from towline_agent.config import AgentConfig
from towline_agent.courtesy.signals import DataArea
from towline_agent.ibmi.install.feeding import triggers
from towline_agent.ibmi.install.objects import (
    DataQueue,
    Grant,
    KnownFile,
    Procedure,
    Profile,
    Table,
    Wanted,
)
from towline_agent.ibmi.port import QueueName
from towline_agent.ibmi.towline_files import STAGING, TOWLINE_FILES
from towline_agent.policy import FileName, tables_of
from towline_shared.errors import Misconfigured

__all__ = ["wanted"]

_DOORBELL_LENGTH = 64
_STEP = 256  # a queue can't be widened later, so a record gets room up to the next step
_FREE_LENGTH = 2048  # JSON and text have no length of their own; each entry takes MAXLEN in storage
_FREE_LENGTH = 4096  # of a JSON or text entry
_MOST_ENTRY = 64_512  # MAXLEN of CRTDTAQ
_RIGHT_OF_AGENT = {"OUTBOX": ("SELECT", "DELETE"), "MISSED": ("SELECT",)}
_RIGHT_OF_ORDER_ENTRY = {
    "WEBORDH": ("SELECT", "UPDATE (STATUS, ERPORD, REASON)"),
    # a change may add a line, and shipments find the shop's line by it
    "WEBORDL": ("SELECT", "INSERT", "UPDATE (ERPLIN)"),
    "WEBCHG": ("SELECT", "UPDATE (STATUS, REASON)"),
    "WEBCUST": ("SELECT", "UPDATE (STATUS, REASON)"),
    # the ERP's own numbers come back by them
    "WEBCOMP": ("SELECT", "UPDATE (STATUS, COMPID, REASON)"),
    "WEBCOMPL": ("SELECT", "UPDATE (LOCID)"),
}
_KINDS = {
    "orders": "orders",
    "orders.changes": "changes of orders",
    "orders.customers": "customers",
    "orders.companies": "companies",
}
_LOOK = ("*OBJOPR", "*EXECUTE")  # what a library needs, and a program
_RECEIVE = ("*OBJOPR", "*READ")
_SEND = ("*OBJOPR", "*ADD")
_USE = ("*OBJOPR", "*READ", "*EXECUTE")


def wanted(config: AgentConfig, known: Mapping[FileName, KnownFile] | None = None) -> Wanted:
    """Return what must exist.

    Args:
        known: columns of files as the catalogue has them; without it triggers compare whatever
            they can't be sure of as HEX.

    Raises:
        Misconfigured: a trigger's key can't be told, or a library bears a profile's name.
    """
    library = config.outbox.library
    install = config.install
    agent = install.agent or str(config.ibmi.data.get("user", "")).upper() or "TWAGENT"
    _hold_names(config, library, install.owner, agent, install.order_entry)
    tables = tuple(_tables(config))
    queues = tuple(_queues(config))
    read = tuple(_read(config))
    own = {FileName(library, table.layout.name): table.layout for table in tables}
    return Wanted(
        library=library,
        owner=Profile(install.owner, f"Towline: owner of library {library}", signs_on=False),
        agent=Profile(agent, "Towline: the agent", signs_on=True),
        order_entry=install.order_entry,
        tables=tables,
        queues=queues,
        triggers=triggers(config, own=own, known=known or {}),
        procedures=tuple(_procedures(config)),
        agent_grants=tuple(_agent_grants(config, agent, tables, queues, read)),
        order_entry_grants=tuple(_order_entry_grants(config, tables, queues)),
        read=read,
        journaled=not config.orders.unique_key,
        known=known or {},
    )


def _hold_names(config: AgentConfig, library: str, owner: str, agent: str, entry: str) -> None:
    for name, what in ((owner, "owner"), (agent, "agent"), (entry, "order_entry")):
        if name == library:
            # Extra rules for such a library: SQL gives what is made in it to that profile, and
            # CREATE TRIGGER wants more authority than an administrator should need.
            # https://www.ibm.com/docs/en/i/7.3?topic=statements-create-trigger
            raise Misconfigured(
                f"{config.file}: install.{what} = {name!r} is also the name of the outbox library.",
                hint="Give library and profiles different names.",
            )
    if len({owner, agent, entry}) < 3 and owner in (agent, entry):
        raise Misconfigured(
            f"{config.file}: install.owner = {owner!r} also signs on, as agent or as order entry.",
            hint="The owner of the triggers must be a profile nobody works under.",
        )


def _tables(config: AgentConfig) -> Iterator[Table]:
    ccsid = int(config.ibmi.data.get("ccsid", 37))
    for layout in TOWLINE_FILES:
        if layout.name not in STAGING or config.orders.staged:
            yield Table(config.outbox.library, layout, ccsid)


def _queues(config: AgentConfig) -> Iterator[DataQueue]:
    library = config.outbox.library
    bell = config.outbox.doorbell
    if bell is not None:
        yield DataQueue(
            bell, "look at the outbox", _DOORBELL_LENGTH, ours=bell.library == library, data=False
        )
    for source in config.queues:
        yield DataQueue(
            source.queue,
            f"{source.entity} from programs",
            min(_MOST_ENTRY, -(-(source.entry_bytes or _FREE_LENGTH) // _STEP) * _STEP),
            ours=source.queue.library == library,
            data=True,
        )
    for queue in config.orders.queues:
        what = f"{_kinds_on(config, queue)} as JSON"
        yield DataQueue(queue, what, _MOST_ENTRY, ours=queue.library == library, data=True)


def _kinds_on(config: AgentConfig, queue: QueueName) -> str:
    """Name what is sent to a queue: all that has no queue of its own goes with the orders."""
    found = [
        _KINDS[name]
        for name, each in config.orders.by_name.items()
        if each.queue == queue and each.uses("data_queue")
    ]
    return found[0] if queue == config.orders.queue else " and ".join(found)


def _length(size: int) -> int:
    """Return MAXLEN for entries of a size; 0 where the format does not fix it."""
    return min(_MOST_ENTRY, -(-size // _STEP) * _STEP) if size else _FREE_LENGTH


def _read(config: AgentConfig) -> Iterator[FileName]:
    """Yield the files the SELECTs read, each once; the policy has seen that all name a library."""
    found = dict.fromkeys(
        file
        for entity in config.entities
        for file in tables_of(entity.query.select)
        if isinstance(file, FileName)
    )
    yield from found


def _procedures(config: AgentConfig) -> Iterator[Procedure]:
    for program, parameters in config.orders.programs:
        yield Procedure(program, parameters)


def _agent_grants(
    config: AgentConfig,
    agent: str,
    tables: tuple[Table, ...],
    queues: tuple[DataQueue, ...],
    read: tuple[FileName, ...],
) -> Iterator[Grant]:
    library = config.outbox.library
    names = {table.layout.name for table in tables}
    foreign = [file for file in read if file.library != library or file.name not in names]
    programs = [each.program for each in _procedures(config)]
    more = [*_of_journal(config, agent), *_of_signals(config, agent), *_of_messages(config, agent)]
    libraries = dict.fromkeys(
        [
            *(file.library for file in foreign),
            *(program.library for program in programs),
            *(each.queue.library for each in queues),
            *(grant.library for grant in more),
        ]
    )
    # Everybody may look into QSYS.
    for name in [*(each for each in libraries if each not in (library, "QSYS")), library]:
        yield Grant(agent, "*LIB", "QSYS", name, _LOOK)
    for file in foreign:
        yield Grant(agent, "*FILE", file.library, file.name, ("SELECT",))
    for table in tables:
        rights = _RIGHT_OF_AGENT.get(table.layout.name, ("SELECT", "INSERT"))
        yield Grant(agent, "*FILE", library, table.layout.name, rights)
    for each in queues:
        rights = _SEND if each.queue in config.orders.queues else _RECEIVE
        yield Grant(agent, "*DTAQ", each.queue.library, each.queue.name, rights)
    for program in programs:
        yield Grant(agent, "*PGM", program.library, program.name, _LOOK)
    yield from more


def _of_journal(config: AgentConfig, agent: str) -> Iterator[Grant]:
    """Yield what DISPLAY_JOURNAL wants: commit boundaries name no object, hence *OBJEXIST.

    http://www-01.ibm.com/support/knowledgecenter/ssw_ibm_i_72/rzajq/rzajqudfdisplayjournal.htm
    """
    if config.journal is not None:
        name = config.journal.name
        yield Grant(agent, "*JRN", name.library, name.name, ("*OBJEXIST", *_USE))
        yield Grant(agent, "*JRNRCV", name.library, "*ALL", _USE)


def _of_signals(config: AgentConfig, agent: str) -> Iterator[Grant]:
    areas = [each.sign for each in config.courtesy.signals if isinstance(each.sign, DataArea)]
    for area in dict.fromkeys((area.library, area.name) for area in areas):
        yield Grant(agent, "*DTAARA", *area, _RECEIVE)


def _of_messages(config: AgentConfig, agent: str) -> Iterator[Grant]:
    """Yield what SNDMSG wants of the operator's message queue."""
    if config.courtesy.operator_messages:
        queue = config.courtesy.messages
        yield Grant(agent, "*MSGQ", queue.library, queue.name, _SEND)


def _order_entry_grants(
    config: AgentConfig, tables: tuple[Table, ...], queues: tuple[DataQueue, ...]
) -> Iterator[Grant]:
    profile = config.install.order_entry
    ours = [each for each in queues if each.ours and each.data]
    staged = [t for t in tables if t.layout.name in STAGING and t.layout.name != "APPLIED"]
    if not profile or not (ours or staged):
        return
    library = config.outbox.library
    yield Grant(profile, "*LIB", "QSYS", library, _LOOK)
    for table in staged:
        rights = _RIGHT_OF_ORDER_ENTRY.get(table.layout.name, ("SELECT",))
        yield Grant(profile, "*FILE", library, table.layout.name, rights)
    for each in ours:
        rights = _RECEIVE if each.queue in config.orders.queues else _SEND
        yield Grant(profile, "*DTAQ", library, each.queue.name, rights)
