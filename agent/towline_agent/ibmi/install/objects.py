"""The objects an install is made of, as plain facts. Pure; :mod:`wanted` decides which there are.

Names of parts (``table TOWLINE.OUTBOX``, ``trigger TOWLINE.ITMPRC_OUTBOX``) are what script,
comparison and report share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from towline_agent.config_feeds import KeyPart
from towline_agent.config_formats import Parameter
from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import FileName, ProgramName

__all__ = [
    "Compared",
    "DataQueue",
    "Grant",
    "KnownColumn",
    "KnownFile",
    "Procedure",
    "Profile",
    "Table",
    "Trigger",
    "Wanted",
]


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column of a file as the catalogue tells it.

    Attributes:
        type: Db2's word: CHAR, DECIMAL, NUMERIC, TIMESTMP...
        length: characters or digits.
    """

    name: str
    type: str
    length: int
    decimals: int = 0
    nullable: bool = False
    ccsid: int = 0

    @property
    def is_number(self) -> bool:
        """Whether its bytes may be no number at all, as blanks in a packed field are."""
        return self.type in ("DECIMAL", "NUMERIC", "INTEGER", "SMALLINT", "BIGINT", "DECFLOAT",
                             "REAL", "DOUBLE", "FLOAT")  # fmt: skip


KnownFile = Mapping[str, KnownColumn]


@dataclass(frozen=True, slots=True)
class Profile:
    """A user profile without any special authority."""

    name: str
    text: str
    signs_on: bool

    @property
    def part(self) -> str:
        """Name of the part."""
        return f"profile {self.name}"


@dataclass(frozen=True, slots=True)
class Table:
    """One of Towline's own tables; ``ccsid`` is that of its text columns."""

    library: str
    layout: FileLayout
    ccsid: int

    @property
    def name(self) -> str:
        """Name for SQL."""
        return f"{self.library}.{self.layout.name}"

    @property
    def part(self) -> str:
        """Name of the part."""
        return f"table {self.name}"


@dataclass(frozen=True, slots=True)
class DataQueue:
    """A data queue; ``purpose`` in a few words.

    Attributes:
        ours: it lies in our library and is made by the install; else it is only granted.
        data: its entries are data, so they are forced to disk.
        most: SIZE; the sender of one more fails.
    """

    queue: QueueName
    purpose: str
    max_length: int
    ours: bool
    data: bool
    sequence: str = "FIFO"
    key_length: int = 0
    most: int = 5000

    @property
    def part(self) -> str:
        """Name of the part."""
        return f"data queue {self.queue}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A watched column and how its old and new value are compared."""

    column: str
    as_hex: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Trigger:
    """The AFTER trigger of one fed file.

    Attributes:
        name: SQL name of the trigger; ``program`` the name PRTTRGPGM shows.
        watched: empty: every update is news.
        entities: what it feeds.
        notes: sentences for the script.
    """

    library: str
    name: str
    program: str
    file: FileName
    keys: tuple[KeyPart, ...]
    watched: tuple[Compared, ...]
    operations: str
    entities: tuple[str, ...]
    doorbell: QueueName | None
    notes: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """Name of the part."""
        return f"trigger {self.library}.{self.name}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a profile may do with an object.

    Attributes:
        type: *FILE takes privileges of SQL, every other type authorities of the system.
        rights: e.g. ``("SELECT", "UPDATE (STATUS, ERPORD)")`` or ``("*OBJOPR", "*READ")``.
    """

    profile: str
    type: str
    library: str
    name: str
    rights: tuple[str, ...]

    @property
    def part(self) -> str:
        """Name of the part."""
        return f"grant to {self.profile} on {self.library}/{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Procedure:
    """The SQL face of the customer's own order program, with the types of agent.toml."""

    program: ProgramName
    parameters: tuple[Parameter, ...]

    @property
    def part(self) -> str:
        """Name of the part."""
        return f"procedure {self.program.library}.{self.program.name}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that must exist, and nothing more.

    Attributes:
        read: files the agent's SELECTs read.
        fed: files that get a trigger, with the key columns of their rows.
        journaled: whether the staging tables must be journaled; the outbox always must.
    """

    library: str
    owner: Profile
    agent: Profile
    order_entry: str
    tables: tuple[Table, ...]
    queues: tuple[DataQueue, ...]
    triggers: tuple[Trigger, ...]
    procedures: tuple[Procedure, ...]
    agent_grants: tuple[Grant, ...]
    order_entry_grants: tuple[Grant, ...]
    read: tuple[FileName, ...]
    journaled: bool = True
    known: Mapping[FileName, KnownFile] = field(default_factory=dict)

    @property
    def own_queues(self) -> tuple[DataQueue, ...]:
        """The queues the install makes."""
        return tuple(each for each in self.queues if each.ours)

    @property
    def orders_in_tables(self) -> bool:
        """Whether orders arrive in staging tables."""
        return any(table.layout.name == "WEBORDH" for table in self.tables)
