"""The install script: every statement that is wanted, with what an administrator asks of each.

Pure. The same facts give the same text, byte for byte; so a site can keep the script under change
control, and packaging/ibmi/sandbox_rules.sql is held to it by a test. [K] in a comment marks what
rests on general knowledge; docs/unverified.md lists it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from towline_agent.ibmi.install import ddl, remarks
from towline_agent.ibmi.install.objects import Table, Trigger, Wanted
from towline_agent.ibmi.install.script import Script, Statement, Step
from towline_agent.ibmi.odbc.statements import statement
from towline_agent.ibmi.towline_files import STAGING
from towline_agent.policy import FileName

__all__ = ["fed_files", "render", "trigger_statements"]


def render(wanted: Wanted) -> Script:
    """Return the whole script."""
    outbox = [table for table in wanted.tables if table.layout.name not in STAGING]
    staging = [table for table in wanted.tables if table.layout.name in STAGING]
    steps = [
        Step("Look first", remarks.LOOK, tuple(_look(wanted)), always=True),
        Step("Profiles", remarks.profiles(wanted), tuple(_profiles(wanted))),
        Step("Library", remarks.LIBRARY, tuple(_library(wanted))),
        Step("Outbox", remarks.OUTBOX, tuple(_tables(outbox))),
    ]
    if staging:
        steps.append(Step("Staging tables", remarks.STAGING, tuple(_tables(staging))))
    if wanted.own_queues:
        queues = tuple(
            Statement(ddl.create_queue(queue), (queue.part,)) for queue in wanted.own_queues
        )
        steps.append(Step("Data queues", remarks.queues(wanted), queues))
    if wanted.triggers:
        made = tuple(s for each in wanted.triggers for s in trigger_statements(each))
        steps.append(Step("Triggers", remarks.TRIGGERS, made))
    if wanted.procedures:
        calls = tuple(
            Statement(ddl.create_procedure(each), (each.part,)) for each in wanted.procedures
        )
        steps.append(Step("The program that takes orders", remarks.PROCEDURE, calls))
    steps.append(Step("What the agent may do", remarks.AGENT, tuple(_agent_grants(wanted))))
    if wanted.order_entry_grants:
        grants = tuple(Statement(ddl.grant(g), (g.part,)) for g in wanted.order_entry_grants)
        steps.append(Step("What your own programs may do", remarks.order_entry(wanted), grants))
    steps.append(Step("Ownership", remarks.OWNERSHIP, tuple(_owners(wanted))))
    steps.append(Step("Look again", remarks.AGAIN, tuple(_look_again(wanted)), always=True))
    return Script(remarks.head(wanted), tuple(steps))


def fed_files(wanted: Wanted) -> dict[str, list[str]]:
    """Return the fed files that are not Towline's own: library -> names."""
    own = {FileName(table.library, table.layout.name) for table in wanted.tables}
    found: dict[str, list[str]] = {}
    for trigger in wanted.triggers:
        if trigger.file not in own:
            found.setdefault(trigger.file.library, []).append(trigger.file.name)
    return found


def trigger_statements(trigger: Trigger) -> Iterator[Statement]:
    """Yield what makes a trigger and says what it is."""
    note = f"{trigger.file} feeds {', '.join(trigger.entities)}. {' '.join(trigger.notes)}".strip()
    yield Statement(ddl.create_trigger(trigger), (trigger.part,), note)
    yield Statement(ddl.comment_on_trigger(trigger), (trigger.part,))


def _look(wanted: Wanted) -> Iterator[Statement]:
    for library, names in fed_files(wanted).items():
        places = {"library": ddl.quoted(library), "files": ", ".join(map(ddl.quoted, names))}
        for name, note in remarks.LOOKS:
            yield Statement(statement(name, **places), note=note.format(library=library))


def _profiles(wanted: Wanted) -> Iterator[Statement]:
    for profile in (wanted.owner, wanted.agent):
        yield Statement(ddl.create_profile(profile), (profile.part,))


def _library(wanted: Wanted) -> Iterator[Statement]:
    library, part = wanted.library, f"library {wanted.library}"
    yield Statement(f"CREATE SCHEMA {library}", (part,))
    yield Statement(f"LABEL ON SCHEMA {library} IS 'Towline: outbox and web orders'", (part,))
    yield Statement(
        ddl.command(
            f"QSYS/GRTOBJAUT OBJ(QSYS/{library}) OBJTYPE(*LIB) USER(*PUBLIC) AUT(*EXCLUDE)"
            " REPLACE(*YES)"
        ),
        (part,),
    )


def _tables(tables: Sequence[Table]) -> Iterator[Statement]:
    for table in tables:
        note = remarks.TABLES.get(table.layout.name, "")
        yield Statement(ddl.create_table(table), (table.part,), note)
        yield Statement(ddl.label_table(table), (table.part,))
        yield Statement(ddl.label_columns(table), (table.part,))


def _owners(wanted: Wanted) -> Iterator[Statement]:
    library, owner = wanted.library, wanted.owner.name
    things = [(table.layout.name, "*FILE", table.part) for table in wanted.tables]
    things += [(queue.queue.name, "*DTAQ", queue.part) for queue in wanted.own_queues]
    things += [(trigger.program, "*PGM", trigger.part) for trigger in wanted.triggers]
    for name, kind, part in things:
        yield Statement(
            ddl.change_owner(library, name, kind, owner),
            (part, f"owner of {library}/{name} {kind}"),
        )
    yield Statement(ddl.change_owner("QSYS", library, "*LIB", owner), (f"library {library}",))


def _agent_grants(wanted: Wanted) -> Iterator[Statement]:
    said: set[str] = set()
    for grant in wanted.agent_grants:
        note = remarks.grant_note(wanted, grant)
        yield Statement(ddl.grant(grant), (grant.part,), "" if note in said else note)
        said.add(note)


def _look_again(wanted: Wanted) -> Iterator[Statement]:
    library = ddl.quoted(wanted.library)
    count = len(wanted.triggers)
    yield Statement(
        statement("install_again_triggers", library=library),
        note=f"{count} rows, all enabled and operative [K: names of the last two columns].",
    )
    yield Statement(
        statement("install_again_journaled", library=library), note=remarks.journaled(wanted)
    )
