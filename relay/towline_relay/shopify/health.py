"""How the shop is doing, as checks: does it answer, with the version we asked for, for how long?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from towline_relay.shopify.versions import ApiVersion, outlook
from towline_shared.clock import Clock
from towline_shared.errors import TowlineError
from towline_shared.health import Check, Status

__all__ = ["ShopHealth"]


class ShopHealth:
    """Remembers the last good answer, the present trouble and the version that answers."""

    def __init__(self, *, shop: str, api_version: str, clock: Clock) -> None:
        """Build it for one shop; ``api_version`` is the one the relay asks for."""
        self._shop = shop
        self._wanted = api_version
        self._clock = clock
        self._trouble: TowlineError | None = None
        self._answer_since = clock.now()
        self._seen = ""
        self._version_since = self._answer_since
        self._listed: tuple[ApiVersion, ...] = ()
        self.last_good_at: datetime | None = None

    @property
    def api_version(self) -> str:
        """The version that answered last; empty before the first answer."""
        return self._seen

    def answered(self, api_version: str) -> None:
        """Take note of a good answer and of the version in its header."""
        now = self._clock.now()
        if self._trouble is not None or self.last_good_at is None:
            self._trouble, self._answer_since = None, now
        self.last_good_at = now
        if api_version and api_version != self._seen:
            self._seen, self._version_since = api_version, now

    def listed(self, versions: Sequence[ApiVersion]) -> None:
        """Take note of the versions the shop says there are."""
        self._listed = tuple(versions)

    def failed(self, error: TowlineError) -> None:
        """Take note of a trouble of the whole shop, not of one call."""
        if self._trouble is None:
            self._answer_since = self._clock.now()
        self._trouble = error

    def checks(self) -> list[Check]:
        """Return the checks of this shop."""
        return [self._answer(), self._version()]

    def _answer(self) -> Check:
        name = f"shopify {self._shop}"
        if self._trouble is not None:
            return Check(
                name, Status.FAILED, self._answer_since, self._trouble.what, self._trouble.hint
            )
        if self.last_good_at is None:
            return Check(name, Status.WARNING, self._answer_since, "Not asked yet.")
        return Check(name, Status.OK, self._answer_since, "It answers.")

    def _version(self) -> Check:
        """Compare versions: Shopify answers an ended one with a later one, in silence.

        https://shopify.dev/docs/api/usage/versioning
        """
        name = f"shopify {self._shop} api version"
        if self._seen not in ("", self._wanted):
            return Check(
                name,
                Status.FAILED,
                self._version_since,
                f"Shopify answers with {self._seen}, not with {self._wanted}.",
                "The version has ended; upgrade the relay before fields it relies on are gone.",
            )
        found = outlook(self._wanted, self._listed, now=self._clock.now())
        words = f"{self._wanted} is in use. {found.words}"
        return Check(name, found.status, self._version_since, words, found.hint)
