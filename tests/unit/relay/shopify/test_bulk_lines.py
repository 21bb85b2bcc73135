"""Lines of bulk operations: what is written for Shopify, and what its answers mean."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_relay.shopify.bulk import BulkState, Target, marked
from towline_relay.shopify.bulk_lines import (
    Answered,
    create_variables,
    created,
    prices_set,
    prices_variables,
    quantities_set,
    quantities_variables,
    read_line,
)
from towline_relay.shopify.documents import document
from towline_relay.shopify.exports import read_export_line, variant
from towline_relay.shopify.models import (
    LineOutcome,
    ProductSpec,
    Quantity,
    Remedy,
    VariantPrice,
    VariantRef,
)
from towline_shared.errors import Permanent

NODE: dict[str, Any] = {
    "id": "gid://shopify/ProductVariant/2",
    "sku": "AB-1",
    "price": "19.90",
    "compareAtPrice": None,
    "inventoryItem": {"id": "gid://shopify/InventoryItem/3", "tracked": True},
}
PRODUCT = {"id": "gid://shopify/Product/1", "status": "DRAFT"}


def answer(number: int, payload: dict[str, Any]) -> bytes:
    """Write a result line."""
    return json.dumps({"data": {"x": payload}, "__lineNumber": number}).encode()


def test_a_creation_names_no_product_it_could_replace() -> None:
    """With an identifier productSet replaces the variants of what it finds; nobody looks first."""
    spec = ProductSpec(handle="ab-1", title="Bolt", sku="AB-1", price=Decimal("1.50"))
    variables = create_variables(spec)
    assert set(variables) == {"input"}
    assert variables["input"]["status"] == "DRAFT"
    assert "identifier" not in document("bulkdoc_create_products").text


def test_quantities_carry_their_key_in_the_line() -> None:
    """@idempotent takes its key from a variable of each line, and changeFromQuantity is present."""
    variables = quantities_variables(
        "on_hand", [Quantity("i", "l", 3)], reference="gid://towline/Event/1", key="k"
    )
    assert variables["idempotencyKey"] == "k"
    assert variables["input"]["quantities"][0]["changeFromQuantity"] is None


def test_prices_of_a_product_are_one_line() -> None:
    """The mutation takes one product and its variants."""
    prices = [VariantPrice("a", Decimal("1.00")), VariantPrice("b", Decimal("2.00"))]
    variables = prices_variables("p", prices)
    assert [line["price"] for line in variables["variants"]] == ["1.00", "2.00"]


def test_a_created_product_comes_back_with_its_three_gids() -> None:
    """What the link needs is in the result line; nothing has to be read after it."""
    product = {**PRODUCT, "variants": {"edges": [{"node": NODE}]}}
    read = read_line(answer(7, {"product": product, "userErrors": []}))
    assert read is not None
    (ref,) = created(read, ["AB-1"])
    assert isinstance(ref, VariantRef)
    assert read.number == 7
    assert (ref.product_gid, ref.sku, ref.price) == (PRODUCT["id"], "AB-1", Decimal("19.90"))


@pytest.mark.parametrize(
    ("payload", "verdict"),
    [
        ({"product": None, "userErrors": [{"code": "HANDLE_NOT_UNIQUE"}]}, Remedy.REREAD),
        ({"product": None, "userErrors": [{"code": "INVALID_PRODUCT"}]}, Remedy.PARK),
        ({"product": None, "userErrors": []}, Remedy.REREAD),
        ({"product": {**PRODUCT, "variants": {"edges": []}}, "userErrors": []}, Remedy.REREAD),
    ],
)
def test_a_creation_without_a_variant_is_no_creation(
    payload: dict[str, Any], verdict: Remedy
) -> None:
    """Neither a user error nor an empty answer is taken for success."""
    read = read_line(answer(0, payload))
    assert read is not None
    (outcome,) = created(read, ["AB-1"])
    assert isinstance(outcome, LineOutcome)
    assert (outcome.ok, outcome.verdict) == (False, verdict)


def test_one_bad_variant_of_a_product_names_itself_and_leaves_the_others_innocent() -> None:
    """The product is not there; the others go again without it."""
    errors = [
        {"code": "INVALID_VARIANT", "message": "No", "field": ["input", "variants", "1", "price"]}
    ]
    read = read_line(answer(0, {"product": None, "userErrors": errors}))
    assert read is not None
    found = [one for one in created(read, ["A", "B", "C"]) if isinstance(one, LineOutcome)]
    assert [one.verdict for one in found] == [Remedy.SPLIT, Remedy.PARK, Remedy.SPLIT]


def test_a_variant_the_answer_lacks_is_read_again() -> None:
    """Two were sent, one came back: the other one's fate is unknown."""
    product = {**PRODUCT, "variants": {"edges": [{"node": NODE}]}}
    read = read_line(answer(0, {"product": product, "userErrors": []}))
    assert read is not None
    first, second = created(read, ["AB-1", "AB-2"])
    assert isinstance(first, VariantRef)
    assert isinstance(second, LineOutcome)
    assert second.verdict is Remedy.REREAD


def test_prices_that_are_not_confirmed_are_read_again() -> None:
    """allowPartialUpdates passes the good ones; each variant is looked for in the answer."""
    payload = {
        "productVariants": [{"id": "a"}],
        "userErrors": [
            {"code": "NEGATIVE_PRICE_VALUE", "message": "No", "field": ["variants", "2", "price"]}
        ],
    }
    read = read_line(answer(0, payload))
    assert read is not None
    first, second, third = prices_set(read, ["a", "b", "c"])
    assert first.ok
    assert (second.ok, second.verdict) == (False, Remedy.REREAD)
    assert (third.ok, third.code) == (False, "NEGATIVE_PRICE_VALUE")


def test_one_bad_quantity_leaves_the_others_innocent() -> None:
    """The call is atomic; the innocent are sent again without the guilty."""
    errors = [
        {"code": "INVALID_LOCATION", "message": "No", "field": ["input", "quantities", "1", "x"]}
    ]
    read = read_line(answer(0, {"userErrors": errors}))
    assert read is not None
    verdicts = [outcome.verdict for outcome in quantities_set(read, 3)]
    assert verdicts == [Remedy.SPLIT, Remedy.PARK, Remedy.SPLIT]


@pytest.mark.parametrize("count", [1, 3])
def test_a_line_that_failed_as_a_whole_is_tried_again(count: int) -> None:
    """An internal error of one line says nothing about its values."""
    line = {"data": None, "errors": [{"message": "Internal error"}], "__lineNumber": 4}
    read = read_line(json.dumps(line).encode())
    assert read == Answered(4, None, "Internal error")
    assert {o.verdict for o in quantities_set(read, count)} == {Remedy.RETRY}
    assert {o.verdict for o in prices_set(read, ["g"] * count)} == {Remedy.RETRY}
    for outcome in created(read, ["AB-1"] * count):
        assert isinstance(outcome, LineOutcome)
        assert outcome.verdict is Remedy.RETRY


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(line: bytes) -> None:
    """A cut or foreign line is no answer; the line of input then counts as unanswered."""
    read = read_line(line)
    assert read is None or isinstance(read.number, int)
    with contextlib.suppress(Permanent):
        assert isinstance(read_export_line(line).node, dict)


@pytest.mark.parametrize(
    "line", [b'{"__lineNumber": true}', b'{"__lineNumber": "1"}', b"[]", b'{"data": {}}', b"{"]
)
def test_a_line_without_a_number_is_no_answer(line: bytes) -> None:
    """Only the number says which input it is about."""
    assert read_line(line) is None


def test_a_child_in_a_querys_result_is_no_root() -> None:
    """Nested objects come as lines of their own, with the id of their parent."""
    line = {**NODE, "product": PRODUCT}
    root = read_export_line(json.dumps(line).encode())
    assert root.root
    assert variant(root).sku == NODE["sku"]
    child = read_export_line(json.dumps({**line, "__parentId": "x"}).encode())
    assert (child.parent, child.node) == ("x", root.node)


def test_an_operation_carries_our_mark() -> None:
    """That is how a start without an answer is found again."""
    text = marked(document("bulkdoc_set_prices"), "towline_12ab")
    assert text.startswith("mutation towline_12ab(")
    assert "BulkSetPrices" not in text


def test_states_that_are_over() -> None:
    """Only a completed operation has run every line."""
    over = {
        status: (state.over, state.completed)
        for status in ("CREATED", "RUNNING", "COMPLETED", "CANCELING", "CANCELED", "FAILED")
        if (state := BulkState("g", status, "", 0, 0, "")) or True
    }
    assert [status for status, (is_over, _) in over.items() if is_over] == [
        "COMPLETED", "CANCELED", "FAILED"
    ]  # fmt: skip
    assert [status for status, (_, done) in over.items() if done] == ["COMPLETED"]
    assert Target("u", (("a", "b"), ("key", "tmp/x"))).path == "tmp/x"
