"""The difference between what is wanted and what is there: one sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.install import ddl, remarks
from towline_agent.ibmi.install.authority import grants, owners, profiles
from towline_agent.ibmi.install.difference import Difference, Kind
from towline_agent.ibmi.install.feeding import layout_columns
from towline_agent.ibmi.install.hindrances import hindrances
from towline_agent.ibmi.install.objects import KnownFile, Table, Trigger, Wanted
from towline_agent.ibmi.install.present import Present, PresentTrigger
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.script import Script, Statement, Step

__all__ = ["closing", "differences"]

_UNTYPED = ("TIMESTMP", "BIGINT")  # the catalogue's length of these is not digits


def differences(wanted: Wanted, present: Present) -> tuple[Difference, ...]:
    """Return every difference, in the order of the script."""
    return tuple(
        [
            *hindrances(wanted, present),
            *profiles(wanted, present),
            *_library(wanted, present),
            *_tables(wanted, present),
            *_queues(wanted, present),
            *_triggers(wanted, present),
            *_procedures(wanted, present),
            *owners(wanted, present),
            *grants(wanted, present),
        ]
    )


def closing(wanted: Wanted, present: Present, found: Sequence[Difference]) -> Script:
    """Return the script that closes what a script can close.

    What could not be checked is made as well when anything else is: making it twice does no harm.
    """
    parts = frozenset(each.part for each in found if each.closes)
    if parts:
        parts |= frozenset(_unknown(wanted, present))
    script = replace(render(wanted).only(parts), head=remarks.closing_head(len(parts)))
    more = tuple(statement for each in found for statement in each.extra)
    if not more:
        return script
    step = Step("What else differs", "Not part of a first install.", more)
    return Script(script.head, (*script.steps[:-1], step, script.steps[-1]))


def _unknown(wanted: Wanted, present: Present) -> Iterator[str]:
    for grant in (*wanted.agent_grants, *wanted.order_entry_grants):
        if grant.part not in present.rights:
            yield grant.part
    if present.triggers is None:
        yield from (trigger.part for trigger in wanted.triggers)
    if not present.library:
        unseen = (p for p in (wanted.owner, wanted.agent) if p.name not in present.profiles)
        yield from (profile.part for profile in unseen)
        yield from (queue.part for queue in wanted.own_queues if queue.queue not in present.queues)


def _library(wanted: Wanted, present: Present) -> Iterator[Difference]:
    if not present.library:
        yield Difference(
            Kind.MISSING, f"library {wanted.library}", f"Library {wanted.library} does not exist."
        )


def _tables(wanted: Wanted, present: Present) -> Iterator[Difference]:
    for table in wanted.tables:
        there = present.tables.get(table.layout.name)
        if there is None:
            yield Difference(Kind.MISSING, table.part, f"Table {table.name} does not exist.")
            continue
        yield from _layout(table, there)
        must = wanted.journaled or table.layout.name in ("OUTBOX", "MISSED")
        if present.owners is not None and must and table.layout.name not in present.journaled:
            yield _not_journaled(wanted, present, table)


def _layout(table: Table, there: KnownFile) -> Iterator[Difference]:
    faults = list(_column_faults(table.layout, table.ccsid, there))
    if faults:
        yield Difference(
            Kind.DIFFERS, f"layout of {table.name}",
            f"Table {table.name}: {'; '.join(faults)}. Empty it, drop it, and install again.",
            closes=False,
        )  # fmt: skip


def _column_faults(layout: FileLayout, ccsid: int, there: KnownFile) -> Iterator[str]:
    for name, column in layout_columns(layout).items():
        found = there.get(name)
        if found is None:
            yield f"column {name} is missing"
        elif found.type != column.type:
            yield f"{name} is {found.type}, not {column.type}"
        elif column.type not in _UNTYPED and (
            (found.length, found.decimals) != (column.length, column.decimals)
        ):
            yield f"{name} holds {found.length},{found.decimals}, not {column.length}" + (
                f",{column.decimals}" if column.is_number else ""
            )
        elif column.type == "VARCHAR" and found.ccsid:
            must = ccsid if column.ccsid == 37 else column.ccsid
            if found.ccsid != must:
                yield f"{name} has CCSID {found.ccsid}, not {must}"


def _not_journaled(wanted: Wanted, present: Present, table: Table) -> Difference:
    library, part = wanted.library, f"journal of {table.name}"
    said = (
        f"Table {table.name} is not journaled: a program under commitment control would get"
        " SQL7008 from it."
    )
    if (("QSQJRN", "*JRN")) not in (present.owners or {}):
        hint = f" Journal it where your saves read: STRJRNPF FILE({library}/{table.layout.name})."
        return Difference(Kind.DIFFERS, part, said + hint, closes=False)
    start = ddl.command(
        f"QSYS/STRJRNPF FILE({library}/{table.layout.name}) JRN({library}/QSQJRN) IMAGES(*AFTER)"
        " OMTJRNE(*OPNCLO)"
    )
    return Difference(Kind.DIFFERS, part, said, extra=(Statement(start, (part,)),))


def _queues(wanted: Wanted, present: Present) -> Iterator[Difference]:
    for queue in wanted.queues:
        length = present.queues.get(queue.queue)
        if length is None:
            continue
        if length == 0:
            whose = "" if queue.ours else " It is not Towline's, so it is not made here."
            yield Difference(
                Kind.MISSING, queue.part, f"Data queue {queue.queue} does not exist.{whose}",
                closes=queue.ours,
            )  # fmt: skip
        elif queue.ours and length < queue.max_length:
            yield Difference(
                Kind.DIFFERS, queue.part,
                f"Data queue {queue.queue} takes {length} bytes, not {queue.max_length}; a queue"
                " can't be widened: once it is empty, DLTDTAQ, then install again.", closes=False,
            )  # fmt: skip


def _triggers(wanted: Wanted, present: Present) -> Iterator[Difference]:
    if present.triggers is None:
        return
    there = {each.name: each for each in present.triggers}
    for trigger in wanted.triggers:
        found = there.pop(trigger.name, None)
        if found is None:
            yield Difference(
                Kind.MISSING, trigger.part,
                f"Trigger {trigger.library}.{trigger.name} on {trigger.file} does not exist.",
            )  # fmt: skip
        else:
            yield from _trigger(trigger, found)
    for name, other in there.items():
        drop = Statement(f"DROP TRIGGER {wanted.library}.{name}", (f"trigger {name}",))
        ours = name.endswith("_OUTBOX")
        yield Difference(
            Kind.EXTRA, f"trigger {wanted.library}.{name}",
            f"Trigger {wanted.library}.{name} on {other.file} is not wanted by agent.toml.",
            closes=ours, extra=(drop,) if ours else (),
        )  # fmt: skip


def _trigger(trigger: Trigger, found: PresentTrigger) -> Iterator[Difference]:
    name = f"Trigger {trigger.library}.{trigger.name}"
    if found.file != trigger.file:
        yield Difference(Kind.DIFFERS, trigger.part, f"{name} is on {found.file}.", closes=False)
    elif not found.operative:
        yield Difference(
            Kind.DIFFERS, trigger.part,
            f"{name} is inoperative: writes to {trigger.file} fail.",
        )  # fmt: skip
    elif found.definition not in (None, ddl.fingerprint(trigger)):
        yield Difference(
            Kind.DIFFERS, trigger.part, f"{name} was made from other settings than these."
        )
    if not found.enabled:
        yield Difference(
            Kind.WARNING, f"state of {trigger.name}",
            f"{name} is disabled, so changes of {trigger.file} are not noticed. If that is not"
            f" meant: CHGPFTRG FILE({trigger.file}) TRG({trigger.name})"
            f" TRGLIB({trigger.library}) STATE(*ENABLED).",
            closes=False,
        )  # fmt: skip


def _procedures(wanted: Wanted, present: Present) -> Iterator[Difference]:
    for each in wanted.procedures:
        if present.procedures.get(each.part) is False:
            yield Difference(
                Kind.MISSING, each.part, f"{each.program} is not registered as a procedure."
            )
