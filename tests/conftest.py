"""Labs are decided in one place: skipped with the way to get them, or failed under CI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.support.labs import LABS, all_wanted


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose lab is missing."""
    for marker, lab in LABS.items():
        if item.get_closest_marker(marker) and not lab.found():
            if all_wanted():
                pytest.fail(lab.absence, pytrace=False)
            pytest.skip(lab.absence)


@pytest.fixture(autouse=True)
def _logs_as_shipped() -> Iterator[None]:
    """A command line configures logs for its whole process; the next test starts from none."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
