"""One tenant at work: its shop, its lanes, its checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import aiohttp

from towline_relay.config import TenantConfig
from towline_relay.lanes import LaneLoop
from towline_relay.link.readiness import ShopState
from towline_relay.secrets_box import Secret
from towline_relay.shopify.audit import audit
from towline_relay.shopify.bulk_files import BulkFiles
from towline_relay.shopify.bulk_shop import BulkShop
from towline_relay.shopify.client import Client, admin_url
from towline_relay.shopify.companies import CompanyShop
from towline_relay.shopify.customers import CustomerShop
from towline_relay.shopify.gate import Gate
from towline_relay.shopify.operations import Shop
from towline_relay.shopify.refreshed import RefreshedToken
from towline_relay.shopify.throttle import Throttle
from towline_relay.shopify.tokens import ClientCredentials, StaticToken, TokenProvider
from towline_relay.store.base import Store
from towline_relay.store.vault import Vault
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.catalogue.comparisons import comparison_takers
from towline_relay.sync.catalogue.lane import CatalogueLane
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.exports.takers import Taker
from towline_relay.sync.intents import Intents
from towline_relay.sync.orders.handover import HandOver
from towline_relay.sync.orders.lane import OrdersLane
from towline_relay.sync.people.companies import Companies
from towline_relay.sync.people.companies_down import CompaniesDown
from towline_relay.sync.people.customers import Customers
from towline_relay.sync.people.customers_lane import CustomersLane
from towline_relay.sync.rules.customers import USUAL_NUMBER
from towline_relay.sync.sweeps.all import Sweeps
from towline_relay.sync.sweeps.exported import EXPORTED, ExportedSweep, sweep_purpose
from towline_relay.sync.sweeps.picture import PICTURE, PictureTaker
from towline_relay.upkeep import Upkeep, UpkeepParts
from towline_shared.clock import Clock
from towline_shared.envelope import Keyring
from towline_shared.health import Check, Status

__all__ = ["Tenancy"]


class Tenancy:
    """Builds what belongs to one tenant; the app runs ``loops`` and calls ``sweep``."""

    def __init__(
        self,
        config: TenantConfig,
        *,
        session: aiohttp.ClientSession,
        store: Store,
        clock: Clock,
        owner: str,
        vault: Vault,
        keyring: Keyring,
        parts: UpkeepParts,
    ) -> None:
        self.config = config
        self._store = store
        self._clock = clock
        self._started = clock.now()
        self._vault = vault
        self._throttle = Throttle(clock=clock)
        self._client = Client(
            session=session,
            shop=config.shop.shop,
            api_version=config.shop.api_version,
            tokens=_tokens(config, session=session, clock=clock, vault=vault, keyring=keyring),
            clock=clock,
            url=config.shop.url,
            gate=Gate(self._throttle),
        )
        self._shop = Shop(self._client)
        judge = Judge(clock)
        bulk, slots = BulkShop(self._client, BulkFiles(session)), Slots(config.rules.bulk.at_once)
        self.exports = Exports(
            tenant=config.id,
            book=parts.exports,
            shop=bulk,
            clock=clock,
            judge=judge,
            slots=slots,
            takers=_takers(config, parts, shop=self._shop, store=store, clock=clock),
            nudge=self.nudge,
        )
        self._catalogue = CatalogueLane(
            tenant=config.id,
            store=store,
            shop=self._shop,
            rules=config.rules,
            clock=clock,
            judge=judge,
            bulk=BulkLane(
                tenant=config.id,
                store=store,
                shop=bulk,
                rules=config.rules.bulk,
                clock=clock,
                judge=judge,
                lists=config.rules.price.lists if config.rules.price else {},
                slots=slots,
                exports=self.exports,
            ),
        )
        hand_over = HandOver(
            tenant=config.id,
            store=store,
            shop=self._shop,
            rules=config.rules,
            clock=clock,
            nudge=parts.nudge_agent,
        )
        orders = OrdersLane(
            tenant=config.id,
            store=store,
            shop=self._shop,
            rules=config.rules,
            judge=judge,
            hand_over=hand_over,
            places=self._place,
        )
        businesses = _company_shop(config, self._client)
        customers = CustomersLane(
            tenant=config.id,
            store=store,
            judge=judge,
            customers=_customers(config, client=self._client, store=store, clock=clock),
            companies=_companies(config, shop=businesses, store=store),
            companies_down=_companies_down(config, shop=businesses, store=store, clock=clock),
            nudge=parts.nudge_agent,
        )
        self._sweeps = Sweeps(
            tenant=config.id,
            shop=self._shop,
            people=_people(config, self._client),
            companies=businesses,
            store=store,
            clock=clock,
            nudge=self.nudge,
            products_every=timedelta(seconds=config.shop.sweep_products_s),
            exports=self.exports,
            most=config.rules.bulk.export_least,
        )
        self.upkeep = Upkeep(
            config,
            client=self._client,
            shop=self._shop,
            store=store,
            clock=clock,
            parts=parts,
            sweep=self.sweep,
            exports=self.exports,
        )
        self.loops = {
            lane.name: LaneLoop(
                self.upkeep.standing.resting(lane), store=store, clock=clock, owner=owner
            )
            for lane in (orders, self._catalogue, customers)
        }

    def nudge(self) -> None:
        """Say that there may be work in either lane."""
        for loop in self.loops.values():
            loop.nudge()

    async def sweep(
        self, since: Mapping[str, datetime] | None = None, *, everything: bool = False
    ) -> Mapping[str, int]:
        """Look for what no webhook told about; nothing while the app is uninstalled.

        Args:
            since, everything: see :meth:`~towline_relay.sync.sweeps.all.Sweeps.run`.
        """
        if not await self.upkeep.standing.look():
            return {}
        return await self._sweeps.run(since, everything=everything)

    async def recall(self) -> None:
        """Take up what earlier processes learned; before the first call."""
        self._throttle.teach(await self._vault.costs(self.config.id))

    async def remember(self) -> None:
        """Keep what was learned since; losing it costs a few refused calls and nothing else."""
        learned = self._throttle.news()
        if learned:
            await self._vault.put_costs(self.config.id, learned)

    async def audit(self) -> None:
        """Look at the app's scopes and the API versions; what is missing shows in the checks."""
        await audit(self._client)

    def takes(self) -> ShopState:
        """Tell how much the shop takes, for whoever holds agents back."""
        troubles = [self.upkeep.standing.check(), *self._client.health.checks()[:1]]
        failed = [check.detail for check in troubles if check.status is Status.FAILED]
        return ShopState(self._throttle.full, failed[0].rstrip(".") if failed else "")

    def checks(self) -> list[Check]:
        """Tell how shop, lanes and rules are doing."""
        checks = [*self._client.health.checks(), *self._client.access.checks()]
        checks.extend(loop.check() for loop in self.loops.values())
        checks.extend(self.upkeep.checks())
        bulk = self._catalogue.check()
        if bulk is not None:
            checks.append(bulk)
        picture = self._catalogue.picture
        if picture is not None and picture.unmapped:
            checks.append(_missing(self.config.id, picture.unmapped, self._started))
        return checks

    def _place(self, warehouse: str) -> str:
        """Return the gid of a warehouse's location; empty while it is not known."""
        stock, picture = self.config.rules.stock, self._catalogue.picture
        if stock is None or picture is None:
            return ""
        return picture.places.get(stock.location_of(warehouse), "")


def _takers(
    config: TenantConfig, parts: UpkeepParts, *, shop: Shop, store: Store, clock: Clock
) -> Mapping[str, Taker]:
    """Return who takes the lines of exports, by purpose."""
    swept: dict[str, Taker] = {
        sweep_purpose(what): ExportedSweep(config.id, what, shop, store, clock) for what in EXPORTED
    }
    compared = comparison_takers(
        config.id,
        rules=config.rules,
        store=store,
        told=parts.told,
        prices=parts.prices,
        exports=parts.exports,
        clock=clock,
    )
    return {**swept, **compared, PICTURE: PictureTaker(config.id)}


def _people(config: TenantConfig, client: Client) -> CustomerShop | None:
    """Return the shop's customers; None when the rules name none."""
    rules = config.rules.customer
    return None if rules is None else CustomerShop(client, rules.number)


def _customers(
    config: TenantConfig, *, client: Client, store: Store, clock: Clock
) -> Customers | None:
    """Build what decides about customers; None when the rules name none."""
    rules, people = config.rules.customer, _people(config, client)
    if rules is None or people is None:
        return None
    return Customers(
        tenant=config.id,
        store=store,
        shop=people,
        rules=rules,
        clock=clock,
        intents=Intents(tenant=config.id, store=store),
    )


def _company_shop(config: TenantConfig, client: Client) -> CompanyShop | None:
    """Return the shop's companies, which reads its payment terms once; None without rules."""
    if config.rules.company is None:
        return None
    people = config.rules.customer
    return CompanyShop(client, people.number if people is not None else USUAL_NUMBER)


def _companies(config: TenantConfig, *, shop: CompanyShop | None, store: Store) -> Companies | None:
    """Build what decides about companies; None when the rules name none."""
    rules = config.rules.company
    if rules is None or shop is None:
        return None
    intents = Intents(tenant=config.id, store=store)
    return Companies(tenant=config.id, store=store, shop=shop, rules=rules, intents=intents)


def _companies_down(
    config: TenantConfig, *, shop: CompanyShop | None, store: Store, clock: Clock
) -> CompaniesDown | None:
    """Build what watches over companies and tells of them; None when the rules name none."""
    rules = config.rules.company
    if rules is None or shop is None:
        return None
    return CompaniesDown(tenant=config.id, store=store, shop=shop, rules=rules, clock=clock)


def _tokens(
    config: TenantConfig,
    *,
    session: aiohttp.ClientSession,
    clock: Clock,
    vault: Vault,
    keyring: Keyring,
) -> TokenProvider:
    shop = config.shop
    if not shop.client_id:
        return StaticToken(shop.token)
    url = admin_url(shop.shop, shop.url)
    if not shop.refresh_token:
        return ClientCredentials(
            session=session,
            url=url,
            client_id=shop.client_id,
            client_secret=shop.client_secret,
            clock=clock,
        )
    return RefreshedToken(
        session=session,
        url=url,
        client_id=shop.client_id,
        client_secret=shop.client_secret,
        first=shop.refresh_token,
        kept=Secret(vault, keyring, tenant=config.id, purpose="shop token"),
        clock=clock,
    )


def _missing(tenant: str, unmapped: tuple[str, ...], since: datetime) -> Check:
    return Check(
        f"locations {tenant}",
        Status.WARNING,
        since,
        f"The shop has no active location {', '.join(unmapped)}.",
        "Correct [entities.stock.locations] in the rules or activate the location.",
    )
