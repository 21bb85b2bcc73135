"""What the install script says about each step: why, locks, authority, sources. Pure text.

Written for a person who has kept such a system for decades: no praise, no generalities.
"""

from __future__ import annotations

from towline_agent.ibmi.install.objects import Grant, Wanted

__all__ = [
    "AGAIN",
    "AGENT",
    "LIBRARY",
    "LOOK",
    "LOOKS",
    "OUTBOX",
    "OWNERSHIP",
    "PROCEDURE",
    "STAGING",
    "TABLES",
    "TRIGGERS",
    "closing_head",
    "grant_note",
    "head",
    "journaled",
    "order_entry",
    "profiles",
    "queues",
]

LOOK = (
    "CREATE TRIGGER takes an exclusive lock on the file and all its logical files for a moment, and"
    " waits for it no longer than the file's WAITFILE. Lock views:\n"
    "https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewobjlockinfo.htm"
)
LOOKS = (
    ("install_look_holders", "Who holds the files of {library}? A row means: not now."),
    (
        "install_look_members",
        "Has one more than one member? A row means: stop. A trigger fires for every member, a"
        " SELECT reads the first one only [K].",
    ),
    ("install_look_triggers", "Which triggers are on them already? Ours fire after those [K]."),
)
LIBRARY = (
    "CREATE SCHEMA makes a journal (QSQJRN) in it and journals every table made there. That"
    " matters: an application under commitment control would get SQL7008 from a trigger that writes"
    " to a table without a journal. In a library made by CRTLIB nothing is journaled unless a data"
    " area QDFTJRN says so; step 'Look again' shows it.\n"
    "https://git.cyber.gent/friedkiwi/ibm-information-center (rzakiautostrjrnl)\n"
    "Receivers of QSQJRN pile up. Where no save or replication reads them:"
    " CHGJRN JRN(library/QSQJRN) DLTRCV(*YES) [K]."
)
OUTBOX = (
    "Which record changed, never what is in it: no personal data, no price, no quantity. Keys are"
    " text so that no number in the ERP can fail to fit. The agent deletes a row once the relay"
    " holds the change; deleted records are reused, because SQL tables have REUSEDLT(*YES) [K]."
)
STAGING = (
    "An order of the shop, cent-exact, for your own order entry to take. One order is written in"
    " one transaction; EVENTID makes a second attempt harmless. The agent only inserts; STATUS,"
    " ERPORD, ERPLIN, COMPID, LOCID and REASON are yours. Each record format has a name of its"
    " own (WEBORDHR), so an RPG program needs no RENAME."
)
TABLES = {
    "MISSED": (
        "A change whose outbox row could not be written. Rows here are rare and worth a look; the"
        " agent's comparison of the files with the shop finds the change itself."
    ),
    "WEBORDN": (
        "Notes, and the originals of texts that had to be cut or whose characters the CCSID lacks:"
        " nothing the buyer wrote is lost. Keys and amounts are never fitted: an order with one"
        " that does not fit is refused and parked at the relay."
    ),
    "APPLIED": "The proof, in the same transaction, that a document has been written.",
}
TRIGGERS = (
    "The same pattern each time:\n"
    "* AFTER, FOR EACH ROW, MODE DB2ROW, one for all events (7.1 TR6 and later): "
    "https://ibm.com/support/pages/system/files/inline-files/i-event_triggers_support-pdf.pdf\n"
    "* PROGRAM NAME gives the program a name you can find again: "
    "https://ibm.com/support/pages/node/1167730\n"
    "* The guard: a trigger that fails fails your program's write (CPF502B), so nothing in "
    "here may fail: https://www.ibm.com/docs/ssw_ibm_i_74/dbp/rbafodtrmsgmon.htm . Every "
    "statement stands in the body, behind a CONTINUE handler "
    "(https://www.ibm.com/docs/zh/ssw_ibm_i_72/sqlp/rbafyhandlersql.htm shows handlers in a "
    "trigger); there is no WHEN clause, because a handler does not cover it [K].\n"
    "* RPG rewrites whole records, so an update counts only when a watched column differs. "
    "Numbers are compared as HEX: a blank packed field would raise SQL0802 in the comparison,"
    " and the change would be missed [K]. Columns that can be null are compared with IS "
    "DISTINCT FROM.\n"
    "* Texts compare in the sort sequence of the job that creates the trigger; keep it *HEX, "
    "or upper and lower case are the same [K].\n"
    "* QSYS2.JOB_NAME is the qualified job name, VARCHAR(28), in 7.3 base: "
    "https://docslib.org/doc/13112134/effective-use-of-sql-built-in-global-variables-jing-li-december-20-2016-scott-hanson\n"
    "* The INSERT is part of the application's unit of work when it has one: it commits and "
    "rolls back with it; an application without commitment control writes it at once [K].\n"
    "* The doorbell is rung last and outside that unit: the agent may look too early and "
    "looks again. A full or locked doorbell is caught by the guard. IBM's own example of "
    "sending from a trigger: IBM/ibmi-oss-examples, "
    "camel/dtaq_to_kafka/banking_kafka_example.sql.\n"
    "* Off switch, without dropping anything: CHGPFTRG FILE(library/file) TRG(trigger) "
    "TRGLIB(library of the trigger) STATE(*DISABLED): "
    "https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/chgpftrg.htm\n"
    "Not seen by any trigger: CLRPFM, INZPFM, members moved, journal changes applied "
    "(ADDPFTRG page), deletes by a referential cascade, the old key of a record whose key is "
    "changed in place. The agent's comparison heals those."
)
PROCEDURE = (
    "Registers your program for CALL with typed parameters; nothing is compiled and the program is"
    " not changed. The types are those of [orders] parameters in agent.toml. The agent may call"
    " this one and no other. A program that refuses an order signals an SQLSTATE of class 38 or 7x"
    " with the reason; one that ends in an inquiry message would hang the call, so the agent's job"
    " answers inquiries with their default."
)
OWNERSHIP = (
    "Everything that was made goes to the owner, and last, for CHGOBJOWN takes the rights of the"
    " profile that made it. QSQJRN and the library's catalogue views stay with that profile;"
    " should it be deleted one day, DLTUSRPRF OWNOBJOPT(*CHGOWN owner) takes them along."
)
AGENT = (
    "All of it, and nothing else. A revoked right may stay in effect for data queues until the"
    " agent's server jobs (QZDASOINIT) end, for the receiving API keeps its decision for the life"
    " of a job."
)
AGAIN = "What should be there now. The agent's own view of it: towline-agent check."


_ABOUT = (
    "--",
    "-- authority: run as a profile with *SECADM, ALTER and SELECT on the fed files, and *USE",
    "--            on ADDPFTRG and CRTPGM (or as database administrator):",
    "--            https://www.ibm.com/docs/en/i/7.3?topic=statements-create-trigger",
    "--            Later changes need all rights to what the owner then owns. The agent itself",
    "--            needs none of that. Nothing here has or gives *ALLOBJ.",
    "-- where:     ACS Run SQL Scripts. RUNSQLSTM takes no SELECT and cuts lines at 80, so for it",
    "--            take the source form: plan --sources; packaging/ibmi/README.md tells how.",
    "--            IBM i 7.3 or later with the technology refresh that brought the data queue",
    "--            services: https://www.ibm.com/support/pages/node/1136818",
    "-- when:      in a quiet window: step 0 shows who is in the way, step Triggers locks.",
    "-- again:     with a connection, plan --script writes only what is missing. This whole",
    "--            script, run twice, does no harm: what exists answers SQL0601, CPF2214",
    "--            or CPF9870 and stays as it is.",
    "-- unverified: this script has not run on an IBM i. Marks [K] rest on general knowledge;",
    "--            docs/unverified.md lists them. Try it in a copy of the libraries first.",
    "--",
)


def head(wanted: Wanted) -> str:
    """Return the comment at the top of the whole script."""
    files = [str(t.file) for t in wanted.triggers if t.file.library != wanted.library]
    programs = ", ".join(trigger.program for trigger in wanted.triggers)
    counts = (
        f"one library, two profiles, {_count(len(wanted.own_queues), 'data queue')},"
        f" {_count(len(wanted.tables), 'table')}, {_count(len(wanted.triggers), 'trigger')}"
    )
    lines = [
        "-- Towline on IBM i: what agent.toml needs here, for an administrator to read and sign.",
        "-- Written by: towline-agent ibmi plan --script. Undo: towline-agent ibmi plan --undo.",
        *_ABOUT,
        f"-- What it adds to your system: {counts}.",
        "-- What it changes of yours: a trigger on",
        *(f"--   {name}" for name in files),
        "-- and nothing else. No record format changes, so there is no level check [K].",
        f"-- What PRTTRGPGM will show: {programs}.",
    ]
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_OTHER_TYPES = {
    "*PGM": "The program that takes orders: to call it.",
    "*JRN": (
        "The journal: *USE, and *OBJEXIST, which DISPLAY_JOURNAL asks for because commit boundaries"
        " name no object:"
        " http://www-01.ibm.com/support/knowledgecenter/ssw_ibm_i_72/rzajq/rzajqudfdisplayjournal.htm"
        " . *OBJEXIST would also allow to delete it, which the system refuses while objects are"
        " journaled to it [K]."
    ),
    "*JRNRCV": (
        "Its receivers, in the journal's own library; a new one takes the authorities of the one"
        " before [K]. Where they lie elsewhere, change the library."
    ),
    "*MSGQ": "The operator's message queue: to send to it, as SNDMSG wants [K].",
    "*DTAARA": "Data areas that ask for quiet: to read them.",
}


def closing_head(parts: int) -> str:
    """Return the comment at the top of a script that closes differences only."""
    lines = [
        f"-- Towline on IBM i: what is missing or differs here now: {_count(parts, 'part')}.",
        "-- Written by: towline-agent ibmi plan --script, with a connection.",
        *_ABOUT,
        "-- What is as it should be is left out; plan --script --whole prints all of it.",
    ]
    return "\n".join(lines)


def profiles(wanted: Wanted) -> str:
    """Return why there are two profiles."""
    owner, agent = wanted.owner.name, wanted.agent.name
    return (
        f"{owner} owns the objects and can't sign on. The triggers run under its authority, as SQL"
        " triggers do under their owner's [K], so nobody at a screen needs a right to the outbox;"
        f" {owner} has rights to nothing outside {wanted.library}.\n"
        f"{agent} is what the agent signs on with: no special authority, no menu, no command line."
        " LMTCPB does not stop commands that come through SQL, so the grants below are the fence.\n"
        "It needs a password even for *LOCAL in PASE:"
        " https://github.com/IBM/ibmi-oss-issues/issues/77 . Set it yourself (CHGUSRPRF); it must"
        " not stand in a script, and it must not expire, or the agent stops that day. The library"
        " must not bear the name of any profile: SQL would take it for that profile's own."
    )


def queues(wanted: Wanted) -> str:
    """Return why each queue is as it is."""
    text = (
        "http://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/crtdtaq.htm . Each entry takes"
        " MAXLEN in storage (https://ibm.com/docs/ssw_ibm_i_74/apis/qsnddtaq.htm); SIZE bounds what"
        " a reader that is down can cost, and past it the sender fails with CPF950A [K]."
        " AUTORCL gives the storage back."
    )
    for queue in wanted.own_queues:
        name = queue.queue.name
        if not queue.data:
            text += (
                f"\n* {name} carries no data: its entries only say 'look', and losing one costs"
                " nothing. So it is short, and not forced to disk."
            )
        else:
            text += (
                f"\n* {name}: {queue.purpose}. FORCE(*YES), its entries are data. MAXLEN is the"
                " record with room to the next 256 bytes, for a queue can't be widened later."
            )
    return text


def grant_note(wanted: Wanted, grant: Grant) -> str:
    """Return the comment above a group of grants."""
    ours = grant.library == wanted.library
    if grant.type == "*LIB":
        return "Libraries: to look into them, not to add to them."
    if grant.type == "*FILE" and not ours:
        return "The ERP's files: read, never changed."
    if grant.type == "*FILE" and grant.name in ("OUTBOX", "MISSED"):
        return "The outbox: read, and delete what the relay has acknowledged."
    if grant.type == "*FILE":
        return (
            "The staging tables: insert, and read back. No UPDATE: what order entry decided stays"
            " as it decided."
        )
    if grant.type == "*DTAQ" and "*ADD" in grant.rights:
        return (
            "The data queue that takes orders: *OBJOPR and *ADD, as SEND_DATA_QUEUE wants:"
            " https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqprocsenddtaq.htm"
        )
    if grant.type == "*DTAQ":
        return (
            "Data queues: *OBJOPR and *READ, as RECEIVE_DATA_QUEUE wants:"
            " https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqudfreceivedtaq.htm"
        )
    return _OTHER_TYPES[grant.type]


def order_entry(wanted: Wanted) -> str:
    """Return what the grants to the ERP's profile are for."""
    return (
        f"For the jobs that run under {wanted.order_entry}: take orders, say what became of them,"
        " send records to the data queues. Change the profile in [install] order_entry."
    )


def journaled(wanted: Wanted) -> str:
    """Return what a row of the last query means and what to do about it."""
    must = "every table" if wanted.journaled else "the outbox and MISSED"
    return (
        f"No row is what you want for {must}. A row: that table is not journaled. Then, once its"
        f" users are off it: STRJRNPF FILE({wanted.library}/name) JRN(library/journal)"
        " IMAGES(*AFTER) OMTJRNE(*OPNCLO), and save it."
        " https://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_72/cl/strjrnpf.htm"
    )
