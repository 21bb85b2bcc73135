"""What the kit makes in its library, and how it goes again: statements, in order. Pure.

Tables, queues and triggers are written by the same code as a customer's install, so the kit also
proves the install's own text. Made with CREATE SCHEMA, every table is journaled to QSQJRN at once
(https://www.ibm.com/developerworks/data/library/techarticle/0305milligan/0305milligan.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from towline_agent.config_feeds import KeyPart
from towline_agent.conformance.bench import BenchQueues, Capability
from towline_agent.conformance.files import BALANCES, PRICES, in_library
from towline_agent.ibmi.install import ddl
from towline_agent.ibmi.install.objects import Compared, DataQueue, Grant, Table, Trigger
from towline_agent.ibmi.odbc.statements import named, statement
from towline_agent.ibmi.port import JournalName, QueueName
from towline_agent.ibmi.towline_files import STAGING, TOWLINE_FILES
from towline_agent.policy import FileName

__all__ = ["AREA", "MARK", "MARKER", "Objects", "Statement"]

MARKER = "TOWKIT"
"""Data area that says whose library it is; its value begins with :data:`MARK`."""
MARK = "Towline conformance kit"
AREA = "KITAREA"
_MESSAGES = "KITMSGQ"
_WAIT_S = 2  # instead of the 60 s a table waits for a lock by default (general knowledge)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        doing: for the sentence of an error.
        only_for: it is worth trying: when it fails, these can't be shown, and the rest can.
        optional: it may fail without any consequence but a longer run.
    """

    text: str
    doing: str
    only_for: tuple[Capability, ...] = ()
    optional: bool = False


class Objects:
    """The kit's objects in one library, for one agent.

    Attributes:
        journal: the journal a schema brings along.
        messages: a message queue of its own: the operator's is left in peace.
    """

    def __init__(self, library: str, agent: str, *, ccsid: int) -> None:
        """Name them; nothing is made yet."""
        self.library = named(library)
        self.queues = BenchQueues(
            doorbell=QueueName(library, "KITBELL"),
            plain=QueueName(library, "KITFIFO"),
            lifo=QueueName(library, "KITLIFO"),
            keyed=QueueName(library, "KITKEYED"),
        )
        self.journal = JournalName(library, "QSQJRN")
        self.messages = QueueName(library, _MESSAGES)
        self._agent = agent
        self._ccsid = ccsid

    # -- making -----------------------------------------------------------------------------------

    def library_first(self) -> Iterator[Statement]:
        """Yield what makes the library and says whose it is."""
        doing = f"making the kit's library {self.library}"
        yield Statement(f"CREATE SCHEMA {self.library}", doing)
        yield Statement(
            ddl.command(
                f"QSYS/CRTDTAARA DTAARA({self.library}/{MARKER}) TYPE(*CHAR) LEN(50)"
                f" VALUE({ddl.quoted(MARK)})"
            ),
            doing,
        )

    def tables(self) -> Iterator[Statement]:
        """Yield what makes the tables; they are filled before the triggers come."""
        for table in self._tables():
            yield Statement(ddl.create_table(table), f"making table {table.name}")
        for table in self._tables():
            wait = (
                f"QSYS/CHGPF FILE({self.library}/{table.layout.name}) WAITFILE({_WAIT_S})"
                f" WAITRCD({_WAIT_S})"
            )
            yield Statement(ddl.command(wait), f"changing {table.name}", optional=True)

    def rest(self, programs: tuple[str, ...]) -> Iterator[Statement]:
        """Yield data queues, triggers, the small objects, and last what the agent may do."""
        for queue in self._data_queues():
            yield Statement(ddl.create_queue(queue), f"making data queue {queue.queue}")
        for trigger in self._triggers():
            yield Statement(ddl.create_trigger(trigger), f"making trigger {trigger.name}")
        yield Statement(
            ddl.command(
                f"QSYS/CRTDTAARA DTAARA({self.library}/{AREA}) TYPE(*CHAR) LEN(50) VALUE('')"
            ),
            f"making data area {AREA}",
            only_for=(Capability.DATA_AREAS,),
        )
        yield Statement(
            ddl.command(f"QSYS/CRTMSGQ MSGQ({self.messages})"),
            f"making message queue {self.messages}",
            only_for=(Capability.MESSAGES,),
        )
        for text in programs or self._programs():
            both = (Capability.PROGRAMS, Capability.REFUSING_PROGRAMS)
            yield Statement(text, "making a procedure", only_for=both)
        for grant in self._grants():
            yield Statement(ddl.grant(grant), f"granting {grant.name} to {self._agent}")
        yield from self._grants_of_small_things()

    def receivers(self) -> Statement:
        """Return what lets the agent read the journal's receivers; again after each change."""
        grant = Grant(self._agent, "*JRNRCV", self.library, "*ALL", ("*USE",))
        return Statement(ddl.grant(grant), "granting receivers", only_for=(Capability.JOURNAL,))

    # -- removing ---------------------------------------------------------------------------------

    def removal(self) -> Iterator[Statement]:
        """Yield what takes everything away, the library last; any may find nothing to do."""
        doing = f"removing the kit's library {self.library}"
        for trigger in self._triggers():
            yield Statement(f"DROP TRIGGER {self.library}.{trigger.name}", doing)
        for queue in self._data_queues():
            yield Statement(ddl.command(f"QSYS/DLTDTAQ DTAQ({queue.queue})"), doing)
        for procedure in ("KITOK", "KITNO"):
            yield Statement(f"DROP PROCEDURE {self.library}.{procedure}", doing)
        for table in self._tables():
            yield Statement(f"DROP TABLE {table.name}", doing)
        for name in (AREA, MARKER):
            yield Statement(ddl.command(f"QSYS/DLTDTAARA DTAARA({self.library}/{name})"), doing)
        yield Statement(ddl.command(f"QSYS/DLTMSGQ MSGQ({self.messages})"), doing)
        # A receiver that was never saved asks the operator (CPA7025); this does not (general
        # knowledge).
        yield Statement(ddl.command(f"QSYS/DLTJRN JRN({self.journal})"), doing)
        receivers = f"QSYS/DLTJRNRCV JRNRCV({self.library}/*ALL) DLTOPT(*IGNINQMSG)"
        yield Statement(ddl.command(receivers), doing)
        yield Statement(f"DROP SCHEMA {self.library} RESTRICT", doing)

    # -- single objects ---------------------------------------------------------------------------

    def _tables(self) -> list[Table]:
        layouts = (in_library(PRICES, self.library), in_library(BALANCES, self.library))
        return [Table(self.library, each, self._ccsid) for each in (*layouts, *TOWLINE_FILES)]

    def _data_queues(self) -> list[DataQueue]:
        made = self.queues
        return [
            DataQueue(made.doorbell, "kit, doorbell", 64, ours=True, data=False),
            DataQueue(made.plain, "kit, FIFO", 256, ours=True, data=True),
            DataQueue(
                made.lifo, "kit, LIFO", 64, ours=True, data=True, sequence="LIFO",
                most=made.lifo_most,
            ),
            DataQueue(
                made.keyed, "kit, keyed", 64, ours=True, data=True, sequence="KEYED",
                key_length=made.key_length,
            ),
        ]  # fmt: skip

    def _triggers(self) -> list[Trigger]:
        return [
            self._trigger("ITMPRC", ("IPITNB",), ("IPPRC", "IPCMP", "IPEFFD"), ("IPCUR",)),
            self._trigger("ITMBAL", ("IBITNB", "IBWHS"), ("IBQOH", "IBQAL"), ()),
        ]

    def _trigger(
        self, file: str, keys: tuple[str, ...], numbers: tuple[str, ...], texts: tuple[str, ...]
    ) -> Trigger:
        watched = [Compared(column, as_hex=True, nullable=False) for column in numbers]
        watched += [Compared(column, as_hex=False, nullable=False) for column in texts]
        return Trigger(
            library=self.library,
            name=f"{file}_OUTBOX",
            program=f"TW{file}",
            file=FileName(self.library, file),
            keys=tuple(KeyPart(column, "RTRIM") for column in keys),
            watched=tuple(watched),
            operations="IUD",
            entities=("kit",),
            doorbell=self.queues.doorbell,
        )

    def _programs(self) -> tuple[str, ...]:
        return (
            statement("bench_program_ok", library=self.library),
            statement("bench_program_no", library=self.library),
        )

    def _grants(self) -> Iterator[Grant]:
        """Yield what the agent's profile gets; the same rights as on a real site."""
        yield Grant(self._agent, "*LIB", "QSYS", self.library, ("*OBJOPR", "*EXECUTE"))
        for name in (PRICES.name, BALANCES.name, "MISSED"):
            yield Grant(self._agent, "*FILE", self.library, name, ("SELECT",))
        yield Grant(self._agent, "*FILE", self.library, "OUTBOX", ("SELECT", "DELETE"))
        for name in STAGING:
            yield Grant(self._agent, "*FILE", self.library, name, ("SELECT", "INSERT"))
        for queue in self._data_queues():
            rights = ("*OBJOPR", "*READ", "*ADD")
            yield Grant(self._agent, "*DTAQ", self.library, queue.queue.name, rights)

    def _grants_of_small_things(self) -> Iterator[Statement]:
        doing = "granting small objects"
        both = (Capability.PROGRAMS, Capability.REFUSING_PROGRAMS)
        for name in ("KITOK", "KITNO"):
            text = f"GRANT EXECUTE ON PROCEDURE {self.library}.{name} TO {self._agent}"
            yield Statement(text, doing, only_for=both)
        area = Grant(self._agent, "*DTAARA", self.library, AREA, ("*OBJOPR", "*READ"))
        yield Statement(ddl.grant(area), doing, only_for=(Capability.DATA_AREAS,))
        queue = Grant(self._agent, "*MSGQ", self.library, _MESSAGES, ("*OBJOPR", "*ADD"))
        yield Statement(ddl.grant(queue), doing, only_for=(Capability.MESSAGES,))
        journal = Grant(
            self._agent, "*JRN", self.library, self.journal.name,
            ("*OBJOPR", "*OBJEXIST", "*READ", "*EXECUTE"),
        )  # fmt: skip
        yield Statement(ddl.grant(journal), doing, only_for=(Capability.JOURNAL,))
        yield self.receivers()
