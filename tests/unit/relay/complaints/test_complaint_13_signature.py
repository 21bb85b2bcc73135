"""Complaint 13: signatures failed after a secret changed, a proxy or an upgrade changed bodies.

https://github.com/Shopify/shopify_app/issues/588
https://github.com/Shopify/shopify-api-js/issues/354
"""

from __future__ import annotations

import pytest

from towline_relay.webhooks.signature import sign, signed_by
from towline_relay.webhooks.watch import Watch
from towline_shared.clock import ManualClock
from towline_shared.health import Status

BODY = '{"id":1,"note":"größer / more"}'.encode()


@pytest.mark.parametrize(
    "changed",
    [
        b'{"id": 1, "note": "gr\xc3\xb6\xc3\x9fer / more"}',  # parsed and written again
        b'{"id":1,"note":"gr\\u00f6\\u00dfer \\/ more"}',  # other escapes
        BODY + b"\n",
        BODY.decode().encode("latin-1"),
    ],
)
def test_only_the_raw_bytes_count(changed: bytes) -> None:
    """The same JSON in other bytes is not what Shopify signed, whoever changed it."""
    signature = sign(BODY, "secret")
    assert signed_by(BODY, signature, ["secret"]) == 0
    assert signed_by(changed, signature, ["secret"]) is None


def test_the_old_secret_works_beside_the_new_one() -> None:
    """Shopify signs with the oldest secret not revoked, for up to an hour after a change."""
    assert signed_by(BODY, sign(BODY, "old"), ["new", "old"]) == 1


def test_a_run_of_wrong_signatures_is_an_alarm_that_says_what_to_do() -> None:
    """One wrong body is a stranger; three are a changed secret, and a right one ends the alarm."""
    watch = Watch("demo.myshopify.com", api_version="2026-10", clock=ManualClock())
    watch.wrong_signature()
    assert watch.checks()[0].status is Status.OK
    watch.wrong_signature()
    watch.wrong_signature()
    check = watch.checks()[0]
    assert (check.status, "secret" in check.hint) == (Status.FAILED, True)
    watch.right_signature()
    assert watch.checks()[0].status is Status.OK


def test_one_wrong_in_ten_is_a_warning_although_the_next_is_always_right() -> None:
    """A proxy that changes the bodies with umlauts never makes three in a row."""
    watch = Watch("demo.myshopify.com", api_version="2026-10", clock=ManualClock())
    for number in range(90):
        watch.right_signature() if number % 10 else watch.wrong_signature()
    assert watch.checks()[0].status is Status.OK  # nine of ninety may be strangers
    watch.wrong_signature()
    check = watch.checks()[0]
    assert (check.status, "10 of the last 91" in check.detail) == (Status.WARNING, True)
    assert "proxy" in check.hint
    for _ in range(100):
        watch.right_signature()
    assert watch.checks()[0].status is Status.OK


def test_a_body_of_another_version_is_a_warning() -> None:
    """A version that has ended falls forward in silence; the header is what tells."""
    watch = Watch("demo.myshopify.com", api_version="2026-10", clock=ManualClock())
    watch.version("")
    assert watch.checks()[1].status is Status.OK
    watch.version("2027-01")
    assert "2027-01" in watch.checks()[1].detail
