"""``towline-agent check``: what a person needs to know before and after the start, one line each.

It tells the stations of the way to the relay apart (name, port, proxy, TLS) and signs on to the
IBM i once; it changes nothing on either side.
"""

from __future__ import annotations

import codecs
import contextlib
import locale
import os
import socket
import sqlite3
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from towline_agent.buffer_file import try_buffer
from towline_agent.config import AgentConfig, RelaySettings
from towline_agent.config_journal import JournalSettings
from towline_agent.ibmi.drivers import load_driver
from towline_agent.ibmi.port import IbmI, Purpose
from towline_agent.identity import load_identity
from towline_agent.state_file import prepare_state
from towline_agent.tls import tls_context
from towline_shared.clock import Clock, SystemClock
from towline_shared.errors import Retryable, TowlineError
from towline_shared.health import Check, Status
from towline_shared.storage import sqlite_note

__all__ = ["check_all"]

_TIMEOUT_S = 10.0
_CLOCK_OFF = timedelta(seconds=60)


def check_all(config: AgentConfig, *, clock: Clock) -> list[Check]:
    """Check everything; each part goes on when another fails."""
    since = clock.now()

    def line(name: str, status: Status, detail: str, hint: str = "") -> Check:
        return Check(name, status, since, detail, hint)

    found = [line("settings", Status.OK, f"{config.file} is sound.")]
    for part in (_storage, _identity, _ibmi, _relay):
        found += part(config, line)
    return found


Line = Callable[..., Check]


def _failed(line: Line, name: str, error: TowlineError) -> Check:
    status = Status.WARNING if isinstance(error, Retryable) else Status.FAILED
    return line(name, status, error.what, error.hint)


def _storage(config: AgentConfig, line: Line) -> Iterator[Check]:
    note = sqlite_note(sqlite3.sqlite_version_info)
    status = Status.WARNING if note else Status.OK
    yield line("SQLite", status, f"Version {sqlite3.sqlite_version}.", note)
    try:
        prepare_state(config.state)
    except TowlineError as error:
        yield _failed(line, "state folder", error)
        return
    yield line("state folder", Status.OK, f"{config.state} can be written.")
    try:
        try_buffer(config.state, clock=SystemClock())
    except TowlineError as error:
        if "in use" in error.what:
            yield line("buffer", Status.OK, "The running agent has it open.")
        else:
            yield _failed(line, "buffer", error)
        return
    yield line("buffer", Status.OK, "It opens and can be written.")


def _identity(config: AgentConfig, line: Line) -> Iterator[Check]:
    try:
        identity = load_identity(config.state)
    except TowlineError as error:
        yield _failed(line, "identity", error)
        return
    yield line(
        "identity",
        Status.OK,
        f"Enrolled as {identity.name or identity.agent_id}: {identity.words}.",
    )
    if identity.relay_url != config.relay.url:
        yield line(
            "identity address",
            Status.WARNING,
            f"Enrolled at {identity.relay_url}, configured for {config.relay.url}.",
            "Enrol anew if this is another relay.",
        )


def _ibmi(config: AgentConfig, line: Line) -> Iterator[Check]:
    try:
        driver = load_driver(config.ibmi, config.site)
    except TowlineError as error:
        yield _failed(line, "driver", error)
        return
    yield line("driver", Status.OK, f"{config.driver} is installed and its settings are sound.")
    if os.name == "posix" and codecs.lookup(locale.getencoding()).name != "utf-8":
        # under another locale the ODBC driver garbles text: mkleehammer/pyodbc issue 969
        yield line(
            "locale", Status.WARNING, f"The locale's encoding is {locale.getencoding()}.",
            "Start the agent with LANG=C.UTF-8 (in PASE also PASE_LANG, QIBM_PASE_CCSID=1208).",
        )  # fmt: skip
    try:
        connection = driver.connect(Purpose.READ)
    except TowlineError as error:
        yield _failed(line, "sign-on", error)
        return
    with contextlib.closing(connection):
        yield from _signed_on(config, connection, line)
    try:  # only after a sign-on that worked: a refused one is never repeated
        writing = driver.connect(Purpose.WRITE)
    except TowlineError as error:
        yield _failed(line, "writing connection", error)
        return
    with contextlib.closing(writing):
        yield from _writing(config, writing, line)


def _writing(config: AgentConfig, connection: IbmI, line: Line) -> Iterator[Check]:
    """Try what documents need: their tables, the outbox's DELETE; each on no row."""
    try:
        about = connection.describe()
    except TowlineError as error:
        yield _failed(line, "writing connection", error)
        return
    for sentence in about.missing:
        yield line("authority to write", Status.FAILED, sentence)
    if not about.missing:
        yield line("writing connection", Status.OK, f"{about.user} may write what orders need.")


def _journal(journal: JournalSettings, connection: IbmI, line: Line) -> Check:
    """Ask for the newest entry: proves the name and *USE on journal and receivers."""
    files = [(each.file.library, each.file.name) for each in journal.files]
    try:
        newest = connection.journal(journal.name, files=files, after=None, limit=1).position
    except TowlineError as error:
        return _failed(line, f"journal {journal.name}", error)
    if newest is None:
        return line(f"journal {journal.name}", Status.FAILED, "It holds no entry.")
    said = f"Newest entry {newest.sequence} in {newest.receiver_library}/{newest.receiver}."
    return line(f"journal {journal.name}", Status.OK, said)


def _signed_on(config: AgentConfig, connection: IbmI, line: Line) -> Iterator[Check]:
    try:
        about = connection.describe()
    except TowlineError as error:
        yield _failed(line, "sign-on", error)
        return
    kind = " (simulated)" if about.simulated else ""
    yield line(
        "sign-on",
        Status.OK,
        f"{about.user} on {about.system}, {about.release}, CCSID {about.ccsid}{kind}.",
    )
    if about.ccsid == 65535:
        yield line(
            "CCSID", Status.WARNING, "QCCSID is 65535: text columns may come unconverted.",
            "Where a SELECT gives bytes, set ibmi.ccsid_65535 or CAST the column.",
        )  # fmt: skip
    for sentence in about.missing:
        yield line("authority", Status.FAILED, sentence, "Run the grants of the install script.")
    try:
        connection.outbox(after=0, limit=1)
        yield line("outbox", Status.OK, f"{config.outbox.library}/OUTBOX can be read.")
    except TowlineError as error:
        yield _failed(line, "outbox", error)
    for entity in config.entities:
        try:
            connection.snapshot(entity.query, after_key=None, limit=1)
            yield line(f"entity {entity.query.entity}", Status.OK, "Its SELECT runs.")
        except TowlineError as error:
            yield _failed(line, f"entity {entity.query.entity}", error)
    queues = [each.queue for each in config.queues]
    if config.outbox.doorbell is not None:
        queues.append(config.outbox.doorbell)
    for queue in queues:
        try:
            info = connection.queue_info(queue)
            yield line(f"queue {queue}", Status.OK, f"{info.sequence}, {info.entries} entries.")
        except TowlineError as error:
            yield _failed(line, f"queue {queue}", error)
    if config.journal is not None:
        yield _journal(config.journal, connection, line)
    for signal in config.courtesy.signals:
        try:
            stands = signal.sign.ask()(connection)
            state = "on" if stands else "off"
            yield line(f"signal {signal.name}", Status.OK, f"The {signal.sign} says: {state}.")
        except TowlineError as error:
            yield _failed(line, f"signal {signal.name}", error)


def _relay(config: AgentConfig, line: Line) -> Iterator[Check]:
    parts = urlsplit(config.relay.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    proxy = _proxy(config.relay, host)
    first, first_port = host, port
    if proxy:
        proxy_parts = urlsplit(proxy)
        first = proxy_parts.hostname or ""
        first_port = proxy_parts.port or (443 if proxy_parts.scheme == "https" else 80)
        yield line("proxy", Status.OK, f"The way leads through {first}:{first_port}.")
    try:
        addresses = socket.getaddrinfo(first, first_port, type=socket.SOCK_STREAM)
        yield line("relay name", Status.OK, f"{first} is {addresses[0][4][0]}.")
    except OSError:
        yield line(
            "relay name", Status.FAILED, f"The name {first} can't be resolved.",
            "Check DNS, or set [relay] proxy.",
        )  # fmt: skip
        return
    try:
        plain = socket.create_connection((first, first_port), timeout=_TIMEOUT_S)
    except OSError as error:
        yield line(
            "relay port", Status.FAILED, f"{first}:{first_port} does not answer: {error}.",
            f"Let the firewall pass outbound TCP to {first} port {first_port}.",
        )  # fmt: skip
        return
    with plain:
        yield line("relay port", Status.OK, f"{first}:{first_port} answers.")
        yield from _beyond(config.relay, plain, host, port, bool(proxy), line)


def _proxy(relay: RelaySettings, host: str) -> str:
    if relay.proxy != "environment":
        return relay.proxy or ""
    if urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies()
    return proxies.get("https") or proxies.get("all") or ""


def _beyond(
    relay: RelaySettings, plain: socket.socket, host: str, port: int, proxied: bool, line: Line
) -> Iterator[Check]:
    """Go on over the open connection: through the proxy, through TLS, to the relay's health."""
    link = plain
    try:
        if proxied:
            plain.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            answer = _answer(plain).split("\r\n", 1)[0]
            if " 200" not in answer:
                yield line(
                    "proxy tunnel", Status.FAILED, f"The proxy says: {answer[:80]}.",
                    f"Ask for CONNECT to {host}:{port} without sign-on.",
                )  # fmt: skip
                return
            yield line("proxy tunnel", Status.OK, "The proxy lets us through.")
        tls = tls_context(relay.url, relay.ca_file)
        if tls is not None:
            link = tls.wrap_socket(plain, server_hostname=host)
            yield line("relay TLS", Status.OK, f"{link.version()}, the certificate is trusted.")
        link.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head = _answer(link)
    except ssl.SSLCertVerificationError as error:
        yield line(
            "relay TLS", Status.FAILED, f"The certificate is not trusted: {error.verify_message}.",
            "If a proxy opens TLS here, name its authority: [relay] ca_file.",
        )  # fmt: skip
        return
    except (OSError, TowlineError) as error:
        yield line("relay TLS", Status.FAILED, f"The connection broke: {error}.")
        return
    finally:
        if link is not plain:
            link.close()
    yield from _http(head, line)


def _answer(link: socket.socket) -> str:
    """Read the head of an HTTP answer."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < 65_536:
        part = link.recv(4096)
        if not part:
            break
        data += part
    return data.split(b"\r\n\r\n", 1)[0].decode("latin-1")


def _http(head: str, line: Line) -> Iterator[Check]:
    status, _, rest = head.partition("\r\n")
    fine = " 200" in status
    yield line(
        "relay",
        Status.OK if fine else Status.WARNING,
        "It serves." if fine else f"It answers {status[:60] or 'nothing'}.",
        "" if fine else "Check [relay] url with the relay's operator.",
    )
    for header in rest.split("\r\n"):
        name, _, value = header.partition(":")
        if name.lower() == "date":
            with contextlib.suppress(ValueError):
                yield _clock(parsedate_to_datetime(value.strip()), line)


def _clock(theirs: datetime, line: Line) -> Check:
    off = abs(datetime.now(UTC) - theirs)
    if off > _CLOCK_OFF:
        return line(
            "clock", Status.WARNING,
            f"This machine and the relay differ by {off.total_seconds():.0f} s.",
            "Let a time server set the clock.",
        )  # fmt: skip
    return line("clock", Status.OK, "It agrees with the relay's.")
