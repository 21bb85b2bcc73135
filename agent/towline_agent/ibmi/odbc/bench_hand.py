"""What only a stand-in lets us do; on a customer's machine the kit does none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from towline_agent.conformance.bench import Capability
from towline_agent.ibmi.catalogue import FileLayout
from towline_shared.errors import Misuse

__all__ = ["Hand", "Image", "JournalHand", "Key", "NoHand"]

Key = tuple[str, ...]
Image = tuple[Any, ...]


class JournalHand(Protocol):
    """A journal kept by hand."""

    def wrote(
        self, job: str, layout: FileLayout, key: Key, before: Image | None, after: Image | None
    ) -> None:
        """Note a write in a job's unit of work; an image holds a record's cells in order."""
        ...

    def ended(self, job: str, *, committed: bool) -> None:
        """Note the end of a job's unit of work, if it has one."""
        ...

    def change_receiver(self) -> None:
        """Attach a new receiver."""
        ...

    def delete_receivers(self) -> None:
        """Delete all receivers but the attached one."""
        ...


class Hand(Protocol):
    """Levers beyond SQL.

    Attributes:
        lacks: what can't be brought about, each with its reason.
        programs: statements that make the procedures KITOK and KITNO; empty for those of Db2.
        reads_messages: :meth:`messages` is to be asked instead of the message queue.
        journal: notes what happens, where the machine itself journals nothing; else None.
    """

    lacks: Mapping[Capability, str]
    programs: tuple[str, ...]
    reads_messages: bool
    journal: JournalHand | None

    def cut(self) -> None:
        """Break every open connection; new ones can be opened."""
        ...

    def restrict(self) -> None:
        """Enter restricted state."""
        ...

    def resume(self) -> None:
        """Leave it."""
        ...

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """Let exactly these jobs be active."""
        ...

    def messages(self) -> list[str]:
        """Return what was sent to the kit's message queue, oldest first."""
        ...

    def clean(self) -> None:
        """Forget jobs and messages, and leave restricted state."""
        ...


class NoHand:
    """A customer's machine: the kit ends no jobs, starts none, and breaks nothing."""

    lacks: Mapping[Capability, str] = {
        Capability.LINK_LOSS: "The kit ends no server jobs on a partition people work on.",
        Capability.RESTRICTED_STATE: "The kit does not bring a partition into restricted state.",
        Capability.ACTIVE_JOBS: "The kit submits no jobs.",
    }
    programs: tuple[str, ...] = ()
    reads_messages = False
    journal: JournalHand | None = None

    def cut(self) -> None:
        """See the protocol."""
        raise Misuse("The kit ends no jobs here.")

    restrict = resume = cut

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """See the protocol."""
        raise Misuse("The kit submits no jobs here.")

    def messages(self) -> list[str]:
        """See the protocol."""
        raise Misuse("The kit reads its message queue itself here.")

    def clean(self) -> None:
        """See the protocol; there is nothing to clean."""
