"""``check`` tells the stations of the way to the relay apart."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.agent_site import write_site
from towline_agent.check import check_all
from towline_agent.config import load_config
from towline_shared.clock import SystemClock
from towline_shared.health import Check, Status

Talk = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def listener(talk: Talk) -> Iterator[int]:
    """Accept connections on a free port until the block ends; each runs ``talk``."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            with link, contextlib.suppress(OSError):
                talk(link)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def http(status: str = "200 OK", *, date: dt.datetime | None = None) -> Talk:
    """Answer one request as a relay does."""

    def talk(link: socket.socket) -> None:
        link.recv(4096)
        moment = format_datetime(date or dt.datetime.now(dt.UTC), usegmt=True)
        link.sendall(f"HTTP/1.1 {status}\r\nDate: {moment}\r\n\r\n".encode())

    return talk


def tls(certificate: Path, talk: Talk) -> Talk:
    """The same inside TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def wrapped(link: socket.socket) -> None:
        with context.wrap_socket(link, server_side=True) as secure:
            talk(secure)

    return wrapped


def found(folder: Path, url: str, *, more: str = "", proxy: str = "none") -> dict[str, Check]:
    path = write_site(folder, url=url, address="127.0.0.1:1")
    text = path.read_text().replace('proxy = "none"', f'proxy = "{proxy}"\n{more}')
    path.write_text(text)
    return {check.name: check for check in check_all(load_config(path), clock=SystemClock())}


def test_a_relay_that_serves_is_ok(tmp_path: Path) -> None:
    """Name, port, relay and clock, each by itself."""
    with listener(http()) as port:
        checks = found(tmp_path, f"ws://127.0.0.1:{port}/link")
    names = ("relay name", "relay port", "relay", "clock")
    assert [checks[name].status for name in names] == [Status.OK] * 4


def test_tls_needs_a_trusted_certificate(tmp_path: Path, certificate: Path) -> None:
    """An unknown authority fails with the setting to use; with the setting it is well."""
    with listener(tls(certificate, http())) as port:
        url = f"wss://127.0.0.1:{port}/link"
        refused = found(tmp_path / "one", url)["relay TLS"]
        trusted = found(tmp_path / "two", url, more=f'ca_file = "{certificate}"')
    assert refused.status is Status.FAILED
    assert "ca_file" in refused.hint
    assert trusted["relay TLS"].status is trusted["relay"].status is Status.OK


def test_a_proxy_is_a_station_of_its_own(tmp_path: Path) -> None:
    """A proxy that wants a sign-on is told from a relay that is down."""
    with listener(http("407 Proxy Authentication Required")) as port:
        checks = found(tmp_path, "wss://relay.invalid:443/link", proxy=f"http://127.0.0.1:{port}")
    assert checks["proxy"].status is checks["relay port"].status is Status.OK
    assert "407" in checks["proxy tunnel"].detail


def test_a_way_through_a_proxy_ends_at_the_relay(tmp_path: Path, certificate: Path) -> None:
    """CONNECT names the relay, and TLS goes on inside the tunnel."""
    asked: list[bytes] = []

    def tunnel(link: socket.socket) -> None:
        asked.append(link.recv(4096))
        link.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        tls(certificate, http())(link)

    with listener(tunnel) as port:
        checks = found(
            tmp_path,
            "wss://127.0.0.1:7443/link",
            more=f'ca_file = "{certificate}"',
            proxy=f"http://127.0.0.1:{port}",
        )
    assert asked[0].startswith(b"CONNECT 127.0.0.1:7443 HTTP/1.1\r\n")
    assert checks["relay"].status is Status.OK


def test_a_wrong_clock_is_a_warning(tmp_path: Path) -> None:
    """Signed answers and lags are judged by time."""
    late = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    with listener(http(date=late)) as port:
        clock = found(tmp_path, f"ws://127.0.0.1:{port}/link")["clock"]
    assert clock.status is Status.WARNING


def test_something_else_at_the_address_is_said(tmp_path: Path) -> None:
    """A web server that knows no relay answers 404."""
    with listener(http("404 Not Found")) as port:
        relay = found(tmp_path, f"ws://127.0.0.1:{port}/link")["relay"]
    assert relay.status is Status.WARNING
    assert "404" in relay.detail
