"""``relay.toml``: where the relay listens, where it keeps its state, whose shops it serves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from towline_relay.link.readiness import InflowLimits
from towline_relay.shopify import versions
from towline_relay.sync.rules.tenant import Rules, load_rules
from towline_shared.config import Section, load_toml, read_secret
from towline_shared.errors import Misconfigured
from towline_shared.storage import Room, read_room

__all__ = ["LEAST_RETENTION_DAYS", "RelayConfig", "ShopConfig", "TenantConfig", "load_config"]

LEAST_RETENTION_DAYS = 3
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


@dataclass(frozen=True, slots=True)
class ShopConfig:
    """One shop.

    Attributes:
        shop: the myshopify.com domain, lower case.
        url: base URL of a simulated shop; empty for the real one.
        token: an access token that does not expire; empty when the app asks for its own.
        client_id: of a Dev Dashboard app, with ``client_secret``.
        refresh_token: the first one of an offline token that expires; empty for client credentials.
        webhook_secrets: newest first.
        sweep_s: seconds between two looks for orders and customers no webhook told about.
        sweep_products_s: likewise for products, at least.
        webhooks: who subscribes: the ``app`` by its toml file, or the relay by the ``api``.
        reconcile_days: how far back the daily comparison of orders looks.
        reconcile_catalogue: compare base prices, stocks and price lists daily too.
    """

    shop: str
    api_version: str
    url: str
    token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    sweep_s: float
    sweep_products_s: float
    webhooks: str
    reconcile_days: int
    reconcile_catalogue: bool


@dataclass(frozen=True, slots=True)
class TenantConfig:
    """One customer: a shop, its rules, its agents.

    Attributes:
        approve_agents: an agent that has enrolled waits for a person's yes.
        pair: of its agents one works, by a lease, and the others stand by.
    """

    id: str
    name: str
    rules_file: Path
    rules: Rules
    shop: ShopConfig
    approve_agents: bool = False
    pair: bool = False


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """Everything ``relay.toml`` says."""

    file: Path
    host: str
    port: int
    state: Path
    log_format: str
    retention_days: int
    room: Room
    tenants: tuple[TenantConfig, ...]
    public_url: str = ""
    inflow: InflowLimits = field(default_factory=InflowLimits)

    @property
    def database(self) -> Path:
        """The relay's store."""
        return self.state / "relay.db"

    @property
    def admin_token(self) -> Path:
        """The file with the operator's token."""
        return self.state / "admin.token"

    @property
    def secrets_key(self) -> Path:
        """The file with the key that seals secrets in the store."""
        return self.state / "secrets.key"

    @property
    def identity(self) -> Path:
        """The file with the relay's own keys."""
        return self.state / "identity.json"


def load_config(path: Path, *, secrets: bool = True) -> RelayConfig:
    """Read ``relay.toml`` and the rules of every tenant.

    Args:
        secrets: false leaves tokens and secrets unread, for commands that call nobody.

    Raises:
        Misconfigured: one sentence with file, field and value.
    """
    root = load_toml(path)
    root.only("server", "state", "log", "inflow", "tenants")
    server, state, log = root.section("server"), root.section("state"), root.section("log")
    server.only("host", "port", "public_url")
    state.only("folder", "retention_days", "most_mb", "ballast_mb")
    log.only("format")
    port = server.number("port", 8480)
    if port > 65535:
        raise server.wrong("port", port, "must be at most 65535")
    tenants = tuple(_tenant(section, secrets=secrets) for section in root.array("tenants"))
    if not tenants:
        raise Misconfigured(f"{path}: there is no [[tenants]].", hint="Name at least one customer.")
    _unique(path, "id", [tenant.id for tenant in tenants])
    _unique(path, "shopify.shop", [tenant.shop.shop for tenant in tenants])
    return RelayConfig(
        file=path,
        host=server.text("host", "127.0.0.1"),
        port=port,
        public_url=_public_url(server, tenants),
        state=state.path("folder", "state"),
        log_format=log.text("format", "auto", among=("auto", "json", "text")),
        retention_days=state.number("retention_days", 30, least=LEAST_RETENTION_DAYS),
        room=read_room(state),
        tenants=tenants,
        inflow=_inflow(root.section("inflow")),
    )


def _inflow(section: Section) -> InflowLimits:
    """Read when to hold agents back."""
    section.only("events", "events_short", "results", "reserve_mib", "window")
    usual = InflowLimits()
    return InflowLimits(
        events=section.number("events", usual.events, least=1),
        events_short=section.number("events_short", usual.events_short, least=1),
        results=section.number("results", usual.results, least=1),
        reserve_bytes=section.number("reserve_mib", usual.reserve_bytes >> 20) << 20,
        window=section.number("window", usual.window, least=1),
    )


def _tenant(section: Section, *, secrets: bool) -> TenantConfig:
    section.only("id", "name", "rules", "shopify", "approve_agents", "pair")
    tenant = section.text("id")
    if not _TENANT.fullmatch(tenant):
        raise section.wrong("id", tenant, "must be lower-case letters, digits and hyphens")
    rules_file = section.path("rules")
    return TenantConfig(
        id=tenant,
        name=section.text("name", tenant),
        rules_file=rules_file,
        rules=load_rules(rules_file),
        shop=_shop(section.section("shopify", required=True), tenant, secrets=secrets),
        approve_agents=section.flag("approve_agents", False),
        pair=section.flag("pair", False),
    )


def _shop(section: Section, tenant: str, *, secrets: bool) -> ShopConfig:
    section.only(
        "shop", "api_version", "url", "client_id", "client_secret_file", "access_token_file",
        "refresh_token_file", "webhook_secrets_file", "sweep_s", "sweep_products_s",
        "webhooks", "reconcile_days", "reconcile_catalogue",
    )  # fmt: skip
    shop = section.text("shop").lower()
    if not _SHOP.fullmatch(shop):
        raise section.wrong("shop", shop, "must be a domain like my-shop.myshopify.com")
    client_id = section.text("client_id", "")
    token = client_secret = refresh_token = ""
    webhook_secrets: tuple[str, ...] = ()
    if secrets:
        prefix = f"TOWLINE_{tenant.upper().replace('-', '_')}"
        if client_id:
            client_secret = read_secret(
                section, "client_secret", variable=f"{prefix}_CLIENT_SECRET"
            )
            refresh_token = _refresh_token(section, variable=f"{prefix}_REFRESH_TOKEN")
        else:
            token = read_secret(section, "access_token", variable=f"{prefix}_ACCESS_TOKEN")
        lines = read_secret(section, "webhook_secrets", variable=f"{prefix}_WEBHOOK_SECRETS")
        webhook_secrets = tuple(line.strip() for line in lines.splitlines() if line.strip())
    return ShopConfig(
        shop=shop,
        api_version=_api_version(section),
        url=section.text("url", ""),
        token=token,
        client_id=client_id,
        client_secret=client_secret,
        refresh_token=refresh_token,
        webhook_secrets=webhook_secrets,
        sweep_s=section.seconds("sweep_s", 300.0),
        sweep_products_s=section.seconds("sweep_products_s", 3600.0),
        webhooks=section.text("webhooks", "app", among=("app", "api")),
        reconcile_days=section.number("reconcile_days", 7, least=1),
        reconcile_catalogue=section.flag("reconcile_catalogue", True),
    )


def _refresh_token(section: Section, *, variable: str) -> str:
    if variable not in os.environ and "refresh_token_file" not in section.data:
        return ""
    return read_secret(section, "refresh_token", variable=variable)


def _public_url(server: Section, tenants: Sequence[TenantConfig]) -> str:
    """Read the address from outside; whoever makes subscriptions by the API needs it."""
    url = server.text("public_url", "").rstrip("/")
    if url and not url.startswith(("https://", "http://")):
        raise server.wrong("public_url", url, "must be an address like https://relay.example.com")
    asking = [tenant.id for tenant in tenants if tenant.shop.webhooks == "api"]
    if asking and not url:
        raise Misconfigured(
            f"{server.file}: server.public_url is missing.",
            hint=f'Tenant {asking[0]} has webhooks = "api": say where Shopify is to send them.',
        )
    return url


def _api_version(section: Section) -> str:
    version = section.text("api_version", "2026-10")
    reason = versions.why_not(version, simulated=bool(section.text("url", "")))
    if reason:
        raise section.wrong("api_version", version, reason)
    return version


def _unique(path: Path, field_name: str, values: list[str]) -> None:
    for value in set(values):
        if values.count(value) > 1:
            raise Misconfigured(f"{path}: tenants.{field_name} = {value!r} stands there twice.")


def default_path() -> Path:
    """Return where the settings are when nobody names them."""
    return Path(os.environ.get("TOWLINE_RELAY_CONFIG", "relay.toml"))
