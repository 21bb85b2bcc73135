"""May this call be made at all? The shop is open, and the app was granted what it takes.

A call that is bound to be refused is not sent: neither to a shop that is closed to the app, which
opens when somebody acts and not when it is hammered by everything that waits, nor with a document
whose scope is missing. What waits is right and stays waiting; the checks say what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from towline_relay.shopify.documents import Document
from towline_relay.shopify.features import Gap, gaps, lacking
from towline_relay.shopify.replies import CLOSED_WAIT_S, AccessDenied, NotRun
from towline_shared.clock import Clock
from towline_shared.health import Check, Status

__all__ = ["Access"]

_PROBE_S = 60.0  # so often one call asks whether a closed door is open again


class Access:
    """What one shop lets the app do; not thread-safe, lives on one event loop."""

    def __init__(self, *, shop: str, clock: Clock) -> None:
        self._shop = shop
        self._clock = clock
        self._granted: frozenset[str] | None = None
        self._since = clock.now()
        self._wanted: set[str] = set()
        self._closed: NotRun | None = None
        self._probe_at = 0.0
        self._denied: dict[str, tuple[AccessDenied, float, datetime]] = {}

    def grant(self, scopes: Iterable[str]) -> list[Gap]:
        """Take note of the scopes the app has; returns what is missing of what it could use."""
        granted = frozenset(scopes)
        if granted != self._granted:
            self._granted, self._since = granted, self._clock.now()
            self._denied.clear()
        return gaps(granted)

    def close(self, error: NotRun) -> None:
        """Take note that the whole shop is closed; one call a minute asks again."""
        self._closed = error
        self._probe_at = self._clock.monotonic() + _PROBE_S

    def deny(self, document: Document, error: AccessDenied) -> None:
        """Take note that Shopify denied a document although its scopes seemed to be there."""
        self._wanted.add(document.name)
        until, now = self._clock.monotonic() + CLOSED_WAIT_S, self._clock.now()
        since = self._denied[document.name][2] if document.name in self._denied else now
        self._denied[document.name] = (error, until, since)

    def answered(self, document: Document) -> None:
        """Take note of a good answer."""
        self._closed = None
        self._denied.pop(document.name, None)

    def demand(self, document: Document) -> None:
        """Return when a call may be sent.

        Raises:
            NotRun: it may not at present; ``retry_after_s`` says when asking again makes sense.
        """
        self._demand_open()
        self._wanted.add(document.name)
        if self._granted is not None:
            missing = lacking(document, self._granted)
            if missing:
                raise AccessDenied(
                    f"{document.name} is switched off: the app lacks {', '.join(missing)}.",
                    hint=f"Grant {' and '.join(missing)} to the app; what waits goes on by itself.",
                    retry_after_s=CLOSED_WAIT_S,
                )
        denied = self._denied.get(document.name)
        if denied is not None and self._clock.monotonic() < denied[1]:
            error = denied[0]
            raise AccessDenied(error.what, hint=error.hint, retry_after_s=CLOSED_WAIT_S)

    def checks(self) -> list[Check]:
        """Return one check when all is granted that is in use, else one a scope or document."""
        found = [
            Check(f"shopify {self._shop} {name}", Status.WARNING, since, error.what, error.hint)
            for name, (error, _, since) in sorted(self._denied.items())
        ]
        unused: list[str] = []
        for gap in gaps(self._granted) if self._granted is not None else ():
            if gap.core or self._wanted.intersection(gap.documents):
                found.append(self._missing(gap))
            else:
                unused.append(gap.scope)
        return found or [self._all_well(unused)]

    def _demand_open(self) -> None:
        if self._closed is None:
            return
        now = self._clock.monotonic()
        if now < self._probe_at:
            error = self._closed
            raise type(error)(error.what, hint=error.hint, retry_after_s=error.retry_after_s)
        self._probe_at = now + _PROBE_S  # this one asks; the others wait for what it hears

    def _missing(self, gap: Gap) -> Check:
        hint = f"Grant {gap.scope} to the app; what waits for it goes on by itself."
        name = f"shopify {self._shop} {gap.scope}"
        return Check(name, Status.WARNING, self._since, gap.sentence(), hint)

    def _all_well(self, unused: list[str]) -> Check:
        name = f"shopify {self._shop} scopes"
        if self._granted is None:
            return Check(name, Status.WARNING, self._since, "The app's scopes are not read yet.")
        words = "The app has all scopes that are in use."
        if unused:
            words += f" Neither granted nor used so far: {', '.join(unused)}."
        return Check(name, Status.OK, self._since, words)
