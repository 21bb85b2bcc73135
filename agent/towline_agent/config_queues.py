"""The tables ``[queues.NAME]`` of agent.toml: data queues whose entries are data."""

from __future__ import annotations

from dataclasses import dataclass

from towline_agent.config_formats import COLUMNS, check_ccsid, object_name, read_field
from towline_agent.ibmi.ccsid import GRAPHIC
from towline_agent.ibmi.port import QueueName
from towline_agent.ibmi.records import RecordFormat
from towline_agent.sources.entry_formats import EntryFormat, JsonFormat, TextFormat
from towline_shared.config import Section

__all__ = ["QueueSettings", "read_queue"]

_ENTITIES = ("item", "price", "stock")
_OWN = {"record": ("fields",), "json": (), "text": ("columns", "separator")}
_CCSID = {"record": 37, "json": 1208, "text": 37}


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A data queue whose entries are data; ``look_s`` is in seconds.

    ``after_ack``: entries leave the queue only when the relay holds their events.
    """

    name: str
    queue: QueueName
    entity: str
    entries: EntryFormat
    key: tuple[str, ...]
    look_s: float
    after_ack: bool = False

    @property
    def entry_bytes(self) -> int:
        """Bytes of an entry; 0 where the format does not fix them (JSON and text)."""
        return self.entries.size if isinstance(self.entries, RecordFormat) else 0


def read_queue(name: str, section: Section) -> QueueSettings:
    """Read one table.

    Raises:
        Misconfigured: names file, field, value and what would be accepted.
    """
    form = section.text("format", "record", among=tuple(_OWN))
    section.only(
        "queue", "entity", "format", "ccsid", "key", "look_s", "fields", "columns", "separator",
        "take",
    )  # fmt: skip
    for other in {each for names in _OWN.values() for each in names} - set(_OWN[form]):
        if other in section.data:
            raise section.wrong(other, section.data[other], f'is not for format = "{form}"')
    entity = section.text("entity", among=_ENTITIES)
    queue = QueueName(*object_name(section, "queue", section.text("queue")))
    key = tuple(column.upper() for column in section.texts("key"))
    ccsid = section.number("ccsid", _CCSID[form], least=1)
    check_ccsid(section, ccsid)
    entries: EntryFormat
    if form == "json":
        needs = dict.fromkeys((*COLUMNS[entity], *key))
        entries = JsonFormat(str(queue), tuple(needs), ccsid)
    elif form == "text":
        entries = _text(section, str(queue), entity, key, ccsid)
    else:
        entries = _record(section, str(queue), entity, key, ccsid)
    take = section.text("take", "kept", among=("kept", "acked"))
    look_s = section.seconds("look_s", 5.0)
    return QueueSettings(name, queue, entity, entries, key, look_s, take == "acked")


def _record(
    section: Section, name: str, entity: str, key: tuple[str, ...], ccsid: int
) -> RecordFormat:
    if ccsid in GRAPHIC:
        raise section.wrong("ccsid", ccsid, "is for graphic fields; name it there")
    fields = tuple(read_field(each) for each in section.array("fields"))
    if not fields:
        raise section.wrong("fields", [], "must describe the record, field by field")
    _hold(section, "fields", [each.name for each in fields if each.name], entity, key, "field")
    return RecordFormat(name, fields, ccsid=ccsid)


def _text(section: Section, name: str, entity: str, key: tuple[str, ...], ccsid: int) -> TextFormat:
    separator = section.text("separator", ";")
    if len(separator) != 1 or separator.isalnum():
        raise section.wrong("separator", separator, "must be one character, no letter or digit")
    columns = tuple(column.upper() for column in section.texts("columns"))
    _hold(section, "columns", [each for each in columns if each], entity, key, "column")
    return TextFormat(name, columns, separator, ccsid)


def _hold(
    section: Section, setting: str, names: list[str], entity: str, key: tuple[str, ...], word: str
) -> None:
    """Refuse a name twice, a key that is no part of the entry, and what the entity lacks."""
    twice = {each for each in names if names.count(each) > 1}
    if twice:
        raise section.wrong(setting, sorted(names), f"names {', '.join(sorted(twice))} twice")
    for column in key:
        if column not in names:
            raise section.wrong("key", list(key), f"names {column}, which is not a {word}")
    lacking = [column for column in COLUMNS[entity] if column not in names]
    if lacking:
        raise section.wrong(setting, sorted(names), f"must hold {', '.join(lacking)}")
