"""Single statements for IBM i, from the facts of one object. Pure; names are checked settings.

SQL naming throughout. System commands go through QSYS2.QCMDEXC, in the form with one argument:
https://www.ibm.com/support/pages/qsys2qcmdex-procedure-no-longer-requires-command-length
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from towline_agent.config_feeds import KeyPart
from towline_agent.config_formats import Parameter
from towline_agent.ibmi.catalogue import Field, Kind
from towline_agent.ibmi.install.objects import (
    Compared,
    DataQueue,
    Grant,
    Procedure,
    Profile,
    Table,
    Trigger,
)

__all__ = [
    "FINGERPRINT",
    "change_owner",
    "command",
    "comment_on_trigger",
    "create_procedure",
    "create_profile",
    "create_queue",
    "create_table",
    "create_trigger",
    "fingerprint",
    "grant",
    "label_columns",
    "label_table",
    "quoted",
    "revoke",
]

FINGERPRINT = "definition"  # the word before the fingerprint in a trigger's comment
_EVENTS = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}
_WIDTH = 100
_TEXT = 50  # characters of an object's text
_RING = (
    "CALL QSYS2.SEND_DATA_QUEUE(MESSAGE_DATA => 'O', DATA_QUEUE => '{name}',"
    " DATA_QUEUE_LIBRARY => '{library}');"
)


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def command(text: str) -> str:
    """Return a CL command as a statement."""
    return f"CALL QSYS2.QCMDEXC({quoted(text)})"


def create_profile(profile: Profile) -> str:
    """Return the statement that makes a profile.

    A password that expires would stop the agent on a day nobody remembers.
    """
    expiry = " PWDEXPITV(*NOMAX)" if profile.signs_on else ""
    return command(
        f"QSYS/CRTUSRPRF USRPRF({profile.name}) PASSWORD(*NONE){expiry} SPCAUT(*NONE)"
        f" INLMNU(*SIGNOFF) LMTCPB(*YES) AUT(*EXCLUDE) TEXT({quoted(profile.text[:_TEXT])})"
    )


def create_table(table: Table) -> str:
    """Return the statement that makes a table.

    The record format has a name of its own, so that an RPG program needs no RENAME.
    """
    lines = [f"  {_column(field, table.ccsid)}" for field in table.layout.fields]
    if table.layout.key:
        lines.append(f"  PRIMARY KEY ({', '.join(table.layout.key)})")
    lines += [f"  UNIQUE ({', '.join(names)})" for names in table.layout.unique]
    body = ",\n".join(lines)
    return f"CREATE TABLE {table.name} (\n{body}\n) RCDFMT {table.layout.name[:9]}R"


def _column(field: Field, ccsid: int) -> str:
    kind = field.type
    words = [f"{field.name:<8}", _sql_type(field)]
    if kind.kind in (Kind.CHAR, Kind.VARCHAR):
        words.append(f"CCSID {ccsid if kind.ccsid == 37 else kind.ccsid}")
    if field.identity:
        words.append("GENERATED ALWAYS AS IDENTITY (START WITH 1 INCREMENT BY 1 NO CYCLE)")
    else:
        words.append("NOT NULL")
    if field.default:
        words.append(f"DEFAULT {field.default}")
    return " ".join(words)


def _sql_type(field: Field) -> str:
    kind = field.type
    if kind.kind in (Kind.PACKED, Kind.ZONED):
        return f"{kind.kind.value}({kind.length}, {kind.decimals})"
    return str(kind)


def label_table(table: Table) -> str:
    """Return the statement that gives a table the text WRKOBJ shows."""
    text = f"Towline: {table.layout.text[:1].lower()}{table.layout.text[1:]}"
    return f"LABEL ON TABLE {table.name} IS {quoted(text[:_TEXT])}"


def label_columns(table: Table) -> str:
    """Return the statement that gives the columns the texts DSPFFD shows."""
    width = max(len(field.name) for field in table.layout.fields)
    lines = [
        f"  {field.name:<{width}} TEXT IS {quoted(field.text[:_TEXT])}"
        for field in table.layout.fields
        if field.text
    ]
    return f"LABEL ON COLUMN {table.name} (\n" + ",\n".join(lines) + "\n)"


def create_queue(queue: DataQueue) -> str:
    """Return the statement that makes a data queue.

    Each entry takes MAXLEN in storage (https://ibm.com/docs/ssw_ibm_i_74/apis/qsnddtaq.htm), and a
    SIZE keeps a reader that is down from filling the disk.
    """
    order = f" SEQ(*{queue.sequence})" if queue.sequence != "FIFO" else ""
    if queue.sequence == "KEYED":
        order += f" KEYLEN({queue.key_length})"
    kind = " FORCE(*YES)" if queue.data else ""
    return command(
        f"QSYS/CRTDTAQ DTAQ({queue.queue}) MAXLEN({queue.max_length}){kind}{order}"
        f" SIZE({queue.most} 16) AUTORCL(*YES) AUT(*EXCLUDE)"
        f" TEXT({quoted(f'Towline: {queue.purpose}'[:_TEXT])})"
    )


def create_trigger(trigger: Trigger) -> str:
    """Return the statement that makes, or replaces, a trigger.

    The body: a guard first, then one branch for each event, then a note of what was missed.
    """
    events = " OR ".join(_EVENTS[each] for each in trigger.operations)
    old, new = trigger.operations != "I", trigger.operations != "D"
    rows = " ".join(["NEW AS N"] * new + ["OLD AS O"] * old)
    return "\n".join(
        [
            f"CREATE OR REPLACE TRIGGER {trigger.library}.{trigger.name}",
            f"  AFTER {events} ON {trigger.file.library}.{trigger.file.name}",
            f"  REFERENCING {rows}",
            "  FOR EACH ROW MODE DB2ROW",
            f"  PROGRAM NAME {trigger.program}",
            "BEGIN",
            "  DECLARE FAILED SMALLINT DEFAULT 0;",
            "  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET FAILED = 1;",
            *_branches(trigger),
            "  IF FAILED = 1 THEN",
            f"    INSERT INTO {trigger.library}.MISSED (FILE)"  # noqa: S608 - checked names
            f" VALUES ({quoted(trigger.file.name)});",
            "  END IF;",
            "END",
        ]
    )


def _branches(trigger: Trigger) -> Iterator[str]:
    conditions = [("INSERTING", "I", "N"), ("DELETING", "D", "O"), (_changed(trigger), "U", "N")]
    wanted = [each for each in conditions if each[1] in trigger.operations]
    if len(wanted) == 1 and (wanted[0][1] != "U" or not trigger.watched):
        yield from _write(trigger, wanted[0][1], wanted[0][2], indent="  ")
        return
    for at, (condition, operation, row) in enumerate(wanted):
        word = "IF" if at == 0 else "ELSEIF"
        yield f"  {word} {condition} THEN" if condition else "  ELSE"
        yield from _write(trigger, operation, row, indent="    ")
    yield "  END IF;"


def _write(trigger: Trigger, operation: str, row: str, *, indent: str) -> Iterator[str]:
    columns = ", ".join(f"KEY{number}" for number in range(1, len(trigger.keys) + 1))
    keys = ", ".join(_key(key, row) for key in trigger.keys)
    yield (
        f"{indent}INSERT INTO {trigger.library}.OUTBOX (LIB, FILE, {columns}, OPER, CHGJOB, CHGUSR)"
    )
    yield (
        f"{indent}  VALUES ('{trigger.file.library}', '{trigger.file.name}', {keys},"
        f" '{operation}', QSYS2.JOB_NAME, SESSION_USER);"
    )
    if trigger.doorbell is not None:
        yield indent + _RING.format(name=trigger.doorbell.name, library=trigger.doorbell.library)


def _key(key: KeyPart, row: str) -> str:
    column = f"{row}.{key.column}"
    return f"{key.function}({column})" if key.function else column


def _changed(trigger: Trigger) -> str:
    """Return the condition of an update, broken into lines; empty where any update counts."""
    terms = [_differs(each) for each in trigger.watched]
    lines: list[str] = []
    line = ""
    for term in terms:
        if line and len("  ELSEIF ") + len(line) + len(" OR ") + len(term) > _WIDTH:
            lines.append(line)
            line = f"      OR {term}"
        else:
            line = f"{line} OR {term}" if line else term
    return "\n".join([*lines, line])


def _differs(column: Compared) -> str:
    new, old = f"N.{column.column}", f"O.{column.column}"
    if column.as_hex:
        new, old = f"HEX({new})", f"HEX({old})"
    return f"{new} IS DISTINCT FROM {old}" if column.nullable else f"{new} <> {old}"


def fingerprint(trigger: Trigger) -> str:
    """Return eight hex digits that change whenever the trigger's text does."""
    return hashlib.sha256(create_trigger(trigger).encode("utf-8")).hexdigest()[:8]


def comment_on_trigger(trigger: Trigger) -> str:
    """Return the statement that says in the catalogue what the trigger is, and which text it has.

    The catalogue's own text of a trigger need not be ours character by character; the comment is.
    """
    feeds = ", ".join(trigger.entities)
    text = f"Towline: notes changes for {feeds}; {FINGERPRINT} {fingerprint(trigger)}"
    return f"COMMENT ON TRIGGER {trigger.library}.{trigger.name} IS {quoted(text)}"


def create_procedure(procedure: Procedure) -> str:
    """Return the statement that registers the customer's program as a procedure.

    PARAMETER STYLE GENERAL: exactly these parameters, no indicators. LANGUAGE only tells how the
    program takes them; RPGLE and CL take them alike (general knowledge).
    """
    lines = ",\n".join(
        f"    IN P{number}_{each.value.upper()} {_parameter(each)}"
        for number, each in enumerate(procedure.parameters, start=1)
    )
    name = f"{procedure.program.library}.{procedure.program.name}"
    return (
        f"CREATE OR REPLACE PROCEDURE {name} (\n{lines}\n  )\n"
        f"  LANGUAGE RPGLE MODIFIES SQL DATA\n"
        f"  EXTERNAL NAME {name} PARAMETER STYLE GENERAL"
    )


def _parameter(parameter: Parameter) -> str:
    if parameter.kind == "char":
        return f"CHAR({parameter.length})"
    if parameter.kind == "packed":
        return f"DECIMAL({parameter.digits}, {parameter.decimals})"
    return "INTEGER"


def grant(each: Grant) -> str:
    """Return the statement that grants exactly this."""
    if each.type == "*FILE":
        return f"GRANT {', '.join(each.rights)} ON {each.library}.{each.name} TO {each.profile}"
    return command(
        f"QSYS/GRTOBJAUT OBJ({each.library}/{each.name}) OBJTYPE({each.type})"
        f" USER({each.profile}) AUT({' '.join(each.rights)})"
    )


def revoke(each: Grant) -> str:
    """Return the statement that takes it back."""
    if each.type == "*FILE":
        return f"REVOKE {', '.join(each.rights)} ON {each.library}.{each.name} FROM {each.profile}"
    return command(
        f"QSYS/RVKOBJAUT OBJ({each.library}/{each.name}) OBJTYPE({each.type})"
        f" USER({each.profile}) AUT(*ALL)"
    )


def change_owner(library: str, name: str, kind: str, owner: str) -> str:
    """Return the statement that gives an object to its owner."""
    return command(f"QSYS/CHGOBJOWN OBJ({library}/{name}) OBJTYPE({kind}) NEWOWN({owner})")
