"""The exact undo, in the order that can't hurt: triggers first, the library last. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from towline_agent.ibmi.install import ddl
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.present import Present
from towline_agent.ibmi.install.script import Script, Statement, Step
from towline_agent.ibmi.odbc.statements import named, statement

__all__ = ["removable", "undo"]

OURS = "Towline:"  # how the text of our profiles begins
_TRIGGERS = (
    "From here on your files are as they were. The triggers go before the outbox: a trigger whose"
    " table is gone is inoperative, and writes to your file would fail [K]. Dropping one locks its"
    " file exclusively for a moment, as adding it did."
)
_GRANTS = "What was granted outside the library."
_LIBRARY = (
    "RESTRICT: the library goes only when nothing but its own journal and catalogue views is left"
    " in it, so nothing that others put there is lost [K]. Should a receiver ask to be saved first"
    " (CPA7025), answer I [K]."
)
_PROFILES = (
    "Only those the install made: their text begins with Towline. OWNOBJOPT(*NODLT) refuses when"
    " one still owns something: look with WRKOBJOWN before you insist."
)


def undo(wanted: Wanted) -> Script:
    """Return the script that takes everything back."""
    library = wanted.library
    steps = [
        Step("What would be lost?", _lost(wanted), (_count(wanted),), always=True),
        Step("Triggers", _TRIGGERS, tuple(_triggers(wanted))),
        Step("Grants on what is yours", _GRANTS, tuple(_revokes(wanted))),
    ]
    things = [
        *(
            Statement(ddl.command(f"QSYS/DLTDTAQ DTAQ({each.queue})"), (each.part,))
            for each in wanted.own_queues
        ),
        *(Statement(f"DROP TABLE {table.name}", (table.part,)) for table in wanted.tables),
        Statement(f"DROP SCHEMA {library} RESTRICT", (f"library {library}",)),
    ]
    steps.append(Step("Data queues, tables, library", _LIBRARY, tuple(things)))
    steps.append(Step("Profiles", _PROFILES, tuple(_profiles(wanted))))
    return Script(_head(wanted), tuple(steps))


def removable(wanted: Wanted, present: Present) -> tuple[Script, tuple[str, ...]]:
    """Return the undo of what is there, and a sentence for each thing that is left alone.

    A profile goes only when it is known to be the install's own; a trigger that agent.toml no
    longer wants goes with the others, before the outbox it writes to.
    """
    kept: list[str] = []
    gone: set[str] = set()
    for profile in (wanted.agent, wanted.owner):
        there = present.profiles.get(profile.name)
        known = profile.name in present.profiles
        if there is not None and there.text.startswith(OURS):
            continue
        gone.add(profile.part)
        if there is not None or not known:
            why = "is not the install's own" if known else "could not be looked at"
            kept.append(f"Profile {profile.name} {why}; it is left alone.")
    names = {each.name for each in present.triggers or ()}
    if present.triggers is not None:
        gone |= {each.part for each in wanted.triggers if each.name not in names}
    gone |= {table.part for table in wanted.tables if table.layout.name not in present.tables}
    gone |= {q.part for q in wanted.own_queues if present.queues.get(q.queue) == 0}
    gone |= {part for part, there in present.procedures.items() if not there}
    gone |= {part for part, rights in present.rights.items() if not rights}
    if not present.library:
        gone |= {f"library {wanted.library}", *(table.part for table in wanted.tables)}
    strays = names - {each.name for each in wanted.triggers}
    drops = tuple(
        Statement(f"DROP TRIGGER {wanted.library}.{name}", (f"trigger {name}",))
        for name in sorted(strays)
        if name.endswith("_OUTBOX")
    )
    steps = [
        replace(step, statements=tuple(s for s in step.statements if not gone.issuperset(s.parts)))
        for step in undo(wanted).steps
    ]
    steps[1] = replace(steps[1], statements=drops + steps[1].statements)
    return Script(_head(wanted), tuple(steps)), tuple(kept)


def _head(wanted: Wanted) -> str:
    return "\n".join(
        [
            "-- Towline on IBM i: takes back what the install script added, in the order that can't"
            " hurt.",
            "-- Written by: towline-agent ibmi plan --undo.",
            "--",
            "-- authority: as for the install script. Stop the agent first (its jobs are QZDASOINIT"
            f" under {wanted.agent.name}).",
            "-- when:      a quiet window: step Triggers locks each fed file for a moment.",
            "-- again:     a second run does no harm; what is gone answers SQL0204, CPF2105 or"
            " CPF2204.",
        ]
    )


def _lost(wanted: Wanted) -> str:
    if wanted.orders_in_tables:
        return (
            "Web orders that order entry has not taken, and changes not yet sent. 0 and 0 is best."
        )
    return "Changes not yet sent. 0 is best."


def _count(wanted: Wanted) -> Statement:
    name = "install_lost_orders" if wanted.orders_in_tables else "install_lost"
    return Statement(statement(name, library=named(wanted.library)))


def _triggers(wanted: Wanted) -> Iterator[Statement]:
    for trigger in wanted.triggers:
        yield Statement(f"DROP TRIGGER {trigger.library}.{trigger.name}", (trigger.part,))


def _revokes(wanted: Wanted) -> Iterator[Statement]:
    for procedure in wanted.procedures:
        name = f"{procedure.program.library}.{procedure.program.name}"
        yield Statement(f"DROP PROCEDURE {name}", (procedure.part,))
    own = {(wanted.library, table.layout.name) for table in wanted.tables}
    own |= {(wanted.library, queue.queue.name) for queue in wanted.own_queues}
    own.add(("QSYS", wanted.library))
    for grant in wanted.agent_grants:
        if (grant.library, grant.name) not in own:
            yield Statement(ddl.revoke(grant), (grant.part,))


def _profiles(wanted: Wanted) -> Iterator[Statement]:
    for profile in (wanted.agent, wanted.owner):
        yield Statement(
            ddl.command(f"QSYS/DLTUSRPRF USRPRF({profile.name}) OWNOBJOPT(*NODLT)"),
            (profile.part,),
        )
