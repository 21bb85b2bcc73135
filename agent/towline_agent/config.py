"""agent.toml into frozen settings: every fault is one sentence with file, field and value.

The file is the customer's own. The relay never sees it and can't change it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from towline_agent.config_buffer import BufferSettings, read_buffer
from towline_agent.config_courtesy import (
    CourtesySettings,
    SnapshotSettings,
    hold_signals,
    read_courtesy,
    read_snapshot,
)
from towline_agent.config_feeds import (
    FeedSettings,
    InstallSettings,
    read_feeds,
    read_install,
)
from towline_agent.config_formats import (
    COLUMNS,
    object_name,
    object_names,
)
from towline_agent.config_journal import (
    JournalSettings,
    hold_journal,
    read_journal,
    without_triggers,
)
from towline_agent.config_orders import OrderSettings, hold_orders, read_orders
from towline_agent.config_policy import read_policy
from towline_agent.config_queues import QueueSettings, read_queue
from towline_agent.ibmi.port import EntityQuery, QueueName, Site
from towline_agent.policy import FileName, Policy
from towline_agent.protect import PROTECTIONS
from towline_shared.config import Section, load_toml
from towline_shared.errors import Misconfigured, Permanent

__all__ = [
    "AgentConfig",
    "EntitySettings",
    "OrderSettings",
    "OutboxSettings",
    "QueueSettings",
    "RelaySettings",
    "load_config",
]

ENTITIES = tuple(COLUMNS)
_INITIAL = ("item", "price", "stock")  # what a shop needs before the first change
_AUTHORITY = "-- authority:"


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where the relay is and how to get there.

    Attributes:
        url: ``wss://...`` (``ws://`` only for loopback).
        proxy: a proxy's URL, ``environment``, or None for a direct connection.
        ca_file: certificates of a corporate authority, trusted beside the system's.
    """

    url: str
    proxy: str | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """The outbox and its doorbell; times in seconds.

    Attributes:
        look_again_s: when published keys are read once more, because what was read may never have
            been committed; 0: never.
    """

    library: str
    doorbell: QueueName | None
    wait_s: float
    sweep_s: float
    batch: int
    look_again_s: float = 0.0


@dataclass(frozen=True, slots=True)
class EntitySettings:
    """One entity: its SELECT, the files whose triggers feed it, whether it is loaded at first."""

    query: EntityQuery
    fed_by: tuple[FileName, ...]
    authority: str
    initial_load: bool

    @property
    def is_state(self) -> bool:
        """True for what has a current value, and so can be loaded anew at any time."""
        return self.query.entity in _INITIAL


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """The whole of agent.toml.

    Attributes:
        ibmi: the ``[ibmi]`` table, unread: it belongs to the driver.
        snapshot: pages of an initial load and what it may take from the partition.
        courtesy: quiet hours, fuse, and what the operator is told.
        journal: files whose changes are read from a journal; None where triggers feed all.
        feeds: what triggers write; with ``install`` only for ``towline-agent ibmi``.
    """

    file: Path
    relay: RelaySettings
    state: Path
    protect: str
    health_port: int
    driver: str
    ibmi: Section
    policy: Policy
    outbox: OutboxSettings
    entities: tuple[EntitySettings, ...]
    queues: tuple[QueueSettings, ...]
    orders: OrderSettings
    buffer: BufferSettings
    snapshot: SnapshotSettings
    courtesy: CourtesySettings
    log_format: str
    journal: JournalSettings | None
    feeds: tuple[FeedSettings, ...]
    install: InstallSettings

    @property
    def queries(self) -> dict[str, EntityQuery]:
        """Entity name to its query."""
        return {entity.query.entity: entity.query for entity in self.entities}

    @property
    def triggered(self) -> tuple[EntitySettings, ...]:
        """The entities with those of their files that feed the outbox, not the journal."""
        journaled = self.journal.names if self.journal else frozenset()
        return tuple(
            replace(each, fed_by=tuple(file for file in each.fed_by if file not in journaled))
            for each in self.entities
        )

    @property
    def look_again_s(self) -> float:
        """When to read published keys once more; 0 where only committed rows are read."""
        committed = self.ibmi.data.get("read") == "committed"
        return 0.0 if committed else self.outbox.look_again_s

    @property
    def site(self) -> Site:
        """What the driver must know beside its own table."""
        return Site(
            library=self.outbox.library,
            unique_key=self.orders.unique_key,
            messages=self.courtesy.messages,
        )


def load_config(path: Path) -> AgentConfig:
    """Read and check agent.toml and the SELECT files beside it; touches no network.

    Raises:
        Misconfigured: names file, field, value and what would be accepted.
        Permanent: something configured lies outside the policy.
    """
    top = load_toml(path)
    top.only(
        "relay", "state", "health", "ibmi", "policy", "outbox", "entities", "queues", "orders",
        "buffer", "snapshot", "calendar", "courtesy", "feeds", "install", "journal",
        "log",
    )  # fmt: skip
    entities = _entities(top)
    journal = read_journal(top, [(each.query, each.fed_by) for each in entities])
    feeds = read_feeds(top, [file for each in entities for file in each.fed_by])
    config = AgentConfig(
        file=path,
        relay=_relay(top.section("relay", required=True)),
        state=_state(top.section("state")),
        protect=top.section("state").text("protect", "auto", among=PROTECTIONS),
        health_port=_port(top.section("health")),
        driver=top.section("ibmi", required=True).text("driver"),
        ibmi=top.section("ibmi"),
        policy=read_policy(top.section("policy", required=True)),
        outbox=_outbox(top.section("outbox", required=True)),
        entities=entities,
        queues=tuple(read_queue(name, each) for name, each in top.sections("queues").items()),
        orders=read_orders(top.section("orders")),
        buffer=read_buffer(top.section("buffer")),
        snapshot=read_snapshot(top.section("snapshot")),
        courtesy=read_courtesy(top.section("calendar"), top.section("courtesy")),
        log_format=_log(top.section("log")),
        journal=journal,
        feeds=without_triggers(top, journal, feeds),
        install=read_install(top.section("install")),
    )
    _hold_against_policy(config)
    return config


def _relay(section: Section) -> RelaySettings:
    section.only("url", "proxy", "ca_file")
    url = section.text("url")
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme not in ("wss", "ws") or not parts.hostname:
        raise section.wrong("url", url, "must be a websocket address such as wss://host/link")
    if parts.scheme == "ws" and not local:
        raise section.wrong("url", url, "must begin with wss:// (ws:// is for loopback only)")
    if parts.username or parts.password:
        raise Misconfigured(f"{section.file}: relay.url must not hold a user or a password.")
    proxy = section.text("proxy", "environment")
    if proxy not in ("environment", "none") and urlsplit(proxy).scheme not in ("http", "https"):
        raise Misconfigured(
            f"{section.file}: relay.proxy is neither environment, none nor an http(s) address.",
            hint='Write proxy = "http://proxy.example.com:3128".',
        )
    ca_file = section.path("ca_file") if "ca_file" in section.data else None
    if ca_file is not None and not ca_file.is_file():
        raise section.wrong("ca_file", str(ca_file), "is not a file")
    return RelaySettings(url=url, proxy=None if proxy == "none" else proxy, ca_file=ca_file)


def _state(section: Section) -> Path:
    section.only("folder", "protect")
    return section.path("folder", "state")


def _port(section: Section) -> int:
    section.only("port")
    port = section.number("port", 8411)
    if port > 65535:
        raise section.wrong("port", port, "must be at most 65535")
    return port


def _log(section: Section) -> str:
    section.only("format")
    return section.text("format", "console", among=("console", "json"))


def _outbox(section: Section) -> OutboxSettings:
    section.only("library", "doorbell", "wait_s", "sweep_s", "batch", "look_again_s")
    doorbell = section.text("doorbell", "")
    wait_s = section.seconds("wait_s", 5.0)
    if wait_s > 30:  # a stop request and a save window must be seen in time
        raise section.wrong("wait_s", wait_s, "must be at most 30 seconds")
    return OutboxSettings(
        library=section.text("library"),
        doorbell=QueueName(*object_name(section, "doorbell", doorbell)) if doorbell else None,
        wait_s=wait_s,
        sweep_s=section.seconds("sweep_s", 60.0),
        batch=section.number("batch", 500, least=1),
        look_again_s=_look_again_s(section),
    )


def _look_again_s(section: Section) -> float:
    value = section.data.get("look_again_s")
    return 0.0 if value == 0 and value is not False else section.seconds("look_again_s", 60.0)


def _entities(top: Section) -> tuple[EntitySettings, ...]:
    tables = top.sections("entities")
    for name in tables:
        if name not in ENTITIES:
            raise Misconfigured(
                f"{top.file}: entities.{name} is not an entity Towline knows.",
                hint=f"Known: {', '.join(ENTITIES)}.",
            )
    return tuple(_entity(name, tables[name]) for name in ENTITIES if name in tables)


def _entity(name: str, section: Section) -> EntitySettings:
    section.only("select_file", "key", "fed_by", "initial_load")
    select, authority = _select(section)
    key = tuple(column.upper() for column in section.texts("key", COLUMNS[name]))
    missing = [column for column in COLUMNS[name] if column not in key]
    if missing:
        raise section.wrong("key", list(key), f"must hold {', '.join(COLUMNS[name])}")
    return EntitySettings(
        query=EntityQuery(entity=name, select=select, key=key),
        fed_by=tuple(FileName(*pair) for pair in object_names(section, "fed_by")),
        authority=authority,
        initial_load=section.flag("initial_load", name in _INITIAL),
    )


def _select(section: Section) -> tuple[str, str]:
    """Read a SELECT file; return the statement and its authority line."""
    path = section.path("select_file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise section.wrong("select_file", str(path), f"can't be read: {error}") from None
    first, _, rest = text.partition("\n")
    if not first.startswith(_AUTHORITY) or not first.removeprefix(_AUTHORITY).strip():
        raise Misconfigured(
            f"{path} does not begin with its authority.",
            hint=f"First line: {_AUTHORITY} SELECT on LIBRARY.FILE (what an administrator grants).",
        )
    select = rest.strip()
    if not select.upper().startswith(("SELECT", "WITH")) or ";" in select:
        raise Misconfigured(
            f"{path} is not one single SELECT.", hint="Write one SELECT without a semicolon."
        )
    return select, first.removeprefix(_AUTHORITY).strip()


def _hold_against_policy(config: AgentConfig) -> None:
    """Refuse at start what the customer's own list does not allow."""
    policy = config.policy
    if config.outbox.library not in policy.libraries:
        raise Permanent(
            f"The outbox library {config.outbox.library} is outside this site's policy.",
            hint=f'Add "{config.outbox.library}" to libraries under [policy] in agent.toml.',
        )
    if config.outbox.doorbell is not None:
        policy.check_queue(config.outbox.doorbell, why="outbox.doorbell")
    for entity in config.entities:
        policy.check_select(entity.query)
    hold_journal(config.journal, policy)
    for source in config.queues:
        policy.check_queue(source.queue, why=f"queues.{source.name}")
        if source.queue == config.outbox.doorbell:
            raise Misconfigured(
                f"{config.file}: queues.{source.name}.queue is also the doorbell.",
                hint="A doorbell carries no data and is taken freely; use another queue.",
            )
    hold_orders(config.orders, policy)
    hold_signals(config.courtesy, policy)
