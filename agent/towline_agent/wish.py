"""What a verb asks of the agent: a small file in the state folder, named after the wish.

The buffer belongs to the running process alone, so the verb can't write into it; a file works while
the agent runs and while it is down, and a second asking changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from towline_agent.state_file import write_private
from towline_shared.clock import utc_text
from towline_shared.errors import Permanent

__all__ = ["Wish"]


@dataclass(frozen=True, slots=True)
class Wish:
    """One kind of wish.

    Attributes:
        name: of the file.
        by_hand: what to do when the agent can't remove the file.
    """

    name: str
    by_hand: str = "Remove it by hand."

    def ask(self, folder: Path, at: datetime) -> None:
        """Ask for it; idempotent until the agent takes it up.

        Raises:
            Permanent: the state folder can't be written.
        """
        path = folder / self.name
        try:
            write_private(path, utc_text(at) + "\n")
        except OSError as error:
            raise Permanent(
                f"{path} can't be written: {error.strerror}.",
                hint="Run this as the user the agent runs as.",
            ) from None

    def asked(self, folder: Path) -> bool:
        """Tell whether somebody asked."""
        return (folder / self.name).exists()

    def forget(self, folder: Path) -> None:
        """Note that the agent took it up.

        Raises:
            Permanent: the file can't be removed.
        """
        path = folder / self.name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise Permanent(
                f"{path} can't be removed: {error.strerror}.", hint=self.by_hand
            ) from None
