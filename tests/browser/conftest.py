"""One browser for all page tests; a browser start costs more than all the clicks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.chromium import browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A headless Chromium; tests that use it carry the marker ``browser``."""
    with browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver
