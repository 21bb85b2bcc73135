"""How a shop's webhooks have been lately: signatures, and the version of their bodies."""

from __future__ import annotations

from datetime import datetime

from towline_shared.clock import Clock
from towline_shared.health import Check, Status

__all__ = ["Watch"]

_ALARM_AFTER = 3  # wrong signatures in a row; one is a stranger, several are a changed secret


class Watch:
    """Remembers what the checks of one shop's webhooks need; in memory, anew at each start."""

    def __init__(self, shop: str, *, api_version: str, clock: Clock) -> None:
        """Build it; ``api_version`` is the version the relay was written for, empty for any."""
        self._shop = shop
        self._wanted = api_version
        self._clock = clock
        self._since = clock.now()
        self._wrong_in_a_row = 0
        self._seen = ""
        self._seen_since = self._since
        self.last_good_at: datetime | None = None

    def wrong_signature(self) -> None:
        """Take note of a body nobody we know has signed."""
        self._wrong_in_a_row += 1
        if self._wrong_in_a_row == _ALARM_AFTER:
            self._since = self._clock.now()

    def right_signature(self) -> None:
        """Take note of a body that is the shop's."""
        self.last_good_at = self._clock.now()
        if self._wrong_in_a_row >= _ALARM_AFTER:
            self._since = self.last_good_at
        self._wrong_in_a_row = 0

    def version(self, seen: str) -> None:
        """Take note of the version a body was written in; empty tells nothing."""
        if seen and seen != self._seen:
            self._seen, self._seen_since = seen, self._clock.now()

    def checks(self) -> list[Check]:
        """Return the checks of this shop's webhooks."""
        return [self._signature_check(), self._version_check()]

    def _signature_check(self) -> Check:
        name = f"webhooks {self._shop}"
        if self._wrong_in_a_row < _ALARM_AFTER:
            return Check(name, Status.OK, self._since, "No run of wrong signatures.")
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
