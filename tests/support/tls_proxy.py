"""A proxy that opens TLS, as companies have them: its own authority, every message in the clear.

It ends the agent's TLS with a certificate of the company's authority and speaks to the relay for
it. It reads everything a websocket carries, and changes what a test wants changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from towline_agent.link_client import SUBPROTOCOL

__all__ = ["TlsProxy", "company_authority", "tls_proxy"]

Change = Callable[[str, int, bytes], list[bytes]]


@dataclass
class TlsProxy:
    """What it saw and what it does.

    Attributes:
        seen: every message in the clear: (``up`` or ``down``, message).
        change: gets (way, number in this connection from 0, message) and returns what goes on
            instead: one message as it is, none, two, another.
        connections: how many agents came through.
    """

    relay_url: str
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    change: Change = lambda way, number, message: [message]
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"wss://localhost:{self.port}/link"

    async def serve(self, agent: ServerConnection) -> None:
        self.connections += 1
        async with connect(
            self.relay_url, subprotocols=[SUBPROTOCOL], compression=None, proxy=None,
            max_size=None, ping_interval=None,
        ) as relay:  # fmt: skip
            ways = [
                asyncio.create_task(self._carry("up", agent, relay)),
                asyncio.create_task(self._carry("down", relay, agent)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(
        self, way: str, near: ServerConnection | ClientConnection,
        far: ServerConnection | ClientConnection,
    ) -> None:  # fmt: skip
        number = 0
        with contextlib.suppress(ConnectionClosed):
            async for message in near:
                assert isinstance(message, bytes)
                self.seen.append((way, message))
                for each in self.change(way, number, message):
                    await far.send(each)
                number += 1


def company_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a company's authority; return its certificate for agents, and the proxy's context."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nordwind inspection")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, ca=True)
    own = _certificate(name, ca_name, key, ca_key, ca=False)
    ca_file, own_file = folder / "company.pem", folder / "proxy.pem"
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    own_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + own.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_file)
    return ca_file, context


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey, *, ca: bool,
) -> x509.Certificate:  # fmt: skip
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    usage = x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


@asynccontextmanager
async def tls_proxy(relay_url: str, context: ssl.SSLContext) -> AsyncIterator[TlsProxy]:
    """Run a proxy in front of a relay."""
    proxy = TlsProxy(relay_url)
    async with serve(
        proxy.serve, "127.0.0.1", 0, ssl=context, subprotocols=[SUBPROTOCOL], compression=None,
        max_size=None, ping_interval=None,
    ) as server:  # fmt: skip
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
