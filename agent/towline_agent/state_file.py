"""Small files in the state folder: private, and whole or not at all."""

from __future__ import annotations

from pathlib import Path

from towline_shared.errors import Misconfigured
from towline_shared.private_file import write_private

__all__ = ["prepare_state", "write_private"]


def prepare_state(folder: Path) -> None:
    """Make the state folder, for this user alone.

    Raises:
        Misconfigured: it can't be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise Misconfigured(
            f"The state folder {folder} can't be written: {error.strerror}.",
            hint="Give it to the user the agent runs as, or set [state] folder.",
        ) from None
