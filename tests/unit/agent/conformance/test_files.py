"""The kit's own files: the same layout as the sandbox's, so that one set of checks serves both."""

from __future__ import annotations

from decimal import Decimal

import pytest

from towline_agent.conformance.files import (
    BALANCES,
    ITEMS,
    PRICES,
    balance_record,
    in_library,
    price_record,
)
from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import store
from towline_sandbox.ibmi.towline_files import layout


@pytest.mark.parametrize("shape", [PRICES, BALANCES], ids=lambda shape: shape.name)
def test_both_benches_have_the_same_files(shape: FileLayout) -> None:
    """Fields, types and keys don't drift apart."""
    theirs = layout(f"DISTLIB/{shape.name}")
    assert in_library(shape, "DISTLIB").object == theirs.object
    assert [(f.name, f.type) for f in shape.fields] == [(f.name, f.type) for f in theirs.fields]
    assert shape.key == theirs.key


def test_the_records_fit_their_files() -> None:
    """Every column has a value, and every value fits; there are items enough for the checks."""
    assert len(set(ITEMS)) >= 40
    for shape, record in (
        (PRICES, price_record(ITEMS[0], Decimal("1.00"))),
        (BALANCES, balance_record(ITEMS[0], "001")),
    ):
        assert set(record) == set(shape.by_name)
        for name, value in record.items():
            store(shape.by_name[name], value, where=name)
