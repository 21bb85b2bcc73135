"""Journal entries as the port hands them out. Pure; the meaning of types is in ``sources.journal``.

Positions name their receiver: gaps in the numbers are normal and numbers may start anew along a
chain (http://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_72/cl/dspjrn.htm).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JournalEntry", "JournalName", "JournalPage", "JournalPosition"]


@dataclass(frozen=True, slots=True)
class JournalName:
    """A journal by library and system name; the library can't be ``*LIBL``."""

    library: str
    name: str

    def __str__(self) -> str:
        return f"{self.library}/{self.name}"


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """The last entry that was read: receiver and sequence number.

    Sequence numbers may be reset along a receiver chain, so a number alone is no position
    (https://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_73/rzarl/rzarlf02.htm).
    """

    receiver_library: str
    receiver: str
    sequence: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One journal entry about a file, or a commit boundary.

    Attributes:
        position: receiver and sequence number of the entry.
        code: journal code: R record, C commitment control, F file, J journal.
        type: entry type: PT PX UB UP DL, rollback images BR UR DR; SC CM RB; CR MD...
        at: local timestamp as text, 26 characters.
        library: library of the file; empty for commit boundaries, as ``file`` and ``member``.
        rrn: relative record number; 0 where the entry has none.
        commit_cycle: sequence number of the SC entry; 0 outside commitment control.
        data: the raw record image, undecoded; empty where the entry has none.
        job: qualified job name; ``user`` the profile that made the change.
        minimized: true for MINENTDTA entries, whose data can't be decoded by position.
    """

    position: JournalPosition
    code: str
    type: str
    at: str
    library: str = ""
    file: str = ""
    member: str = ""
    rrn: int = 0
    commit_cycle: int = 0
    data: bytes = b""
    job: str = ""
    user: str = ""
    minimized: bool = False


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Entries after a position, oldest first.

    Attributes:
        position: of the last entry read, also when none of interest was among them; None when the
            journal holds nothing at all.
        more: true when the limit cut the page.
    """

    entries: tuple[JournalEntry, ...]
    position: JournalPosition | None
    more: bool
