"""The table ``[journal]`` of agent.toml: files whose changes are read from a journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_agent.config_feeds import FeedSettings
from towline_agent.config_formats import check_ccsid, object_name, read_field
from towline_agent.ibmi.port import EntityQuery, JournalName
from towline_agent.ibmi.records import RecordFormat
from towline_agent.policy import FileName, Policy, parse_object
from towline_agent.sources.journal_images import JournalFile
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

__all__ = ["JournalSettings", "hold_journal", "read_journal", "without_triggers"]

# IBM warns against asking more often: https://www.ibm.com/support/pages/qsys2displayjournal
_LEAST_POLL_S = 1.0
_MOST_BATCH = 100_000

Fed = Sequence[tuple[EntityQuery, Sequence[FileName]]]


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """One journal and the files that are followed in it; times in seconds.

    Attributes:
        poll_s: how often to look.
        settle_s: how long an entry must have been in sight before it is passed.
        on_lost: ``stop`` leaves a lost position to a person, ``reload`` begins anew by itself.
        batch: entries of one page.
    """

    name: JournalName
    poll_s: float
    settle_s: float
    on_lost: str
    batch: int
    files: tuple[JournalFile, ...]

    @property
    def names(self) -> frozenset[FileName]:
        """The files, which therefore need no trigger."""
        return frozenset(each.file for each in self.files)


def read_journal(top: Section, fed: Fed) -> JournalSettings | None:
    """Read ``[journal]``; None when there is none.

    Args:
        fed: entities with the files that feed them.

    Raises:
        Misconfigured: names file, field, value and what would be accepted.
    """
    if "journal" not in top.data:
        return None
    section = top.section("journal")
    section.only("name", "poll_s", "settle_s", "on_lost", "batch", "files")
    poll_s = section.seconds("poll_s", 5.0)
    if poll_s < _LEAST_POLL_S:
        raise section.wrong("poll_s", poll_s, "must be at least 1 second, as IBM asks for")
    batch = section.number("batch", 1000, least=1)
    if batch > _MOST_BATCH:
        raise section.wrong("batch", batch, f"must be at most {_MOST_BATCH}")
    files = tuple(_file(name, each, fed) for name, each in section.sections("files").items())
    if not files:
        raise Misconfigured(
            f"{section.file}: [journal] follows no file.",
            hint='Describe each one in a table [journal.files."LIBRARY/FILE"].',
        )
    return JournalSettings(
        name=JournalName(*object_name(section, "name", section.text("name"))),
        poll_s=poll_s,
        settle_s=section.seconds("settle_s", 5.0),
        on_lost=section.text("on_lost", "stop", among=("stop", "reload")),
        batch=batch,
        files=files,
    )


def _file(name: str, section: Section, fed: Fed) -> JournalFile:
    section.only("ccsid", "fields", "key", "watched")
    try:
        file = FileName(*parse_object(name))
    except ValueError as error:
        raise Misconfigured(f"{section.file}: [{section.name}] {error}.") from None
    ccsid = section.number("ccsid", 37, least=1)
    check_ccsid(section, ccsid)
    fields = tuple(read_field(each) for each in section.array("fields"))
    names = [field.name for field in fields if field.kind != "filler"]
    twice = sorted({each for each in names if names.count(each) > 1})
    if not names or twice:
        raise section.wrong("fields", twice or [], "must name each field of the record once")
    key = _columns(section, "key", names, section.texts("key"))
    _hold_against_entities(section, file, key, fed)
    return JournalFile(
        file=file,
        record=RecordFormat(str(file), fields, ccsid=ccsid),
        key=key,
        watched=_columns(section, "watched", names, section.texts("watched", names)),
    )


def _columns(
    section: Section, setting: str, names: Sequence[str], columns: Sequence[str]
) -> tuple[str, ...]:
    upper = tuple(column.upper() for column in columns)
    for column in upper:
        if column not in names:
            raise section.wrong(setting, list(upper), f"names {column}, which is not a field")
    return upper


def _hold_against_entities(
    section: Section, file: FileName, key: tuple[str, ...], fed: Fed
) -> None:
    queries = [query for query, files in fed if file in files]
    if not queries:
        raise Misconfigured(
            f"{section.file}: [{section.name}] describes a file that feeds no entity.",
            hint=f'Add "{file}" to fed_by of an entity, or remove the table.',
        )
    for query in queries:
        if len(key) < len(query.key):
            raise section.wrong(
                "key", list(key), f"is shorter than that of {query.entity}: {', '.join(query.key)}"
            )


def without_triggers(
    top: Section, journal: JournalSettings | None, feeds: Sequence[FeedSettings]
) -> tuple[FeedSettings, ...]:
    """Return the feeds, with "no trigger" for every file that is read from the journal.

    Raises:
        Misconfigured: a file is to have a trigger and to be read from the journal as well.
    """
    if journal is None:
        return tuple(feeds)
    for feed in feeds:
        if feed.file in journal.names and feed.operations:
            raise Misconfigured(
                f"{top.file}: {feed.file} is fed by a trigger and by the journal.",
                hint=f'Remove [feeds."{feed.file}"] or [journal.files."{feed.file}"].',
            )
    said = {feed.file for feed in feeds}
    silent = (FeedSettings(each.file, operations="") for each in journal.files)
    return (*feeds, *(feed for feed in silent if feed.file not in said))


def hold_journal(journal: JournalSettings | None, policy: Policy) -> None:
    """Raise Permanent where a journal or its files lie outside the policy."""
    if journal is not None:
        policy.check_journal(journal.name, why="journal.name")
        for each in journal.files:
            policy.check_file(each.file, why="journal.files")
