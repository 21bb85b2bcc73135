"""Small files of secrets and wishes: private, and whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

__all__ = ["write_private"]

_writing = threading.Lock()  # three connections may learn at once which partition they are on


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 so that a crash leaves the old text or the new one.

    When it returns, the new text outlives a power cut: the rename is on disk, too.

    Raises:
        OSError: the folder can't be written, or the disk is full; the old file is untouched.
    """
    draft = path.with_name(path.name + ".new")
    with _writing:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _settle(path.parent)


def _settle(folder: Path) -> None:
    """Bring a folder's names to disk; Windows does that itself and can't open folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
