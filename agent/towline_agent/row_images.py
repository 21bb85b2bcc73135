"""Reading the current rows of changed keys: the step that all readers of changes have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from towline_agent.ibmi.port import EntityQuery, IbmI, TableRow
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.policy import FileName
from towline_agent.sources.facts import group_rows
from towline_agent.sources.outbox import Plan
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable

__all__ = ["Aside", "Images", "current_rows", "feeds_of", "images_of"]

Images = dict[tuple[str, tuple[str, ...]], list[TableRow]]
_FIRST_ASIDE_S, _MOST_ASIDE_S = 5.0, 60.0


class Aside:
    """Entities whose SELECT does not work for now: not asked for a while, so that others flow.

    Mostly another job holds the file. Each question would wait as long as the machine waits for a
    lock, on the one connection that reads, with everybody else behind it.
    """

    def __init__(self, clock: Clock) -> None:
        """Set nothing aside yet."""
        self._clock = clock
        self._until: dict[str, tuple[float, str, int]] = {}
        self._broke: set[str] = set()

    def why(self, entity: str) -> str:
        """Return why an entity is not asked now; an empty text when it may be."""
        until_s, sentence, _ = self._until.get(entity, (0.0, "", 0))
        return sentence if self._clock.monotonic() < until_s else ""

    def put(self, entity: str, error: Retryable) -> str:
        """Set an entity aside, longer each time; return the sentence."""
        _, _, times = self._until.get(entity, (0.0, "", 0))
        rest_s = min(_MOST_ASIDE_S, _FIRST_ASIDE_S * 2.0 ** min(times, 10))
        self._until[entity] = (self._clock.monotonic() + rest_s, str(error), times + 1)
        return str(error)

    def broke(self, entity: str, error: Retryable) -> None:
        """Note that the connection broke over an entity; the second time in a row is no chance.

        A SELECT that ends its server job (SQL0901), or never ends, would break every connection.
        """
        if entity in self._broke:
            self.put(entity, error)
        self._broke.add(entity)

    def free(self, entity: str) -> None:
        """Forget that an entity was set aside: it was read."""
        self._until.pop(entity, None)
        self._broke.discard(entity)


async def current_rows(
    reader: IbmIWorker,
    queries: Mapping[str, EntityQuery],
    work: Plan,
    aside: Aside | None = None,
) -> tuple[Images, dict[str, str]]:
    """Read the current rows of all planned keys; see :func:`images_of`."""
    entities = dict.fromkeys(change.entity for change in work.changes)
    wanted = {entity: work.keys_of(entity) for entity in entities}
    return await images_of(reader, queries, wanted, aside)


async def images_of(
    reader: IbmIWorker,
    queries: Mapping[str, EntityQuery],
    wanted: Mapping[str, Sequence[tuple[str, ...]]],
    aside: Aside | None = None,
) -> tuple[Images, dict[str, str]]:
    """Read the current rows of keys; an entity whose SELECT fails is set aside.

    Args:
        wanted: entity -> keys.
        aside: remembers entities that are locked, or fail in passing on a connection that is sound;
            they are set aside too. Without it that is raised, for readers that must keep the order
            of all entities.

    Returns:
        (entity, key) -> rows, and entity -> sentence for the entities that can't be read.

    Raises:
        Retryable, Permanent: the connection failed, not a SELECT.
    """
    images: Images = {}
    faults: dict[str, str] = {}
    for entity, keys in wanted.items():
        query = queries[entity]
        held = aside.why(entity) if aside is not None else ""
        if held:
            faults[entity] = held
            continue
        was_up = reader.state.status == "up"
        try:
            rows = await reader.call(_rows_verb(query, keys))
        except Retryable as error:
            if aside is None:
                raise
            if reader.state.status != "up":
                if was_up:
                    aside.broke(entity, error)
                raise
            faults[entity] = aside.put(entity, error)
            continue
        except Permanent as error:
            if reader.state.status != "up":
                raise  # the connection was refused, not this SELECT
            faults[entity] = str(error)
            continue
        if aside is not None:
            aside.free(entity)
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
