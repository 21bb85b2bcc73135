"""Which trigger each fed file gets: its keys, the columns that count, how they are compared. Pure.

What agent.toml says under ``[feeds]`` counts; what it leaves out is taken from the entity's own
SELECT where that is certain. A key that can't be told is refused, for a wrong key loses changes; a
column that can't be told makes every rewritten record news, which only costs a look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from towline_agent.config import AgentConfig, EntitySettings
from towline_agent.config_feeds import MOST_KEYS, FeedSettings, KeyPart
from towline_agent.ibmi.catalogue import FileLayout, Kind
from towline_agent.ibmi.install.objects import Compared, KnownColumn, KnownFile, Trigger
from towline_agent.ibmi.install.select_text import SelectText
from towline_agent.policy import FileName
from towline_shared.errors import Misconfigured

__all__ = ["layout_columns", "triggers"]

_TYPES = {Kind.TIMESTAMP: "TIMESTMP"}  # the catalogue's word


def triggers(
    config: AgentConfig,
    *,
    own: Mapping[FileName, FileLayout],
    known: Mapping[FileName, KnownFile],
) -> tuple[Trigger, ...]:
    """Return the triggers, in the order of the entities.

    Args:
        own: layouts of Towline's own tables, which need no catalogue.

    Raises:
        Misconfigured: a key can't be told, or there are too few or too many.
    """
    said = {feed.file: feed for feed in config.feeds}
    fed: dict[FileName, list[EntitySettings]] = {}
    for entity in config.entities:
        for file in entity.fed_by:
            fed.setdefault(file, []).append(entity)
    columns = {**known, **{file: layout_columns(layout) for file, layout in own.items()}}
    found: list[Trigger] = []
    for file, entities in fed.items():
        feed = said.get(file, FeedSettings(file))
        if feed.operations:
            found.append(_trigger(config, feed, entities, columns.get(file), found))
    return tuple(found)


def layout_columns(layout: FileLayout) -> KnownFile:
    """Return the columns of one of our own tables as the catalogue would tell them."""
    return {
        each.name: KnownColumn(
            each.name,
            _TYPES.get(each.type.kind, each.type.kind.value),
            each.type.length,
            each.type.decimals,
            ccsid=each.type.ccsid,
        )
        for each in layout.fields
    }


def _trigger(
    config: AgentConfig,
    feed: FeedSettings,
    entities: Sequence[EntitySettings],
    columns: KnownFile | None,
    before: Sequence[Trigger],
) -> Trigger:
    file = feed.file
    keys = _keys(config, feed, entities)
    watched, notes = _watched(feed, entities, columns)
    name = f"{file.name}_OUTBOX"
    if any(each.name == name for each in before):  # the same file name in two libraries
        name = f"{file.library}_{name}"
    return Trigger(
        library=config.outbox.library,
        name=name,
        program=_program(file.name, {each.program for each in before}),
        file=file,
        keys=tuple(_as_text(key, columns) for key in keys),
        watched=watched if "U" in feed.operations else (),
        operations=feed.operations,
        entities=tuple(entity.query.entity for entity in entities),
        doorbell=config.outbox.doorbell,
        notes=notes if "U" in feed.operations else (),
    )


def _program(file: str, taken: set[str]) -> str:
    """Return TW and the file's name, at most 10 characters and not yet taken."""
    name = f"TW{file}"[:10]
    for digit in range(2, 10):
        if name not in taken:
            break
        name = f"TW{file[:7]}{digit}"
    return name


def _keys(
    config: AgentConfig, feed: FeedSettings, entities: Sequence[EntitySettings]
) -> tuple[KeyPart, ...]:
    needed = max((entity.query.key for entity in entities), key=len)
    if feed.keys:
        keys: tuple[KeyPart, ...] = feed.keys
    else:
        keys = tuple(_derived(config, feed.file, column, entities) for column in needed)
    if len(keys) < len(needed) or len(keys) > MOST_KEYS:
        raise Misconfigured(
            f'{config.file}: feeds."{feed.file}".keys has {len(keys)} columns; the entities it'
            f" feeds need {len(needed)}, and the outbox holds {MOST_KEYS}.",
            hint=f"Name the columns of {feed.file} behind {', '.join(needed)}, in this order.",
        )
    return keys


def _derived(
    config: AgentConfig, file: FileName, column: str, entities: Sequence[EntitySettings]
) -> KeyPart:
    for entity in entities:
        part = SelectText.read(entity.query.select).key_part(column, file)
        if part is not None:
            return part
    raise Misconfigured(
        f'{config.file}: feeds."{file}".keys is missing, and the SELECT of'
        f" {entities[0].query.entity} does not show which column of {file} is {column}.",
        hint=f'Write [feeds."{file}"] keys = ["..."], the columns its trigger puts in the outbox.',
    )


def _as_text(key: KeyPart, columns: KnownFile | None) -> KeyPart:
    """Decide how a key becomes text, where nobody said.

    DIGITS has no sign and no decimal point, so no job's DECFMT can change the key. RTRIM does
    nothing to a VARCHAR, so only columns known to be one go without.
    """
    column = (columns or {}).get(key.column)
    if key.function or column is None:
        return key if key.function else KeyPart(key.column, "RTRIM")
    if column.is_number:
        return KeyPart(key.column, "DIGITS")
    return key if column.type == "VARCHAR" else KeyPart(key.column, "RTRIM")


def _watched(
    feed: FeedSettings, entities: Sequence[EntitySettings], columns: KnownFile | None
) -> tuple[tuple[Compared, ...], tuple[str, ...]]:
    """Return the watched columns and what the script must say about them."""
    names = feed.watched or _named_by_selects(feed.file, entities)
    notes: list[str] = []
    if names is None and columns:
        names = tuple(columns)
        notes.append("Every column counts: the SELECT does not tell for certain which it uses.")
    if names is None:
        return (), (
            "Every rewritten record counts: which columns the SELECT uses can't be told for"
            " certain. Name them in watched to keep the outbox small.",
        )
    if not feed.watched and not notes:
        notes.append("The columns are those the SELECT names.")
    if columns is None and feed.hex is None:
        notes.append("Types were not known when this was written, so all are compared as HEX.")
    return tuple(_compared(name, feed.hex, columns) for name in names), tuple(notes)


def _named_by_selects(file: FileName, entities: Sequence[EntitySettings]) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for entity in entities:
        names = SelectText.read(entity.query.select).columns_of(file)
        if names is None:
            return None
        found.update(dict.fromkeys(names))
    return tuple(found)


def _compared(name: str, said: tuple[str, ...] | None, columns: KnownFile | None) -> Compared:
    """Decide how one column is compared.

    HEX can't fail on bytes that are no number, and is exact for text too; so it is what is used
    where nothing is known. IS DISTINCT FROM sees a change from or to null; ``<>`` does not.
    """
    column = (columns or {}).get(name)
    if column is not None:
        as_hex = column.is_number if said is None else name in said or column.is_number
        return Compared(name, as_hex, column.nullable)
    if said is not None:
        return Compared(name, name in said, nullable=False)
    return Compared(name, as_hex=True, nullable=True)
