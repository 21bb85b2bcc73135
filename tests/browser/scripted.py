"""A world in memory that moves one step each time it is looked at, so that tests need no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from towline_sandbox.stage.faults import CATALOGUE
from towline_sandbox.stage.world import (
    AgentView,
    ErpItem,
    IbmIView,
    PriceChange,
    RelayEvent,
    RelayView,
    ShopOrder,
    ShopProduct,
    ShopView,
    Tracking,
    WebOrder,
    World,
)
from towline_shared.errors import Permanent, Retryable

__all__ = ["ScriptedBackend", "sample_items"]

_STEPS = ("outbox", "buffer", "relay", "shop")


def sample_items() -> list[ErpItem]:
    """Twenty items of a distributor, with the dirt such files have."""
    rows = (
        ("FA-10040", "HEX BOLT M8X40 ZINC 8.8", "FAST", "12.90", 1204),
        ("FA-10045", "HEX BOLT M10X60 STAINLESS A2", "FAST", "18.40", 860),
        ("FN-10200", "WASHER M8 DIN 125 ZINC", "FAST", "3.15", 15400),
        ("CA-20010", "CABLE H07V-K 1X2.5 BLUE 100M", "CABL", "64.00", 77),
        ("CA-20011", "CABLE H07V-K 1X2.5 BLACK 100M", "CABL", "64.00", 12),
        ("LI-30500", "LED LAMP E27 9W WARM WHITE", "LITE", "4.95", 2310),
        ("LI-30520", "LED PANEL 60X60 36W", "LITE", "39.90", 0),
        ("TO-40100", "COMBINATION PLIERS 180MM", "TOOL", "21.50", 144),
        ("TO-40110", "SCREWDRIVER SET 6PC VDE", "TOOL", "34.90", 58),
        ("VA-50020", "BALL VALVE 1/2 INCH BRASS", "PLMB", "9.80", 403),
        ("VA-50025", "BALL VALVE 3/4 INCH BRASS", "PLMB", "13.20", -4),
        ("GL-60010", "WORK GLOVES SIZE 10", "SAFE", "5.60", 990),
        ("GL-60011", "SAFETY GOGGLES CLEAR", "SAFE", "8.90", 310),
        ("GA-70001", "PRESSURE GAUGE 0-10 BAR", "GAUG", "16.75", 61),
        ("CH-80010", "CONTACT SPRAY 400 ML", "CHEM", "6.20", 205),
        ("EL-90010", "CIRCUIT BREAKER B16 1-POLE", "ELEC", "27.30", 33),
        ("PK-95001", "CARTON 400X300X200 25PC", "PACK", "22.00", 640),
        ("PK-95002", "STRETCH FILM 500MM CLEAR", "PACK", "7.45", 118),
        ("ZZ-99001", "KIDS & <b>CO</b> LABEL ROLL", "PACK", None, None),
        ("ZZ-99002", "SAMPLE, NOT FOR SALE", "PACK", "0.00", 1),
    )
    return sorted(
        (
            ErpItem(
                number=number,
                description=text,
                item_class=cls,
                on_hand=stock,
                price=None if price is None else Decimal(price),
                record={"ITCLS": cls, "ITUOM": "EA", "ITSTS": "A", "ITCRTD": "1190412"},
            )
            for number, text, cls, price, stock in rows
        ),
        key=lambda item: item.number,
    )


@dataclass
class ScriptedBackend:
    """Implements :class:`~towline_sandbox.stage.world.StageBackend`."""

    catalogue: dict[str, ErpItem] = field(
        default_factory=lambda: {item.number: item for item in sample_items()}
    )
    broken: set[str] = field(default_factory=set)
    outbox_total: int = 2040
    moving: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    shop_prices: dict[str, Decimal] = field(default_factory=dict)
    drafts: set[str] = field(default_factory=lambda: {"TO-40110"})
    orders: list[ShopOrder] = field(default_factory=list)
    staged: list[WebOrder] = field(default_factory=list)
    events: list[RelayEvent] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(
        default_factory=lambda: Counter({("item", "applied"): 20})
    )
    looks: int = 0
    closed: bool = False

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 8, 59, self.looks % 60, tzinfo=UTC)

    async def world(self, *, watched: Sequence[str]) -> World:
        """Move everything one step, then show it."""
        self.looks += 1
        if self.looks % 20 == 0:  # the process tree starts again what was killed
            self.broken -= {"kill_relay", "kill_agent"}
        self._move_prices()
        self._move_orders()
        cut = "cut_link" in self.broken
        backlog = sum(1 for step, _ in self.moving.values() if step == 1) if cut else 0
        return World(
            at=self.now(),
            ibmi=self._ibmi(),
            agent=None
            if "kill_agent" in self.broken
            else AgentView(connected=not cut, ibmi="up", backlog=backlog, version="0.1.0"),
            relay=None
            if "kill_relay" in self.broken
            else RelayView(counts=dict(self.counts), events=tuple(reversed(self.events[-20:]))),
            shop=self._shop(watched),
        )

    async def items(self, *, position: str, count: int) -> Sequence[ErpItem]:
        if "stop_erp" in self.broken:
            raise Retryable("The ERP is in restricted state.")
        listed = [item for number, item in sorted(self.catalogue.items()) if number >= position]
        return listed[:count]

    async def items_before(self, *, position: str, count: int) -> Sequence[ErpItem]:
        return [item for number, item in sorted(self.catalogue.items()) if number < position][
            -count:
        ]

    async def web_orders(self, *, count: int) -> Sequence[WebOrder]:
        return list(reversed(self.staged))[:count]

    async def change_price(self, *, item: str, price: Decimal) -> PriceChange:
        if "lock_record" in self.broken:
            raise Retryable(f"Record {item} of ITMPRC is in use by job 048211/KESSLER/QPADEV0003.")
        self.catalogue[item] = replace(self.catalogue[item], price=price)
        self.outbox_total += 1
        self.moving[item] = (0, price)
        return PriceChange(item=item, price=price, outbox_id=self.outbox_total)

    async def order(self, *, sku: str, quantity: int) -> str:
        item = self.catalogue.get(sku)
        if item is None or item.price is None:
            raise Permanent(f"The shop does not sell {sku}.")
        number = 1001 + len(self.orders)
        gid = f"gid://shopify/Order/{number}"
        total = item.price * quantity
        self.orders.append(ShopOrder(gid=gid, name=f"#{number}", total=total, currency="EUR"))
        return f"#{number}"

    async def publish(self, *, product_gid: str) -> str:
        sku = product_gid.rsplit("/", 1)[-1]
        self.drafts.discard(sku)
        return self.catalogue[sku].description.capitalize()

    async def publish_all(self) -> str:
        published = len(self.drafts)
        self.drafts.clear()
        return f"{published} drafts are published."

    async def fault(self, *, name: str, on: bool) -> str:
        if on:
            self.broken.add(name)
        else:
            self.broken.discard(name)
        return f"{CATALOGUE[name].title}: {'on' if on else 'healed'}."

    def faults(self) -> Sequence[str]:
        return tuple(CATALOGUE)

    async def close(self) -> None:
        self.closed = True

    def _move_prices(self) -> None:
        for item, (step, price) in list(self.moving.items()):
            if step == 1 and "cut_link" in self.broken:
                continue
            if step + 1 < len(_STEPS):
                self.moving[item] = (step + 1, price)
                if step + 1 == 2:
                    self._happened("price", item, "pending", "")
                continue
            del self.moving[item]
            self.shop_prices[item] = price
            self._happened("price", item, "applied", f"Price {price} EUR written to 1 variant.")

    def _move_orders(self) -> None:
        for index, order in enumerate(self.orders):
            staged = next((each for each in self.staged if each.name == order.name), None)
            if staged is None:
                self.staged.append(
                    WebOrder(name=order.name, status="N", total=order.total, lines=1)
                )
                self._happened("order", order.gid, "on_site", "")
            elif staged.status == "N":
                erp = str(104770 + index)
                self._stage(staged, replace(staged, status="A", erp_order=erp))
                self.orders[index] = replace(order, erp_order=erp)
                self._happened("order_result", order.gid, "applied", f"ERP order {erp}.")
            elif staged.status == "A":
                self._stage(staged, replace(staged, status="S", shipment=f"DHL 0034{index:08d}"))
                parcel = Tracking(company="DHL", number=f"0034{index:08d}")
                self.orders[index] = replace(order, tracking=(parcel,), fulfillment="FULFILLED")
                self._happened("shipment", order.gid, "applied", "Fulfillment with tracking.")

    def _stage(self, old: WebOrder, new: WebOrder) -> None:
        self.staged[self.staged.index(old)] = new

    def _happened(self, entity: str, key: str, state: str, reason: str) -> None:
        if state == "applied" and self.counts[(entity, "pending")]:
            self.counts[(entity, "pending")] -= 1
        self.counts[(entity, state)] += 1
        self.events.append(
            RelayEvent(
                serial=len(self.events) + 1,
                event_id=f"e{len(self.events)}",
                entity=entity,
                key=key,
                state=state,
                reason=reason,
                changed_at=self.now(),
                direction="down" if entity == "order" else "up",
            )
        )

    def _ibmi(self) -> IbmIView:
        waiting = sum(1 for step, _ in self.moving.values() if step <= 1)
        done = [order for order in self.staged if order.status in "AS"]
        return IbmIView(
            system="NORDWIND",
            state="restricted" if "stop_erp" in self.broken else "up",
            outbox_depth=waiting,
            outbox_total=self.outbox_total,
            doorbell_total=self.outbox_total - 3,
            staged_total=len(self.staged),
            new_orders=sum(1 for order in self.staged if order.status == "N"),
            accepted_total=len(done),
            shipped_total=sum(1 for order in done if order.status == "S"),
            locked=("ITMPRC FA-10040 locked",) if "lock_record" in self.broken else (),
        )

    def _shop(self, watched: Sequence[str]) -> ShopView:
        ranked = [sku for sku in watched if sku in self.catalogue]
        ranked += [sku for sku in self.catalogue if sku not in ranked]
        products = tuple(
            ShopProduct(
                gid=f"gid://shopify/Product/{sku}",
                sku=sku,
                currency="EUR",
                hue=index * 37 % 360,
                title=self.catalogue[sku].description.capitalize(),
                price=self.shop_prices.setdefault(sku, self.catalogue[sku].price or Decimal(0)),
                available=max(0, self.catalogue[sku].on_hand or 0),
                status="DRAFT" if sku in self.drafts else "ACTIVE",
                item_class=self.catalogue[sku].item_class,
            )
            for index, sku in enumerate(ranked[:12])
        )
        return ShopView(
            name="Nordwind Demo",
            products=products,
            orders=tuple(reversed(self.orders[-8:])),
            orders_total=len(self.orders),
            throttled="throttle" in self.broken,
            budget=0.04 if "throttle" in self.broken else 0.97,
            webhooks={"delivered": len(self.orders), "lost": 0},
        )
