"""Tables and triggers of the partition's SQLite file, made from the layouts."""

from __future__ import annotations

from collections.abc import Iterator

from towline_agent.ibmi.catalogue import FileLayout, Kind, SqlType
from towline_sandbox.ibmi.towline_files import FEEDS, FILES, Feed

__all__ = ["statements"]

_SYSTEM_TABLES = """
CREATE TABLE IF NOT EXISTS "SYS.UNIT_OUTBOX" (
    ID INTEGER PRIMARY KEY AUTOINCREMENT, UNIT INTEGER NOT NULL, LIB TEXT, FILE TEXT,
    KEY1 TEXT, KEY2 TEXT, KEY3 TEXT, KEY4 TEXT, OPER TEXT, CHGTS TEXT, CHGJOB TEXT, CHGUSR TEXT);
CREATE TABLE IF NOT EXISTS "SYS.UNIT_LOG" (
    SEQ INTEGER PRIMARY KEY AUTOINCREMENT, UNIT INTEGER NOT NULL, FILE TEXT NOT NULL,
    OPER TEXT NOT NULL, ROW INTEGER NOT NULL, BEFORE TEXT);
CREATE TABLE IF NOT EXISTS "SYS.DTAQ_ENTRIES" (
    SEQ INTEGER PRIMARY KEY AUTOINCREMENT, QUEUE TEXT NOT NULL, KEYDATA BLOB NOT NULL,
    DATA BLOB NOT NULL, SENDER TEXT NOT NULL, SENTTS TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS "SYS.DTAQ_ENTRIES_BY_QUEUE" ON "SYS.DTAQ_ENTRIES" (QUEUE, SEQ);
CREATE TABLE IF NOT EXISTS "SYS.MESSAGES" (
    SEQ INTEGER PRIMARY KEY AUTOINCREMENT, SENTTS TEXT NOT NULL, MSGID TEXT NOT NULL,
    SEVERITY INTEGER NOT NULL, MSGTEXT TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS "SYS.FACTS" (NAME TEXT PRIMARY KEY, VALUE TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS "SYS.RECEIVERS" (
    N INTEGER PRIMARY KEY AUTOINCREMENT, NAME TEXT NOT NULL UNIQUE, NEXT INTEGER NOT NULL,
    GONE INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS "SYS.JOURNAL" (
    N INTEGER PRIMARY KEY AUTOINCREMENT, RCV INTEGER NOT NULL, SEQ INTEGER NOT NULL,
    CODE TEXT NOT NULL, TYPE TEXT NOT NULL, AT TEXT NOT NULL, FILE TEXT NOT NULL,
    RRN INTEGER NOT NULL, CYCLE INTEGER NOT NULL, DATA BLOB NOT NULL, JOB TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS "SYS.CYCLES" (
    UNIT INTEGER PRIMARY KEY, CYCLE INTEGER NOT NULL, JOB TEXT NOT NULL);
"""


def statements(*, triggers: bool = True) -> Iterator[str]:
    """Yield what creates every object that is not there yet; without ``triggers``, drops those."""
    for statement in _SYSTEM_TABLES.split(";"):
        if statement.strip():
            yield statement
    for file in FILES.values():
        yield _create_table(file)
    for feed in FEEDS:
        if triggers or feed.file.startswith("TOWLINE/"):
            yield from _create_triggers(feed)
        else:
            name = feed.file.split("/")[1]
            yield from (f'DROP TRIGGER IF EXISTS "TOWLINE.{name}_{o}"' for o in feed.operations)


def _create_table(file: FileLayout) -> str:
    columns = [f'"{f.name}" {_affinity(f.type)} NOT NULL' for f in file.fields]
    if file.name == "OUTBOX":
        columns[0] = '"ID" INTEGER PRIMARY KEY'
    elif file.key:
        columns.append(f"PRIMARY KEY ({', '.join(file.key)})")
    columns += [f"UNIQUE ({', '.join(names)})" for names in file.unique]
    return f'CREATE TABLE IF NOT EXISTS "{file.table}" ({", ".join(columns)})'


def _affinity(kind: SqlType) -> str:
    if kind.is_text:
        return "TEXT COLLATE RTRIM"  # Db2 compares CHAR as if blank-padded
    if kind.kind is Kind.BIGINT or kind.decimals == 0:
        return "INTEGER"
    return "BLOB"  # no affinity: the exact text must not become a float


def _create_triggers(feed: Feed) -> Iterator[str]:
    """AFTER triggers, FOR EACH ROW, as packaging/ibmi has them for a real file.

    An RPG program rewrites whole records, so an update counts only when a watched column differs
    (IS DISTINCT FROM there, IS NOT here; general knowledge). The send to the doorbell is outside
    the unit of work: https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqprocsenddtaq.htm
    names no commitment control (consequence: general knowledge).
    """
    library, name = feed.file.split("/")
    events = {"I": ("INSERT", "NEW"), "U": ("UPDATE", "NEW"), "D": ("DELETE", "OLD")}
    for operation in feed.operations:
        event, row = events[operation]
        keys = [f'rtrim({row}."{column}")' for column in feed.keys]
        keys += ["''"] * (4 - len(keys))
        differs = " OR ".join(f'NEW."{c}" IS NOT OLD."{c}"' for c in feed.watched)
        # The machine's own restores (rollback, load of the data) act as unit 0: no trigger fires.
        condition = "WHEN acting_unit() > 0" + (f" AND ({differs})" if operation == "U" else "")
        yield f"""
            CREATE TRIGGER IF NOT EXISTS "TOWLINE.{name}_{operation}"
            AFTER {event} ON "{library}.{name}" FOR EACH ROW
            {condition}
            BEGIN
                INSERT INTO "SYS.UNIT_OUTBOX"
                    (UNIT, LIB, FILE, KEY1, KEY2, KEY3, KEY4, OPER, CHGTS, CHGJOB, CHGUSR)
                VALUES (acting_unit(), '{library}', '{name}', {", ".join(keys)}, '{operation}',
                    partition_time(), acting_job(), acting_user());
                SELECT ring_doorbell();
            END"""  # noqa: S608 - names from the layouts
