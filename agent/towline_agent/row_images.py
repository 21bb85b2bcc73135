"""Reading the current rows of changed keys: the step that outbox and journal have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from towline_agent.ibmi.port import EntityQuery, IbmI, TableRow
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.policy import FileName
from towline_agent.sources.facts import group_rows
from towline_agent.sources.outbox import Plan
from towline_shared.errors import Permanent

__all__ = ["Images", "current_rows", "feeds_of"]

Images = dict[tuple[str, tuple[str, ...]], list[TableRow]]


async def current_rows(
    reader: IbmIWorker, queries: Mapping[str, EntityQuery], work: Plan
) -> tuple[Images, dict[str, str]]:
    """Read the current rows of all planned keys; an entity whose SELECT fails is set aside.

    Returns:
        (entity, key) -> rows, and entity -> sentence for the entities that can't be read.

    Raises:
        Retryable, Permanent: the connection failed, not a SELECT.
    """
    images: Images = {}
    faults: dict[str, str] = {}
    for entity in dict.fromkeys(change.entity for change in work.changes):
        query, keys = queries[entity], work.keys_of(entity)
        try:
            rows = await reader.call(_rows_verb(query, keys))
        except Permanent as error:
            if reader.state.status != "up":
                raise  # the connection was refused, not this SELECT
            faults[entity] = str(error)
            continue
        for key, members in group_rows(query, keys, rows).items():
            images[entity, key] = members
    return images, faults


def feeds_of(
    fed: Iterable[tuple[EntityQuery, Sequence[FileName]]],
) -> dict[FileName, list[EntityQuery]]:
    """Turn "an entity is fed by files" round: file -> the entities it feeds."""
    feeds: dict[FileName, list[EntityQuery]] = defaultdict(list)
    for query, files in fed:
        for file in files:
            feeds[file].append(query)
    return dict(feeds)


def _rows_verb(
    query: EntityQuery, keys: Sequence[tuple[str, ...]]
) -> Callable[[IbmI], Sequence[TableRow]]:
    return lambda ibmi: ibmi.rows(query, keys)
