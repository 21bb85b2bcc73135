"""Our verdict on a signature is Shopify's own verdict, and odd input is just wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopify_app import ShopifyApp
from shopify_app.types import RequestInput

from towline_relay.webhooks.signature import sign, signed_by

SECRETS = ("new-secret", "old-secret")


def oracle(body: str, signature: str) -> bool:
    """Ask Shopify's own library, which knows two secrets."""
    app = ShopifyApp(
        client_id="nordwind-app", client_secret=SECRETS[0], old_client_secret=SECRETS[1]
    )
    request: RequestInput = {
        "method": "POST",
        "url": "https://relay.example.com/webhooks",
        "headers": {
            "x-shopify-hmac-sha256": signature,
            "x-shopify-shop-domain": "nordwind-demo.myshopify.com",
        },
        "body": body,
    }
    return bool(app.verify_webhook_req(request).ok)


@given(
    st.text(max_size=200),
    st.sampled_from(["new-secret", "old-secret", "strange-secret"]),
    st.booleans(),
)
def test_it_agrees_with_shopifys_own_library(body: str, secret: str, spoilt: bool) -> None:
    """For any body, either secret, a foreign secret, and a spoilt signature."""
    signature = sign(body.encode(), secret)
    if spoilt:
        signature = ("B" if signature[0] == "A" else "A") + signature[1:]
    assert (signed_by(body.encode(), signature, SECRETS) is not None) == oracle(body, signature)


def test_it_tells_which_secret_signed() -> None:
    """While a secret is rotated, the operator can see when the old one is out of use."""
    assert signed_by(b"x", sign(b"x", "new-secret"), SECRETS) == 0
    assert signed_by(b"x", sign(b"x", "old-secret"), SECRETS) == 1


def test_one_changed_byte_is_noticed() -> None:
    """The signature is over the raw bytes: even white space counts."""
    signature = sign(b'{"a":1}', SECRETS[0])
    assert signed_by(b'{"a": 1}', signature, SECRETS) is None


@pytest.mark.parametrize("signature", ["", "ä" * 44, "\udcff" * 44, "=" * 10_000, "not base64"])
def test_any_header_is_taken_and_refused(signature: str) -> None:
    """Bytes outside ASCII are a wrong signature, not a crash that would look like our fault."""
    assert signed_by(b"x", signature, SECRETS) is None


def test_without_a_secret_nothing_is_signed() -> None:
    """A shop without a secret accepts nobody, not everybody."""
    assert signed_by(b"x", sign(b"x", ""), ()) is None
