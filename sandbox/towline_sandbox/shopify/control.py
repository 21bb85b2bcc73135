"""The back door for the stage page and for tests: buyers, merchants and faults. Loopback only."""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from towline_sandbox.shopify import corpus, news, outbox, views
from towline_sandbox.shopify.after_desk import AfterDesk
from towline_sandbox.shopify.buying import NotForSale, buy, summary
from towline_sandbox.shopify.catalogue import touch_product
from towline_sandbox.shopify.faults import BULK_FAULTS, Faults
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.merchant_desk import MerchantDesk
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.token_desk import TokenDesk

__all__ = ["Control"]

Handler = Callable[[web.Request], Awaitable[web.Response]]
_THROTTLED_SHARE = 10  # of a Plus shop that is the bucket of a Standard one


class BadRequest(ValueError):
    """The body of a control call can't be used."""


class Control:
    """Handlers under /sandbox."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an application."""
        return [
            web.post("/sandbox/orders", _guarded(self.place_order)),
            web.get("/sandbox/orders", _guarded(self.orders)),
            web.post("/sandbox/corpus", _guarded(self.corpus)),
            web.post("/sandbox/faults", _guarded(self.set_faults)),
            web.get("/sandbox/faults", _guarded(self.faults)),
            web.post("/sandbox/webhook_base", _guarded(self.webhook_base)),
            web.get("/sandbox/state", _guarded(self.state)),
            web.get("/sandbox/catalogue", _guarded(self.catalogue)),
            web.get("/sandbox/deliveries", _guarded(self.deliveries)),
            web.post("/sandbox/product/{id:.+}/publish", _guarded(self.publish)),
            web.post("/sandbox/order/{id:.+}/{action}", _guarded(AfterDesk(self._shop).act)),
            web.post("/sandbox/merchant/{action}", _guarded(MerchantDesk(self._shop).act)),
            web.post("/sandbox/publish", _guarded(self.publish_all)),
            web.post("/sandbox/variant/{id}/bundle", _guarded(self.bundle)),
            web.post("/sandbox/uninstall", _guarded(self.uninstall)),
            web.post("/sandbox/compliance", _guarded(self.compliance)),
            web.post("/sandbox/scopes", _guarded(self.scopes)),
            web.post("/sandbox/install", _guarded(self.install)),
            web.post("/sandbox/revoke", _guarded(self.revoke)),
        ]

    async def place_order(self, request: web.Request) -> web.Response:
        """Place an order as a buyer would."""
        given = await _body(request)
        with self._shop.unit():
            number = buy(self._shop, given)
        return web.json_response(summary(self._shop, number), status=201)

    async def corpus(self, request: web.Request) -> web.Response:
        """Place many orders of believable variety; the same seed makes the same orders."""
        given = await _body(request)
        count, seed = _whole(given, "orders", 10), _whole(given, "seed", self._shop.settings.seed)
        skus = given.get("skus")
        placed = []
        for planned in corpus.plan(self._shop, orders=count, seed=seed, skus=skus):
            with self._shop.unit():
                number = buy(self._shop, {**planned.order, "force": True})
            placed.append({**summary(self._shop, number), "kinds": sorted(planned.kinds)})
        return web.json_response({"orders": placed}, status=201)

    async def orders(self, request: web.Request) -> web.Response:
        """List recent orders, newest first."""
        return web.json_response({"orders": views.orders(self._shop, first=_first(request, 20))})

    async def catalogue(self, request: web.Request) -> web.Response:
        """List products with price and stock, for the shop window."""
        page = views.catalogue(
            self._shop,
            first=_first(request, 24),
            after=request.query.get("after"),
            text=request.query.get("query", ""),
        )
        return web.json_response(page)

    async def state(self, _request: web.Request) -> web.Response:
        """Sum up what there is."""
        return web.json_response(views.state(self._shop))

    async def deliveries(self, request: web.Request) -> web.Response:
        """List recent webhook deliveries, newest first."""
        found = views.deliveries(self._shop, first=_first(request, 50))
        return web.json_response({"deliveries": found})

    async def faults(self, _request: web.Request) -> web.Response:
        """Tell what is armed."""
        return web.json_response(self._shop.faults.as_dict())

    async def set_faults(self, request: web.Request) -> web.Response:
        """Arm and disarm faults; what is not named stays."""
        given = await _body(request)
        _arm(self._shop.faults, given)
        if "throttle" in given:
            size, rate = self._shop.settings.bucket_size, self._shop.settings.restore_rate
            if self._shop.faults.throttle:
                size, rate = max(1, size // _THROTTLED_SHARE), rate / _THROTTLED_SHARE
                self._shop.bucket.squeeze(maximum=size, restore_rate=rate)
            else:
                self._shop.bucket.relax(maximum=size, restore_rate=rate)
        self._shop.on_commit()
        return web.json_response(self._shop.faults.as_dict())

    async def webhook_base(self, request: web.Request) -> web.Response:
        """Tell where webhooks go; lasts over a restart."""
        url = (await _body(request)).get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise BadRequest("url must be an http or https address")
        self._shop.db.set_setting("webhook_base", url)
        self._shop.on_commit()
        return web.json_response({"url": url})

    async def publish(self, request: web.Request) -> web.Response:
        """The merchant presses publish on one product."""
        text = request.match_info["id"]
        number = int(text) if text.isdecimal() else number_of(text, "Product")
        row = self._shop.db.one("SELECT id FROM products WHERE id = ?", number)
        if row is None:
            raise web.HTTPNotFound(
                text=json.dumps({"error": f"There is no product {text}.", "hint": ""}),
                content_type="application/json",
            )
        with self._shop.unit():
            self._publish(row["id"])
        return web.json_response({"id": gid("Product", row["id"]), "status": "ACTIVE"})

    async def bundle(self, request: web.Request) -> web.Response:
        """Make a variant the parent of a bundle, as an app for bundles does."""
        number = request.match_info["id"]
        with self._shop.unit():
            self._shop.db.run("UPDATE variants SET components = 1 WHERE id = ?", number)
        return web.json_response({"bundle": number})

    async def publish_all(self, request: web.Request) -> web.Response:
        """The merchant publishes every draft."""
        if (await _body(request)).get("all") is not True:
            raise BadRequest('say {"all": true} to publish every draft')
        rows = self._shop.db.all("SELECT id FROM products WHERE status = 'DRAFT'")
        with self._shop.unit():
            for row in rows:
                self._publish(row["id"])
        return web.json_response({"published": len(rows)})

    async def uninstall(self, _request: web.Request) -> web.Response:
        """The merchant removes the app: its token is dead from now on."""
        with self._shop.unit():
            self._shop.db.set_setting("uninstalled", "yes")
            self._shop.changes.uninstalled = True
        return web.json_response({"uninstalled": True})

    async def scopes(self, request: web.Request) -> web.Response:
        """The merchant grants the app other scopes: ``{scopes: [...]}``."""
        wanted = (await _body(request)).get("scopes")
        if not isinstance(wanted, list) or not all(isinstance(scope, str) for scope in wanted):
            raise BadRequest("scopes must be a list of texts")
        previous = list(self._shop.scopes)
        with self._shop.unit():
            self._shop.db.set_setting("scopes", " ".join(wanted))
            told = news.scopes(self._shop, previous, wanted)
            outbox.queue(self._shop, "app/scopes_update", told, str(uuid.uuid4()))
        return web.json_response({"scopes": wanted})

    async def install(self, _request: web.Request) -> web.Response:
        """The merchant installs the app (again): answers with a refresh token to begin with."""
        desk = TokenDesk(self._shop)
        desk.revoke()  # what an earlier installation was given died with it
        self._shop.db.set_setting("uninstalled", "no")
        return web.json_response({"refresh_token": desk.first_refresh_token()})

    async def revoke(self, _request: web.Request) -> web.Response:
        """The app's owner revokes all tokens that were given out."""
        TokenDesk(self._shop).revoke()
        return web.json_response({"revoked": True})

    async def compliance(self, request: web.Request) -> web.Response:
        """Shopify asks about a customer or a shop: ``{topic, customer, orders}``, gids."""
        given = await _body(request)
        topic = given.get("topic")
        if topic not in news.COMPLIANCE:
            raise BadRequest(f"topic must be one of {', '.join(news.COMPLIANCE)}")
        customer = number_of(str(given.get("customer", "")), "Customer") or 0
        orders = tuple(number_of(str(order), "Order") or 0 for order in given.get("orders") or ())
        with self._shop.unit():
            body = news.compliance(self._shop, topic, customer=customer, orders=orders)
            outbox.queue(self._shop, topic, body, str(uuid.uuid4()))
        return web.json_response({"topic": topic})

    def _publish(self, number: int) -> None:
        shop = self._shop
        shop.db.update("products", number, status="ACTIVE", published_at=shop.now())
        for row in shop.db.all("SELECT id FROM publications"):
            shop.db.run(
                "INSERT OR IGNORE INTO product_publications VALUES (?, ?, ?)",
                number,
                row["id"],
                shop.now(),
            )
        touch_product(shop, number)


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.Response:
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
            return _problem(403, "The control API answers loopback only.", "")
        try:
            return await handler(request)
        except NotForSale as refusal:
            return _problem(409, str(refusal), refusal.hint)
        except (BadRequest, LookupError, ValueError) as error:
            return _problem(400, f"The request can't be used: {error}", "See the control API.")

    return guarded


def _problem(status: int, error: str, hint: str) -> web.Response:
    return web.json_response({"error": error, "hint": hint}, status=status)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(given, dict):
        raise BadRequest("the body must be a JSON object")
    return given


def _whole(given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadRequest(f"{name} must be a whole number, 0 or more")
    return value


def _first(request: web.Request, default: int) -> int:
    text = request.query.get("first", str(default))
    if not text.isdecimal() or not 0 < int(text) <= 500:
        raise BadRequest("first must be between 1 and 500")
    return int(text)


def _arm(faults: Faults, given: dict[str, Any]) -> None:
    if "throttle" in given:
        faults.throttle = bool(given["throttle"])
    for name in (
        "http_429",
        "http_500",
        "timeout_after_write",
        "closed",
        "token_lost",
        "slow_jobs",
        *BULK_FAULTS,
    ):
        if name in given:
            setattr(faults, name, _whole(given, name, 0))
    hooks = given.get("webhooks") or {}
    if "paused" in hooks:
        faults.webhooks_paused = bool(hooks["paused"])
    names = ("late", "twice", "lost", "late_s", "shuffle_s")
    odds = {name: float(hooks[name]) for name in names if name in hooks}
    if any(not 0 <= odds.get(name, 0.0) <= 1 for name in names[:3]):
        raise BadRequest("late, twice and lost are shares between 0 and 1")
    faults.odds = replace(faults.odds, **odds)
