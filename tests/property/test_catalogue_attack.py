"""The catalogue lane under attack: whatever happens, the shop is as the ERP and its owner say.

Statements of the ERP in any order, people at work in the admin, buyers, a shop that throttles,
fails, times out after it wrote, a relay that dies at any step. At each quiet point the shop is held
against books that know nothing of the relay. ``TOWLINE_SHOP_EXAMPLES`` sets how many lives are
lived (the suite: a few; ``make soak-catalogue``: many).
"""

from __future__ import annotations

import os
import random
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.support.erp_ledger import BERLIN, HAMBURG, RULES, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_check import ShopCheck, fold
from tests.support.shop_world import ShopWorld
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.events import Body

EXAMPLES = int(os.environ.get("TOWLINE_SHOP_EXAMPLES", "6"))
STEPS = int(os.environ.get("TOWLINE_SHOP_STEPS", "25"))
LISTS = (SeedPriceList(name="B2B Germany"), SeedPriceList(name="America", currency="USD"))

# twins but for case, SKUs that begin alike, signs that mean something to the search
KEYS = ("AB-1", "ab-1", "NW-100", "NW-100-XL", 'A"B:1', "X*", "-Y OR Z", "Ä-1")
key = st.sampled_from(KEYS)
amounts = st.sampled_from(["9.995", "10.00", "0.10", "12.50"]).map(Decimal)
ON_PRODUCTS = ("title", "tag", "metafield", "variant", "rename", "delete", "archive")
ON_VARIANTS = ("price", "barcode", "untrack", "remove", "count", "sale")
pick = st.integers(0, 1000)


class CatalogueLife(RuleBasedStateMachine):
    """One life of a shop and of a relay that keeps dying."""

    BULK_FROM = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = ShopWorld(
            Path(self.folder.name), RULES, bulk_from=self.BULK_FROM, price_lists=LISTS
        )
        self.ledger = Ledger()
        self.merchant = Merchant(self.world.sim)
        self.books = ShopCheck(self.world, self.ledger, self.merchant)
        self.touched: set[str] = set()  # folded SKUs somebody at the shop laid hands on
        self.moved: set[str] = set()  # of these, quantities moved and no webhook has told yet
        self.whole = True  # nothing was found wrong so far

    def teardown(self) -> None:
        try:
            if self.whole:
                self.quiet(seed=0)
        finally:
            self.world.close()
            self.folder.cleanup()

    def tell(self, *bodies: tuple[str, Body]) -> None:
        self.world.feed(*bodies)

    # -- the ERP

    @rule(
        sku=key,
        web=st.sampled_from("YYYN"),
        group=st.sampled_from(["", "", "SC"]),
        size=st.sampled_from(["S", "M", "L", "XL", "XXL"]),
        released=st.sampled_from("YYN"),
        ean=st.sampled_from(["4006381333931", "96385074"]),
        price=amounts | st.none(),
    )
    def state_item(
        self, sku: str, web: str, group: str, size: str, released: str, ean: str,
        price: Decimal | None,
    ) -> None:  # fmt: skip
        """An item is stated, mostly with a price beside it."""
        self.tell(self.ledger.item(sku, WEB=web, GRP=group, SIZ=size, REL=released,
                                   EAN=ean, MAT=f"steel {ean[:2]}"))  # fmt: skip
        if price is not None:
            self.tell(self.ledger.price(sku, "STD", price, Decimal(0), 0))

    @rule(sku=key)
    def end_item(self, sku: str) -> None:
        """The row of an item is gone."""
        self.tell(self.ledger.item(sku))

    @rule(
        sku=key,
        name=st.sampled_from(["STD", "B2B", "US", "NOWHERE"]),
        amount=st.none() | amounts,
        was=st.sampled_from(["0", "5.00", "20.00"]).map(Decimal),
        quantity=st.sampled_from([0, 1, 10, 100]),
    )
    def state_price(
        self, sku: str, name: str, amount: Decimal | None, was: Decimal, quantity: int
    ) -> None:
        """A price of a list is stated, or its row is gone; one list has no place in the shop."""
        self.tell(self.ledger.price(sku, name, amount, was, quantity))

    @rule(
        sku=key,
        balances=st.lists(
            st.tuples(
                st.sampled_from(["001", "002", "003"]),
                st.none() | st.sampled_from([-3, 0, 1, 7, 20, 600]),
            ),
            min_size=1,
            max_size=3,
        ),
    )
    def state_stock(self, sku: str, balances: list[tuple[str, int | None]]) -> None:
        """Balances are stated, two of one location too."""
        self.tell(*(self.ledger.stock(sku, warehouse, pieces) for warehouse, pieces in balances))

    @precondition(lambda self: "N-0" not in self.ledger.keys)
    @rule()
    def assortment(self) -> None:
        """Thirty items come at once."""
        for number in range(30):
            sku = f"N-{number}"
            self.tell(
                self.ledger.item(sku, WEB="Y", GRP="", SIZ="", REL="Y", EAN="1", MAT="tin"),
                self.ledger.price(sku, "STD", Decimal(number + 1), Decimal(0), 0),
                self.ledger.stock(sku, "001", number + 5),
            )

    @precondition(lambda self: "N-0" in self.ledger.keys)
    @rule(back=st.booleans())
    def refill(self, back: bool) -> None:
        """A work file is cleared, and filled again."""
        self.whole = False
        self.world.settle()
        before = self.books.levels()
        kept = dict(self.ledger.stocks), dict(self.ledger.before)
        skus = [f"N-{number}" for number in range(30)]
        self.tell(*(self.ledger.stock(sku, "001", 0) for sku in skus))
        self.world.settle()
        if sum(before.get((sku, BERLIN), 0) > 0 for sku in skus) == len(skus):
            assert self.books.levels() == before, "the brake let a cleared file through"
        self.ledger.stocks, self.ledger.before = kept
        if back:
            self.tell(*((sku, self.ledger.stocks[sku, "001"]) for sku in skus))
        self.whole = True

    # -- the shop and its people

    @rule(what=st.sampled_from(ON_PRODUCTS), at=pick)
    def on_a_product(self, what: str, at: int) -> None:
        """The merchant does something to a product."""
        if products := self.merchant.products():
            product = products[at % len(products)]
            self.world.clock.advance(2)  # times of webhooks are whole seconds
            rows = self.world.ask("SELECT sku FROM variants WHERE product_id = ?", product["id"])
            self.touched |= {fold(row["sku"] or "") for row in rows}
            self.merchant.act(what, product)

    @rule(what=st.sampled_from(ON_VARIANTS), at=pick)
    def on_a_variant(self, what: str, at: int) -> None:
        """The merchant or a buyer does something to a variant."""
        if variants := self.merchant.all_variants():
            variant = variants[at % len(variants)]
            self.world.clock.advance(2)
            self.touched.add(fold(variant["sku"] or ""))
            if what in ("count", "sale"):
                self.moved.add(fold(variant["sku"] or ""))
            self.merchant.act_on_variant(what, variant)

    @rule(sku=key, lower=st.booleans())
    def add_own(self, sku: str, lower: bool) -> None:
        """The merchant makes a product with a SKU of the ERP, maybe in other case."""
        self.touched.add(fold(sku))
        self.merchant.add(sku.lower() if lower else sku)

    @rule(name=st.sampled_from([BERLIN, HAMBURG]), active=st.booleans())
    def location(self, name: str, active: bool) -> None:
        """A location is closed or opened."""
        self.merchant.opened(name, active=active)
        (self.books.closed.discard if active else self.books.closed.add)(name)
        self.touched |= {fold(sku) for sku in self.ledger.keys}

    @rule(lose=st.booleans())
    def webhooks(self, lose: bool) -> None:
        """What the shop tells arrives, or is lost."""
        self.world.deliver(lose=lose)
        self.books.unheard |= self.moved if lose else set()
        self.moved.clear()

    # -- bad days

    @rule(name=st.sampled_from(["http_429", "http_500", "timeout_after_write"]),
          times=st.integers(1, 4))  # fmt: skip
    def fault(self, name: str, times: int) -> None:
        """The next calls fail."""
        setattr(self.world.sim.faults, name, times)

    @rule(size=st.sampled_from([60, 200]))
    def squeeze(self, size: int) -> None:
        """The bucket of points is small for a while."""
        self.world.sim.bucket.squeeze(maximum=size, restore_rate=20.0)

    @rule(steps=st.integers(1, 40))
    def fuse(self, steps: int) -> None:
        """The relay will die at one of its next steps."""
        self.world.fuse.left = steps

    @rule(times=st.integers(1, 4), seconds=st.sampled_from([0, 5, 2000, 4000]))
    def work(self, times: int, seconds: int) -> None:
        """The lane works for a while."""
        self.world.clock.advance(seconds)
        for _ in range(times):
            self.world.turn()

    # -- quiet

    @rule(seed=st.integers(0, 3))
    def quiet(self, seed: int) -> None:
        """Everything heals; what the ERP said last must be there, then all of it is said again."""
        self.whole, world = False, self.world
        world.sim.faults.http_429 = world.sim.faults.http_500 = 0
        world.sim.faults.timeout_after_write = 0
        world.sim.bucket.relax(maximum=20_000, restore_rate=1_000.0)
        world.fuse.left = 0
        world.settle()
        self.books.check(self.touched, reloaded=False)
        world.deliver()
        self.moved.clear()
        world.settle()
        world.sweep()
        before = world.calls()
        self.reload(seed)
        fed = len(self.ledger.everything())
        assert world.calls() - before <= 60 + 8 * fed, "a correction without end"
        self.books.check(set(), reloaded=True)
        written = world.mutations()
        self.reload(seed + 1)
        world.deliver()
        world.settle()
        self.books.check(set(), reloaded=True)
        # what Shopify refuses is tried once with each statement, and only that
        again = world.mutations() - written
        assert again <= self.books.refused(), "what was written is written again"
        self.touched.clear()
        self.whole = True

    def reload(self, seed: int) -> None:
        """Let the ERP say everything once more, in some order."""
        everything = self.ledger.everything()
        random.Random(seed).shuffle(everything)
        self.tell(*everything)
        self.world.settle()


class CatalogueLifeInBulk(CatalogueLife):
    """The same with bulk operations from twenty values on."""

    BULK_FROM = 20


def _live(machine: type[CatalogueLife], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="TOWLINE_SHOP_EXAMPLES" not in os.environ,  # the suite lives the same lives
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_shop_is_as_the_erp_and_its_owner_say() -> None:
    """Whatever happens, by calls."""
    _live(CatalogueLife, EXAMPLES)


def test_the_shop_is_as_the_erp_and_its_owner_say_in_bulk() -> None:
    """Whatever happens, with bulk operations."""
    _live(CatalogueLifeInBulk, max(1, EXAMPLES // 2))
