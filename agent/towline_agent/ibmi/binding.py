"""The agent belongs to one partition: a restored copy or a role swap is noticed, not served.

A copy of the partition would sell the stock of a test system, and after a swap to the other machine
receivers and positions mean something else. So the fingerprint of the first partition is kept in
the state folder, every new connection is compared with it, and another one is closed again until a
person says yes. What a release or an authority does not show ("unknown") is not compared.
"""

from __future__ import annotations

from pathlib import Path

from towline_agent.ibmi.errors import SiteFault
from towline_agent.ibmi.port import Description, IbmI
from towline_agent.state_file import write_private
from towline_shared.errors import Permanent, Retryable

__all__ = ["Binding", "StrangePartition", "same_partition"]

_FILE = "partition"
_UNKNOWN = ("", "unknown")


class StrangePartition(SiteFault):
    """The IBM i that answers is not the one this agent belongs to."""


def same_partition(one: str, other: str) -> bool:
    """Compare two fingerprints, serial/partition/system/RDB, where both sides know the part."""
    parts = list(zip(one.split("/"), other.split("/"), strict=False))
    known = [(a, b) for a, b in parts if a not in _UNKNOWN and b not in _UNKNOWN]
    return bool(known) and all(a == b for a, b in known)


class Binding:
    """Keeps the fingerprint; safe from any thread, because the file is whole or not there."""

    def __init__(self, folder: Path) -> None:
        """Use the state folder."""
        self._file = folder / _FILE

    @property
    def fingerprint(self) -> str:
        """Of the partition the agent belongs to; empty before the first contact."""
        try:
            return self._file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise Permanent(
                f"The file {self._file} can't be read: {error}.",
                hint="Correct it, or write it anew: towline-agent partition accept.",
            ) from None

    def hold(self, connection: IbmI) -> None:
        """Look who answers on a new connection; the first one is remembered.

        Raises:
            StrangePartition: another partition; the caller closes the connection.
            Retryable: it did not say who it is, or the disk is full.
        """
        about = connection.describe()
        known = self.fingerprint
        if not known:
            self.accept(about)
        elif not same_partition(known, about.fingerprint):
            raise StrangePartition(
                f"This is partition {about.fingerprint} and the agent belongs to {known}:"
                " a restored copy, or a role swap.",
                hint=(
                    "Nothing is read or written there. If it is the right one now, say so:"
                    " towline-agent partition accept."
                ),
            )

    def accept(self, about: Description) -> None:
        """Belong to this partition from now on."""
        try:
            write_private(self._file, about.fingerprint + "\n")
        except OSError as error:
            raise Retryable(f"The file {self._file} can't be written: {error.strerror}.") from None
