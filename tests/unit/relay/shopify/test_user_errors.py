"""Every refusal of Shopify leads to one next step."""

from __future__ import annotations

from importlib.resources import files

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema, build_schema, get_named_type

from towline_relay.shopify.codes import (
    CODES,
    bulk,
    customers,
    orders,
    prices,
    products,
    stock,
)
from towline_relay.shopify.documents import document, names
from towline_relay.shopify.inventory import next_batches
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.shopify.user_errors import (
    Stale,
    UserError,
    line_outcomes,
    raise_first,
    read_errors,
    remedy,
)
from towline_shared.errors import Refused, Retryable


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Return the trimmed schema the simulated shop is typed by."""
    folder = files("towline_sandbox.shopify") / "schema"
    text = (folder / "admin_2026-10.graphql").read_text("utf-8")
    return build_schema(text, assume_valid=True)


def codes_of(schema: GraphQLSchema, mutation: str) -> set[str]:
    """Return the codes of a mutation's user errors; empty when they carry none."""
    assert schema.mutation_type is not None
    payload = get_named_type(schema.mutation_type.fields[mutation].type)
    assert isinstance(payload, GraphQLObjectType)
    codes: set[str] = set()
    for name, field in payload.fields.items():
        if name.endswith("serErrors"):  # orderCancel has orderCancelUserErrors beside userErrors
            error = get_named_type(field.type)
            assert isinstance(error, GraphQLObjectType)
            code = get_named_type(error.fields["code"].type) if "code" in error.fields else None
            codes |= set(code.values) if isinstance(code, GraphQLEnumType) else set()
    return codes


def test_the_table_holds_the_codes_of_the_simulated_shop(schema: GraphQLSchema) -> None:
    """Without the schema lab: no code of 2026-10 is missing where the part has the mutation.

    The lab walks the enums of all versions and both ways.
    """
    assert schema.mutation_type is not None
    known = [mutation for mutation in CODES if mutation in schema.mutation_type.fields]
    assert len(known) > 6
    for mutation in known:
        assert codes_of(schema, mutation) <= set(CODES[mutation]), mutation


def test_every_mutation_we_send_has_a_table(schema: GraphQLSchema) -> None:
    """No user error comes back from a mutation nobody thought about."""
    assert schema.mutation_type is not None
    sent = {
        root
        for name in names()
        if document(name).mutation
        for root in schema.mutation_type.fields
        if f" {root}(" in document(name).text
    }
    assert sent <= set(CODES)


def test_the_table_is_one_although_its_families_are_apart() -> None:
    """Two families that name the same mutation would silently override each other."""
    families = (bulk, customers, orders, prices, products, stock)
    assert len(CODES) == sum(len(family.TABLES) for family in families)


def test_the_cancellation_of_an_order_has_its_errors_elsewhere() -> None:
    """orderCancel reports codes in orderCancelUserErrors; userErrors there is deprecated."""
    payload = {"userErrors": [], "orderCancelUserErrors": [{"message": "no", "code": "INVALID"}]}
    assert read_errors(payload) == []
    (found,) = read_errors(payload, field="orderCancelUserErrors")
    assert remedy("orderCancel", found.code) is Remedy.REREAD


def test_an_unknown_code_needs_somebody() -> None:
    """A code newer than the table is parked, not retried for ever."""
    assert remedy("productSet", "BRAND_NEW") is Remedy.PARK
    assert remedy("tagsAdd", "") is Remedy.PARK


def test_errors_are_read_with_their_path() -> None:
    """Numbers in a path come as text; missing parts are empty, not a crash."""
    payload = {
        "userErrors": [
            {"field": ["input", "quantities", "3", "quantity"], "message": "bad\n x", "code": "C"},
            {"field": None, "message": None},
        ]
    }
    first, second = read_errors(payload)
    assert first == UserError("C", "bad x", ("input", "quantities", "3", "quantity"))
    assert first.index_in("quantities") == 3
    assert second == UserError("", "no reason given", ())
    assert second.index_in("quantities") is None
    assert read_errors({"userErrors": None}) == []


def test_the_gravest_error_is_raised() -> None:
    """One error that needs somebody outweighs one that passes."""
    passing = UserError("GENERIC_ERROR", "again", ())
    stale = UserError("HANDLE_NOT_UNIQUE", "taken", ())
    grave = UserError("INVALID_VARIANT", "Price is bad.", ())
    raise_first("productSet", [])
    with pytest.raises(Retryable):
        raise_first("productSet", [passing])
    with pytest.raises(Stale):
        raise_first("productSet", [passing, stale])
    with pytest.raises(Refused, match=r"Price is bad \(INVALID_VARIANT\)\.") as caught:
        raise_first("productSet", [passing, stale, grave])
    assert caught.value.code == "INVALID_VARIANT"


def outcomes(*errors: UserError, count: int = 4, atomic: bool = True) -> list[LineOutcome]:
    """Judge a call of inventorySetQuantities."""
    return line_outcomes(
        "inventorySetQuantities", errors, count=count, list_field="quantities", atomic=atomic
    )


def at(index: int, code: str) -> UserError:
    """Build an error about one quantity."""
    return UserError(code, "no", ("input", "quantities", str(index), "inventoryItemId"))


def test_without_errors_every_line_is_taken() -> None:
    """No user error means the whole call holds."""
    assert [o.ok for o in outcomes()] == [True] * 4
    assert next_batches(outcomes()) == []


def test_one_bad_line_of_an_atomic_call_releases_the_others() -> None:
    """The guilty line is parked, the innocent go out again together."""
    found = outcomes(at(2, "NON_MUTABLE_INVENTORY_ITEM"))
    assert [o.verdict for o in found] == [
        Remedy.SPLIT,
        Remedy.SPLIT,
        Remedy.PARK,
        Remedy.SPLIT,
    ]
    assert "bundle" in found[2].message
    assert next_batches(found) == [(0, 1, 3)]


def test_a_bad_line_without_a_name_is_found_by_halving() -> None:
    """Shopify said that an item is wrong and not which: each half goes out alone."""
    found = outcomes(UserError("INVALID_INVENTORY_ITEM", "no", ()), count=5)
    assert {o.verdict for o in found} == {Remedy.SPLIT}
    assert next_batches(found) == [(0, 1, 2), (3, 4)]
    alone = outcomes(UserError("INVALID_INVENTORY_ITEM", "no", ()), count=1)
    assert alone[0].verdict is Remedy.REREAD
    assert next_batches(alone) == []


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("IDEMPOTENCY_CONCURRENT_REQUEST", Remedy.RETRY),
        ("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", Remedy.NEW_KEY),
        ("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", Remedy.NEW_KEY),
        ("INVALID_REASON", Remedy.PARK),
    ],
)
def test_an_error_about_the_call_is_about_every_line(code: str, verdict: Remedy) -> None:
    """Nothing is split when no line is to blame."""
    found = outcomes(UserError(code, "no", ("input",)))
    assert {o.verdict for o in found} == {verdict}
    assert next_batches(found) == []


def test_a_partial_call_takes_its_good_lines() -> None:
    """With allowPartialUpdates only the named line is refused."""
    found = outcomes(at(0, "INVALID_QUANTITY_NEGATIVE"), atomic=False)
    assert [o.ok for o in found] == [False, True, True, True]


def test_an_index_beyond_the_call_is_not_trusted() -> None:
    """A path that names a line we never sent is about the call."""
    found = outcomes(at(9, "INVALID_REASON"), count=2)
    assert {o.verdict for o in found} == {Remedy.PARK}
