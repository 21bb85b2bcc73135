"""The look at ourselves: which scopes has the app, and how long does our API version last?"""

from __future__ import annotations

import structlog

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.features import Gap
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.versions import ApiVersion

__all__ = ["audit"]

_log = structlog.get_logger()


async def audit(client: Client) -> list[Gap]:
    """Read scopes and versions, tell the client's access and health, and return what is missing.

    What is missing is logged, one sentence a scope. Idempotent.

    Raises:
        Retryable: the shop can't be asked now; what was known stays.
    """
    answer = await client.execute(document("app_audit"), {}, priority=Priority.ORDERS)
    installation = answer.data.get("currentAppInstallation") or {}
    missing = client.access.grant(
        str(scope["handle"]) for scope in installation.get("accessScopes") or ()
    )
    client.health.listed(
        [
            ApiVersion(str(version["handle"]), bool(version["supported"]))
            for version in answer.data.get("publicApiVersions") or ()
        ]
    )
    for gap in missing:
        _log.warning(
            "a scope is missing",
            action="shopify.scope_missing",
            shop=client.shop,
            scope=gap.scope,
            reason=gap.sentence(),
        )
    return missing
