"""Shopify's risk assessment: it arrives some time after the order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from towline_relay.sync.rules.orders import OrderRules
from towline_shared.clock import parse_utc

__all__ = ["risk_is_open", "wait_until"]


def risk_is_open(given: Mapping[str, Any]) -> bool:
    """Tell whether an assessment is still to come: none is there, or one is pending."""
    assessments = (given.get("risk") or {}).get("assessments") or ()
    return not assessments or any(each["riskLevel"] == "PENDING" for each in assessments)


def wait_until(given: Mapping[str, Any], rules: OrderRules) -> datetime:
    """Return until when an order waits for it; after that it travels without."""
    return parse_utc(given["createdAt"]) + timedelta(seconds=rules.risk_wait_s)
