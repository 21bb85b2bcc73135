"""The agent's health page in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.agent_status import sample_status
from tests.browser.chromium import complaints, served_by, set_size
from towline_agent.health.server import HealthServer
from towline_agent.health.status import AgentStatus

pytestmark = pytest.mark.browser
NASTY = "<img src=x onerror=alert(1)> refused the connection."


@asynccontextmanager
async def health(status: AgentStatus) -> AsyncIterator[str]:
    """Serve a status as the agent serves its own."""

    async def look() -> AgentStatus:
        return status

    server = HealthServer(look, port=0)
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.stop()


def test_the_two_links_are_shown_apart(chromium: WebDriver) -> None:
    """IBM i on the one side, relay on the other, what waits in between; the console is silent."""
    with served_by(lambda: health(sample_status())) as address:
        set_size(chromium, 1280, 800)
        complaints(chromium)
        chromium.get(address)
        text = chromium.find_element(By.TAG_NAME, "body").text.lower()
        for words in ("agent to ibm i", "agent to relay", "in between", "nordwind berlin"):
            assert words in text
        assert complaints(chromium) == []
        chromium.get("about:blank")


def test_a_sentence_of_the_network_stays_text(chromium: WebDriver) -> None:
    """What a proxy or a peer said is shown, never run."""
    with served_by(lambda: health(sample_status(trouble=NASTY))) as address:
        chromium.get(address)
        assert NASTY in chromium.find_element(By.TAG_NAME, "body").text
        assert chromium.find_elements(By.CSS_SELECTOR, "main img") == []
        chromium.get("about:blank")
