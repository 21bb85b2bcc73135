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


@pytest.mark.parametrize("name", names())
def test_only_creating_a_fulfillment_may_not_be_repeated(name: str) -> None:
    """Reads, setters of a state and keyed mutations are harmless to repeat."""
    assert document(name).repeatable == (name != "fulfillment_create")


def test_the_mutation_that_shopify_wants_keyed_carries_the_directive() -> None:
    """@idempotent is mandatory for inventorySetQuantities, which a schema can't say."""
    keyed = {name for name in names() if document(name).keyed}
    uses = {name for name in names() if "inventorySetQuantities" in document(name).text}
    assert keyed == uses == {"inventory_set"}


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
