"""Access tokens as the shop gives them out: two kinds of grant, and who may enter.

Client credentials last a day and are asked for again:
https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant
An expiring offline token lasts an hour; its refresh token lasts 90 days, is replaced by every
refresh, and dies when its replacement is first used, as a refresh token or through the access token
that came with it:
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens

That the use of the new access token counts as well is the stricter reading of the second page.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from towline_sandbox.shopify.shop import Shop

__all__ = ["DAY_S", "HOUR_S", "TokenDesk"]

DAY_S = 86_399
HOUR_S = 3_600
_REFRESH_S = 90 * 86_400

Answer = tuple[int, dict[str, Any]]


class TokenDesk:
    """Tokens of one shop; their hashes are kept, so that they outlive a restart."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def grant(self, given: Mapping[str, Any]) -> Answer:
        """Answer a request for a token: HTTP status and JSON body."""
        settings = self._shop.settings
        secret = settings.client_secret or settings.webhook_secret
        known = _same(str(given.get("client_id", "")), settings.client_id) and _same(
            str(given.get("client_secret", "")), secret
        )
        if not known or self._shop.uninstalled:
            return 401, {"error": "invalid_client"}
        kind = given.get("grant_type")
        if kind == "client_credentials":
            token = self._mint(DAY_S)
            return 200, {"access_token": token, "scope": self._scope, "expires_in": DAY_S}
        if kind == "refresh_token":
            return self._refreshed(str(given.get("refresh_token", "")))
        return 400, {"error": "unsupported_grant_type"}

    def first_refresh_token(self) -> str:
        """Hand out what an installation by authorization code would end with."""
        return self._mint_refresh(parent="")

    def revoke(self) -> None:
        """End every token that was given out, as revoking the client secret does."""
        rows = self._shop.db.all(
            "SELECT name FROM settings_kv WHERE name LIKE 'token:%' OR name LIKE 'refresh:%'"
        )
        for row in rows:
            self._shop.db.set_setting(row["name"], "0")

    def may_enter(self, token: str) -> bool:
        """Tell whether an access token opens the Admin API now; using it ends its predecessors."""
        if self._shop.uninstalled:
            return False
        if _same(token, self._shop.settings.access_token):
            return True
        until = self._shop.db.setting(f"token:{_hash(token)}")
        if until is None or float(until) <= self._now():
            return False
        self._retire(self._shop.db.setting(f"retires:{_hash(token)}") or "")
        return True

    @property
    def _scope(self) -> str:
        return ",".join(self._shop.scopes)

    def _refreshed(self, presented: str) -> Answer:
        kept = json.loads(self._shop.db.setting(f"refresh:{_hash(presented)}") or "0")
        if not kept or kept["until"] <= self._now():
            words = "This request requires an active refresh_token"
            return 400, {"error": "invalid_grant", "error_description": words}
        self._retire(kept["parent"])
        token, following = self._mint(HOUR_S), self._mint_refresh(parent=_hash(presented))
        self._shop.db.set_setting(f"retires:{_hash(token)}", _hash(presented))
        return 200, {
            "access_token": token,
            "scope": self._scope,
            "expires_in": HOUR_S,
            "refresh_token": following,
            "refresh_token_expires_in": _REFRESH_S,
        }

    def _retire(self, hashed: str) -> None:
        if hashed and self._shop.db.setting(f"refresh:{hashed}") not in (None, "0"):
            self._shop.db.set_setting(f"refresh:{hashed}", "0")

    def _mint(self, life_s: int) -> str:
        token = f"shpat_{secrets.token_hex(16)}"
        self._shop.db.set_setting(f"token:{_hash(token)}", str(self._now() + life_s))
        return token

    def _mint_refresh(self, *, parent: str) -> str:
        token = f"shprt_{secrets.token_hex(16)}"
        kept = {"until": self._now() + _REFRESH_S, "parent": parent}
        self._shop.db.set_setting(f"refresh:{_hash(token)}", json.dumps(kept))
        return token

    def _now(self) -> float:
        return self._shop.clock.now().timestamp()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
