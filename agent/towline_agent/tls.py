"""The TLS settings of the one outbound connection: the system's authorities and the customer's."""

from __future__ import annotations

import ssl
from pathlib import Path

from towline_shared.errors import Misconfigured

__all__ = ["tls_context"]


def tls_context(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """Return a verifying context for ``wss://``, None for ``ws://`` (loopback only).

    Args:
        ca_file: certificates trusted beside the system's, for a proxy that opens TLS.

    Raises:
        Misconfigured: the file holds no certificate.
    """
    if not url.startswith("wss:"):
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (ssl.SSLError, OSError) as error:
            raise Misconfigured(
                f"{ca_file} holds no readable certificate: {type(error).__name__}.",
                hint="It must be PEM text that begins with -----BEGIN CERTIFICATE-----.",
            ) from None
    return context
