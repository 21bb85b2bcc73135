"""How a shop's webhooks have been lately: signatures, and the version of their bodies."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from towline_shared.clock import Clock
from towline_shared.health import Check, Status

__all__ = ["Watch"]

_ALARM_AFTER = 3  # wrong signatures in a row; one is a stranger, several are a changed secret
_LOOKED_AT = 100  # of so many last webhooks,
_TOO_MANY = 10  # so many wrong ones are no strangers: something changes some bodies on the way


class Watch:
    """Remembers what the checks of one shop's webhooks need; in memory, anew at each start."""

    def __init__(self, shop: str, *, api_version: str, clock: Clock) -> None:
        """Build it; ``api_version`` is the version the relay was written for, empty for any."""
        self._shop = shop
        self._wanted = api_version
        self._clock = clock
        self._since = clock.now()
        self._wrong_in_a_row = 0
        self._right: deque[bool] = deque(maxlen=_LOOKED_AT)
        self._status = Status.OK
        self._seen = ""
        self._seen_since = self._since
        self.last_good_at: datetime | None = None

    def wrong_signature(self) -> None:
        """Take note of a body nobody we know has signed."""
        self._wrong_in_a_row += 1
        self._note(right=False)

    def right_signature(self) -> None:
        """Take note of a body that is the shop's."""
        self.last_good_at = self._clock.now()
        self._wrong_in_a_row = 0
        self._note(right=True)

    def _note(self, *, right: bool) -> None:
        self._right.append(right)
        status = Status.OK
        if self._wrong_in_a_row >= _ALARM_AFTER:
            status = Status.FAILED
        elif self._right.count(False) >= _TOO_MANY:
            status = Status.WARNING
        if status is not self._status:
            self._status, self._since = status, self._clock.now()

    def version(self, seen: str) -> None:
        """Take note of the version a body was written in; empty tells nothing."""
        if seen and seen != self._seen:
            self._seen, self._seen_since = seen, self._clock.now()

    def checks(self) -> list[Check]:
        """Return the checks of this shop's webhooks."""
        return [self._signature_check(), self._version_check()]

    def _signature_check(self) -> Check:
        name = f"webhooks {self._shop}"
        if self._status is Status.OK:
            return Check(name, Status.OK, self._since, "Webhooks are signed with our secrets.")
        if self._status is Status.WARNING:
            return Check(
                name,
                Status.WARNING,
                self._since,
                f"{self._right.count(False)} of the last {len(self._right)} webhooks had a wrong "
                "signature.",
                "Most are right, so the secret is: look for a proxy that changes some bodies, or "
                "for webhooks of Settings > Notifications, which are signed with another key.",
            )
        return Check(
            name,
            Status.FAILED,
            self._since,
            f"The last {self._wrong_in_a_row} webhooks had a wrong signature.",
            "Put the app's present client secret into the webhook secrets; keep the old one beside "
            "it. If the secret is right, something on the way changes the bodies.",
        )

    def _version_check(self) -> Check:
        """Compare versions: an ended one falls forward in silence, for webhooks too.

        A warning and no failure, since of a body only ids and times are read.
        https://shopify.dev/docs/api/usage/versioning
        """
        name = f"webhooks {self._shop} version"
        if not self._seen or not self._wanted or self._seen == self._wanted:
            return Check(name, Status.OK, self._seen_since, "Bodies come in the version asked for.")
        return Check(
            name,
            Status.WARNING,
            self._seen_since,
            f"Webhooks come in version {self._seen}, not in {self._wanted}.",
            "Set api_version of [webhooks] in shopify.app.toml and deploy the app; when that "
            "version has ended, upgrade the relay.",
        )
