"""Opening the buffer in the state folder; a damaged one is set aside and a fresh one begun.

The buffer is no truth of its own: the IBM i has every outbox row that was not acknowledged, and the
relay every document without a report. A fresh buffer has new stream ids, by which the relay begins
anew; entities are loaded again since their progress was in the old one. The old file stays, and the
page says so until somebody takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from towline_agent.buffer import Buffer
from towline_agent.buffer_key import KEY_FILE, KeyFile
from towline_agent.config import AgentConfig
from towline_agent.courtesy.reload import ask_reload
from towline_agent.protect import chosen
from towline_agent.state_folder import BUFFER_FILE
from towline_shared.clock import Clock
from towline_shared.database import Damaged
from towline_shared.errors import Permanent
from towline_shared.quarantine import quarantine, quarantined

__all__ = ["open_buffer", "set_aside", "try_buffer"]

_log = structlog.get_logger(__name__)


def open_buffer(config: AgentConfig, *, clock: Clock) -> Buffer:
    """Open the agent's buffer.

    Raises:
        Permanent: in use by another process, not writable, its key is lost; or it is damaged and
            can't be set aside.
    """
    folder = config.state
    path, room = folder / BUFFER_FILE, config.buffer.room
    keys = KeyFile(folder / KEY_FILE, chosen(config.protect))
    try:
        return Buffer(path, clock=clock, room=room, keys=keys)
    except Damaged as error:
        try:
            aside = quarantine(path, clock.now())
        except OSError as failure:
            raise Permanent(
                f"{path} is damaged and can't be set aside: {failure.strerror}.",
                hint="Move it and its -wal aside by hand, keep both, and start again.",
            ) from None
        _log.error("buffer set aside", action="quarantine", file=aside.name, error=error.what)
    for entity in _not_loaded(config):
        ask_reload(folder, entity, clock.now())
    return Buffer(path, clock=clock, room=room, keys=keys)


def _not_loaded(config: AgentConfig) -> Iterator[str]:
    """Entities that a journal feeds and no initial load reads: only a reload finds what is lost."""
    fed = {each.file for each in config.journal.files} if config.journal is not None else set()
    for entity in config.entities:
        if not entity.initial_load and fed.intersection(entity.fed_by):
            yield entity.query.entity


def try_buffer(folder: Path, *, clock: Clock) -> None:
    """Open the buffer and close it again, for ``check``; nothing is set aside.

    Raises:
        Damaged: the next start sets it aside.
        Permanent: as :func:`open_buffer`.
    """
    Buffer(folder / BUFFER_FILE, clock=clock, keys=KeyFile(folder / KEY_FILE)).close()


def set_aside(folder: Path) -> Sequence[str]:
    """Return the names of buffers that were set aside and are still there."""
    return [path.name for path in quarantined(folder / BUFFER_FILE)]
