"""The same install as source members, for shops that compile what runs on their system. Pure.

Two CL programs run the commands themselves and RUNSQLSTM for the rest. RUNSQLSTM takes no SELECT
(general knowledge) and reads 80 columns unless MARGINS says more; both are seen to here.
https://www.ibm.com/docs/en/i/7.3?topic=ssw_ibm_i_73/cl/runsqlstm.htm
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.render import fed_files, render
from towline_agent.ibmi.install.script import Statement
from towline_agent.ibmi.install.undo import undo

__all__ = ["sources"]

_WIDTH = 72  # of a CL line; SEU shows 80 with the sequence number
_RUN = (
    "RUNSQLSTM SRCFILE({library}/TWLSRC) SRCMBR({member}) COMMIT(*NONE) NAMING(*SQL) MARGINS(228)"
    " SRTSEQ(*HEX) DECMPT(*PERIOD) ERRLVL({level})"
)
_HEAD = """\
/* {name}: {what}
   Written by towline-agent ibmi plan --sources; not compiled by us.
   CRTBNDCL PGM(QGPL/{name}) SRCFILE(&SRCLIB/TWLSRC)
   CALL PGM(QGPL/{name}) PARM('SRCLIB    ')                            */
             PGM        PARM(&SRCLIB)
             DCL        VAR(&SRCLIB) TYPE(*CHAR) LEN(10)
"""


def sources(wanted: Wanted) -> dict[str, str]:
    """Return member name with its type to text."""
    make, take = render(wanted).changing, undo(wanted).changing
    first, second = _parted(make)
    before, after = _parted_undo(take)
    return {
        "TWLSQL1.sql": _sql("library and tables", first),
        "TWLSQL2.sql": _sql("triggers, comments, grants", second),
        "TWLSQL3.sql": _sql("the undo, triggers first", before),
        "TWLSQL4.sql": _sql("the undo, tables and library", after),
        "TWLCRT.clle": "".join(_create(wanted, make)),
        "TWLDLT.clle": "".join(_delete(take)),
    }


def _parted(statements: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    """Part the SQL of an install: what the queues need, and what needs them."""
    plain = [each for each in statements if not each.command]
    start = next(
        (at for at, each in enumerate(plain) if each.text.startswith(("CREATE OR", "GRANT"))),
        len(plain),
    )
    return plain[:start], plain[start:]


def _parted_undo(statements: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    plain = [each for each in statements if not each.command]
    tables = [each for each in plain if each.text.startswith(("DROP TABLE", "DROP SCHEMA"))]
    return [each for each in plain if each not in tables], tables


def _sql(what: str, statements: Sequence[Statement]) -> str:
    head = f"-- Towline on IBM i: {what}. Written by towline-agent ibmi plan --sources.\n"
    return head + "".join(f"{each.text};\n" for each in statements)


def _create(wanted: Wanted, statements: Sequence[Statement]) -> Iterator[str]:
    yield _HEAD.format(name="TWLCRT", what="makes what Towline needs on this system.")
    yield "\n/* The fed files must be free: an exclusive lock now or not at all. */\n"
    for library, names in fed_files(wanted).items():
        for name in names:
            yield _cl(f"ALCOBJ OBJ(({library}/{name} *FILE *EXCL)) WAIT(1)")
    commands = [each for each in statements if each.command]
    profiles = [each for each in commands if each.command.startswith("CRTUSRPRF")]
    queues = [each for each in commands if each.command.startswith("CRTDTAQ")]
    late = [each for each in commands if each not in profiles and each not in queues]
    yield "\n/* Profiles, library, tables. */\n"
    yield from _commands(profiles, "CPF2214")
    yield _run("TWLSQL1")
    yield "\n/* Data queues. */\n"
    yield from _commands(queues, "CPF9870")
    yield "\n/* Triggers and grants of SQL. */\n"
    yield _run("TWLSQL2")
    yield "\n/* The rest of the authorities; ownership last. */\n"
    yield from _commands(late, "")
    for library, names in fed_files(wanted).items():
        for name in names:
            yield _cl(f"DLCOBJ OBJ(({library}/{name} *FILE *EXCL))")
    yield _cl("ENDPGM")


def _delete(statements: Sequence[Statement]) -> Iterator[str]:
    yield _HEAD.format(name="TWLDLT", what="takes back what TWLCRT made. Stop the agent first.")
    commands = [each for each in statements if each.command]
    revokes = [each for each in commands if each.command.startswith("RVK")]
    queues = [each for each in commands if each.command.startswith("DLTDTAQ")]
    profiles = [each for each in commands if each not in revokes and each not in queues]
    yield "\n/* Triggers first: a trigger without its table fails your writes. */\n"
    yield _run("TWLSQL3")
    yield from _commands(revokes, "CPF2204")
    yield from _commands(queues, "CPF2105")
    yield "\n/* Web orders nobody decided go with the tables: look before. */\n"
    yield _run("TWLSQL4")
    yield "\n/* Only profiles that TWLCRT made. */\n"
    yield from _commands(profiles, "CPF2204")
    yield _cl("ENDPGM")


def _run(member: str) -> str:
    return _cl(_RUN.format(library="&SRCLIB", member=member, level=10))


def _commands(statements: Sequence[Statement], done: str) -> Iterator[str]:
    for each in statements:
        yield _cl(each.command)
        if done:
            yield _cl(f"MONMSG MSGID({done})", note="done before")


def _cl(command: str, *, note: str = "") -> str:
    """Return a command in source form: at column 14, continued by +.

    A literal may be broken at a blank: ``+`` keeps the blanks before it, and none after it.
    """
    text = f"{command} /* {note} */" if note else command
    lines = textwrap.wrap(
        text,
        width=_WIDTH - 15,
        break_long_words=False,
        break_on_hyphens=False,
    )
    body = " +\n".join(f"{' ' * (13 if at == 0 else 15)}{line}" for at, line in enumerate(lines))
    return body + "\n"
