"""Acting on Shopify's compliance requests: erase, have the agents erase, certify; or hand out.

What is erased: documents about the customer in the relay's log (their key is destroyed and their
texts are emptied) and the agents' copies. What stays, and the certificate says so: that an order
went to the ERP, under which numbers, so that it is not imported again; and what the ERP made of it,
which is the merchant's to erase. Shopify gives 30 days for it:
https://shopify.dev/docs/apps/build/privacy-law-compliance
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from towline_relay.store.privacy import Erased, PrivacyStore
from towline_relay.store.privacy_rows import DATA_REQUEST, DONE, PrivacyRequest
from towline_shared.clock import Clock, utc_text
from towline_shared.health import Check, Status

__all__ = ["Erasure", "Sign", "certificate", "signed", "waits_for"]

_log = structlog.get_logger()

#: Signs bytes; returns the public key and the signature, both base64.
Sign = Callable[[bytes], tuple[str, str]]

_SOON = timedelta(days=7)
_KEPT = (
    "That an order was handed to the ERP, its name, its numbers and the ERP's answer; no name, "
    "address or amount.",
    "What the ERP made of the orders: its records belong to the merchant, who erases them there.",
    "Rows the ERP itself sent about its customers: the agent keeps them, sealed, for a week after "
    "the relay has taken them.",
    "The shop's own data at Shopify.",
)


def waits_for(erased: Erased) -> str:
    """Say what an erasure still waits for; empty when it is complete."""
    if erased.undelivered:
        return f"{erased.undelivered} documents have not been fetched by the agent yet."
    silent = [report.agent for report in erased.reports if not report.outcome]
    if silent:
        return f"The agent {silent[0]} has not confirmed yet."
    return ""


def certificate(erased: Erased, *, now: datetime) -> dict[str, Any]:
    """Write what was erased, when, for which request, and what was not."""
    asked = erased.request
    return {
        "v": 1,
        "number": asked.id,
        "tenant": asked.tenant,
        "kind": asked.kind,
        "reference": asked.reference,
        "customer": asked.customer,
        "orders": list(erased.orders),
        "erp_orders": list(erased.erp_orders),
        "received_at": utc_text(asked.received_at),
        "due_at": utc_text(asked.due_at),
        "done_at": utc_text(now),
        "keys_destroyed": asked.keys,
        "documents_emptied": asked.documents,
        "agents": [
            {
                "agent": report.agent,
                "outcome": report.outcome,
                "at": utc_text(report.at) if report.at else "",
            }
            for report in erased.reports
        ],
        "kept": list(_KEPT),
    }


def signed(content: dict[str, Any], sign: Sign) -> str:
    """Sign a certificate: over its JSON with sorted keys and without blanks, in UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key, signature = sign(text.encode("utf-8"))
    whole = {"certificate": content, "key": key, "signature": signature}
    return json.dumps(whole, indent=2, ensure_ascii=False)


class Erasure:
    """Works the requests of one tenant."""

    def __init__(
        self,
        *,
        tenant: str,
        store: PrivacyStore,
        sign: Sign,
        clock: Clock,
        nudge: Callable[[str], None],
    ) -> None:
        """Build it; ``nudge(agent)`` rings an agent whose stream has grown."""
        self._tenant = tenant
        self._store = store
        self._sign = sign
        self._clock = clock
        self._nudge = nudge
        self._since = clock.now()
        self._open: tuple[PrivacyRequest, ...] = ()

    async def work(self) -> list[str]:
        """Bring every request as far as it goes; returns the certificates that are new."""
        new = []
        for asked in await self._store.requests(self._tenant, unfinished=True):
            if asked.kind != DATA_REQUEST:
                text = await self._erase(asked)
                new += [text] if text else []
        self._open = tuple(await self._store.requests(self._tenant, unfinished=True))
        return new

    async def _erase(self, asked: PrivacyRequest) -> str:
        erased = await self._store.erase(asked)
        for report in erased.reports:
            if not report.outcome:
                self._nudge(report.agent)
        waiting = waits_for(erased)
        if waiting:
            await self._store.note(asked.id, waiting)
            return ""
        text = signed(certificate(erased, now=self._clock.now()), self._sign)
        await self._store.finish(asked.id, detail="Erased; see the certificate.", certificate=text)
        _log.info(
            "erased as asked",
            action="privacy.erased",
            tenant=self._tenant,
            request=asked.id,
            kind=asked.kind,
            documents=erased.request.documents,
        )
        return text

    async def export(self, number: int) -> dict[str, Any] | None:
        """Collect what is held for a customer's request, and note that it was handed out.

        Returns:
            Personal data for the operator to pass on; None when there is no such request.
        """
        asked = await self._store.request(number)
        if asked is None or asked.tenant != self._tenant or asked.kind != DATA_REQUEST:
            return None
        held = await self._store.held(asked)
        now = self._clock.now()
        content = {
            "v": 1,
            "number": asked.id,
            "tenant": asked.tenant,
            "kind": asked.kind,
            "reference": asked.reference,
            "customer": asked.customer,
            "received_at": utc_text(asked.received_at),
            "due_at": utc_text(asked.due_at),
            "done_at": utc_text(now),
            "documents_handed_out": len(held["documents"]),
        }
        if asked.state != DONE:
            await self._store.finish(
                number,
                detail=f"{len(held['documents'])} documents were handed to the operator.",
                certificate=signed(content, self._sign),
            )
        return {"request": content, **held}

    def check(self) -> Check:
        """Tell what is open and when it is due."""
        name = f"privacy {self._tenant}"
        if not self._open:
            return Check(name, Status.OK, self._since, "No request about personal data is open.")
        first = min(self._open, key=lambda asked: asked.due_at)
        left = first.due_at - self._clock.now()
        said = (
            f"{len(self._open)} requests about personal data are open; number {first.id} is due in "
            f"{max(0, left.days)} days: {first.detail}"
        )
        hint = "See towline-relay privacy list."
        if first.kind == DATA_REQUEST:
            hint = f"Run towline-relay privacy export --request {first.id} and pass the file on."
        status = Status.FAILED if left < _SOON else Status.WARNING
        return Check(name, status, first.received_at, said, hint)
