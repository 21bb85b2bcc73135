"""Every list that comes in pages is read beyond its first one, at a shop with pages of one row."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.paged_lists import Paged, broken_off, paged_lists, read_on, unpaged
from tests.support.shop_stand import Call
from tests.unit.relay.shopify.page_scenes import SCENES, calls_of
from towline_relay.shopify.documents import document

# A first page inside another document, and the document that reads the list itself.
CONTINUED = {
    "fulfillment_orders: order.fulfillmentOrders.nodes.lineItems": "fulfillment_order_lines",
    "order: order.agreements": "order_ledger",
    "order: order.fulfillmentOrders": "fulfillment_orders",
    "products_updated: products.nodes.variants": "product_variants",
}
# The simulated shop makes one reverse fulfillment order a return; read as the other parts are.
NEVER_TWO = {"return_parts: return.reverseFulfillmentOrders"}

# Lists that don't say whether there is more, and why a cut-off one is no loss.
UNPAGED = {
    "bulkdoc_create_products: productSet.product.variants": "a run creates at most 100 of one",
    "company_roles: company.contactRoles": "a company has the two roles Shopify makes",
    "fulfillment_events: fulfillment.events": "the newest one is what is asked for",
    "fulfillment_orders: order.fulfillments": "250, the most a list can give",
    "order: order.localizedFields": "one a tax number; a country has three at most",
    "order: order.paymentTerms.paymentSchedules": "terms have one, or two with a deposit",
    "order: order.refunds": "only tells that the history is to be read",
    "order: order.transactions": "a full list is refused as not whole",
    "order_refunds: order.refunds": "a full list is refused as not whole",
    "orders_authorized: orders.nodes.transactions": "the order is read whole before it is acted on",
    "price_list_prices: priceList.prices.nodes.quantityPriceBreaks": "Shopify keeps ten at most",
    "product_by_handle: productByIdentifier.variants": "only our draft with its one variant counts",
    "product_set: productSet.product.variants": "the call makes one",
    "product_set_group: productSet.product.variants": "the call makes 100 at most",
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Call]:
    """Play all scenes once; each checks that what it reads is whole."""
    folder = tmp_path_factory.mktemp("pages")
    found: list[Call] = []
    for scene in SCENES:
        (folder / scene.__name__).mkdir()
        found += calls_of(folder / scene.__name__, scene)
    return found


@pytest.mark.parametrize(
    "wanted", [each for each in paged_lists() if str(each) not in NEVER_TWO], ids=str
)
def test_a_list_is_read_beyond_its_first_page(calls: Sequence[Call], wanted: Paged) -> None:
    """A new document with a paged list fails here until a scene reads its second page."""
    if wanted.cursor:
        assert wanted in read_on(calls)
    else:
        assert wanted in broken_off(calls)
        going_on = CONTINUED[str(wanted)]
        assert document(going_on).text in {call.text for call in calls}
        assert any(each.document == going_on for each in read_on(calls))


def test_a_list_without_pages_is_known_and_why_it_is_no_loss() -> None:
    """Whoever asks for ``first: 20`` and not for ``pageInfo`` must say what the 21st would be."""
    assert unpaged() == set(UNPAGED)
    stale = (set(CONTINUED) | NEVER_TWO) - {str(each) for each in paged_lists()}
    assert stale == set()
