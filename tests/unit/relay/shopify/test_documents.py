"""The documents say what they cost and take, and none lies about unused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import towline_relay.shopify as package
from towline_relay.shopify.documents import (
    HEADER,
    cost_key,
    document,
    names,
    read_document,
    scopes,
)
from towline_shared.errors import Misuse

FOLDER = Path(package.__file__).parent


def test_every_document_is_used_and_every_used_one_is_there() -> None:
    """The names in the code and the files in the folder are the same set."""
    code = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))
    assert set(re.findall(r'document\("(\w+)"\)', code)) == set(names())


@pytest.mark.parametrize("name", names())
def test_every_document_declares_cost_scopes_and_repeatability(name: str) -> None:
    """The first line is the header, and the file is read without it."""
    first = (FOLDER / "queries" / f"{name}.graphql").read_text("utf-8").splitlines()[0]
    assert HEADER.fullmatch(first)
    read = document(name)
    assert read.cost > 0
    assert "#" not in read.text
    assert re.search(rf"^(query|mutation) {read.operation}\b", read.text, re.MULTILINE)


def roots(name: str) -> set[str]:
    """Return the root fields of a document, by the names before the brackets at depth one."""
    found = re.findall(r"^  (?:\w+: )?(\w+)(?=[ ({\n])", document(name).text, re.MULTILINE)
    return set(found)


# Mutations that make something each time they run, and have no key that would tell Shopify so.
NOT_REPEATABLE = {
    "bulkOperationRunMutation",
    "bulkOperationRunQuery",
    "companyContactCreate",
    "companyCreate",
    "companyLocationCreate",
    "fulfillmentCreate",
    "fulfillmentEventCreate",
    "fulfillmentOrderHold",
    "fulfillmentOrderSplit",
    "orderCancel",
    "orderCapture",
    "orderMarkAsPaid",
    "productCreate",
    "productVariantsBulkCreate",
    "transactionVoid",
    "webhookSubscriptionCreate",
}

# Since 2026-04: https://shopify.dev/changelog/making-idempotency-mandatory-for-inventory-adjustments-and-refund-mutations
KEYED = {
    "inventoryActivate",
    "inventoryAdjustQuantities",
    "inventoryMoveQuantities",
    "inventorySetQuantities",
    "locationActivate",
    "locationDeactivate",
    "refundCreate",
}


@pytest.mark.parametrize("name", names())
def test_what_makes_something_anew_may_not_be_repeated(name: str) -> None:
    """Reads, setters of a state and keyed mutations are harmless to repeat, others are not."""
    assert roots(name), "the root field stands on a line of its own with two blanks before it"
    if roots(name) & NOT_REPEATABLE:
        assert not document(name).repeatable


def test_creating_a_fulfillment_is_not_repeatable() -> None:
    """The one write whose repetition ships a parcel twice."""
    assert not document("fulfillment_create").repeatable


@pytest.mark.parametrize("name", names())
def test_the_mutations_that_shopify_wants_keyed_carry_the_directive(name: str) -> None:
    """@idempotent is mandatory for some mutations, which a schema can't say."""
    assert document(name).keyed == bool(roots(name) & KEYED)


def test_the_scopes_of_all_documents_are_the_scopes_of_the_app() -> None:
    """What the app must be granted follows from the documents."""
    assert {"write_products", "write_inventory", "read_orders", "read_locations"} <= scopes()


@pytest.mark.parametrize(
    "text",
    [
        "query A { shop { name } }",
        "# cost: x; scopes: none; idempotent: yes\nquery A { shop { name } }",
        "# cost: 1; scopes: none; idempotent: yes\n{ shop { name } }",
    ],
)
def test_a_document_without_header_or_name_is_refused(text: str) -> None:
    """A file that forgot its header does not slip in with made-up figures."""
    with pytest.raises(Misuse, match=r"a\.graphql must begin"):
        read_document("a", text)


def test_cost_is_learned_per_page_size() -> None:
    """A page of 250 and one of 50 cost different points, other variables don't matter."""
    variants = document("variants")
    assert cost_key(variants, {"first": 250, "after": None}) == "variants:250"
    assert cost_key(variants, {"first": 50, "after": "x", "query": "y"}) == "variants:50"
    assert cost_key(document("tags_add"), {"id": "gid"}) == "tags_add"


@pytest.mark.parametrize("name", names())
def test_every_page_size_is_part_of_the_key(name: str) -> None:
    """A document with several connections is filed under all of their sizes."""
    wanted = document(name)
    sizes = {variable: str(index) for index, variable in enumerate(wanted.sizes)}
    assert cost_key(wanted, {**sizes, "id": "gid"}) == ":".join([name, *sizes.values()])
    assert not re.search(r"\bfirst: \$(?!(?:%s)\b)" % ("|".join(wanted.sizes) or "-"), wanted.text)
