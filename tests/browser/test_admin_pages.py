"""The operator's pages in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.chromium import complaints, served, set_size, until
from tests.unit.relay.admin.fakes import NASTY, TOKEN, FakeStore, build, event, sample_store

pytestmark = pytest.mark.browser


@pytest.fixture
def store() -> FakeStore:
    """A store with one event of most kinds."""
    return sample_store()


@pytest.fixture
def pages(chromium: WebDriver, store: FakeStore) -> Iterator[str]:
    """The address of the pages; nobody is signed in."""
    with served(lambda: build(store)) as address:
        set_size(chromium, 1280, 800)
        complaints(chromium)
        yield address
        chromium.get(f"{address}/admin/sign-in")
        chromium.delete_all_cookies()
        chromium.get("about:blank")


def sign_in(driver: WebDriver, address: str, path: str) -> None:
    """Go to a page as a person does who is not signed in yet."""
    driver.get(f"{address}{path}")
    driver.find_element(By.ID, "token").send_keys(TOKEN, Keys.ENTER)
    until(driver, lambda d: d.current_url.endswith(path), f"{path} after signing in")


def test_signing_in_leads_where_one_wanted_to_go(chromium: WebDriver, pages: str) -> None:
    """The token opens the page that was asked for; signing out closes all."""
    sign_in(chromium, pages, "/admin/agents")
    assert "2 of 4 connected" in chromium.find_element(By.TAG_NAME, "main").text
    chromium.find_element(By.CSS_SELECTOR, "header form button").click()
    until(chromium, lambda d: d.current_url.endswith("/admin/sign-in"), "the sign-in page")
    chromium.get(f"{pages}/admin/events")
    assert "/admin/sign-in" in chromium.current_url
    assert complaints(chromium) == []


def test_a_wrong_token_says_where_the_right_one_is(chromium: WebDriver, pages: str) -> None:
    """No dead end: the error names the file."""
    chromium.get(f"{pages}/admin/sign-in")
    chromium.find_element(By.ID, "token").send_keys("wrong", Keys.ENTER)
    until(chromium, lambda d: "admin.token" in d.find_element(By.CSS_SELECTOR, ".error").text, "it")


def test_a_parked_sentence_is_text(chromium: WebDriver, pages: str) -> None:
    """A script in a reason is read by people and run by nobody."""
    sign_in(chromium, pages, "/admin/events?state=parked")
    assert NASTY in chromium.find_element(By.CSS_SELECTOR, "td.why").text
    assert chromium.find_elements(By.CSS_SELECTOR, "main script") == []
    assert complaints(chromium) == []


def test_a_live_page_shows_what_happens(chromium: WebDriver, pages: str, store: FakeStore) -> None:
    """A new event appears without a reload."""
    sign_in(chromium, pages, "/admin/events")
    store.known.append(event(50, "skipped", key="NEW-1", reason="It is new."))
    until(chromium, lambda d: "NEW-1" in d.find_element(By.TAG_NAME, "main").text, "the new event")
    assert complaints(chromium) == []


def test_a_parked_event_is_retried_with_a_click(
    chromium: WebDriver, pages: str, store: FakeStore
) -> None:
    """From the list to the event to the button."""
    sign_in(chromium, pages, "/admin/events?state=parked")
    chromium.find_element(By.CSS_SELECTOR, "td.mono a").click()
    until(chromium, lambda d: d.find_elements(By.CSS_SELECTOR, ".verdict button"), "the event")
    assert "What to do" in chromium.find_element(By.CSS_SELECTOR, ".verdict").text
    chromium.find_element(By.CSS_SELECTOR, ".verdict button").click()
    until(chromium, lambda _: store.retried == [("nordwind", event(4).event_id)], "the retry")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(chromium: WebDriver, pages: str, scheme: str) -> None:
    """Text stands out from its ground: contrast 4.5 to 1 or better (WCAG 2.2, AA)."""
    sign_in(chromium, pages, "/admin/events")
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    poor = chromium.execute_script(_CONTRAST)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert poor == []


_CONTRAST = """
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = numbers(colour).slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    const parts = numbers(colour);
    if (parts.length < 4 || parts[3] === 1) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const found = new Set();
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own) continue;
  const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.add(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
}
return [...found];
"""


def test_conflicts_say_who_wrote_what_and_lead_to_the_key(chromium: WebDriver, pages: str) -> None:
    """Both figures stand side by side; a script in a title is text; the key leads to its events."""
    sign_in(chromium, pages, "/admin/conflicts")
    rows = chromium.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert NASTY in rows[0].text
    assert all(word in rows[1].text for word in ("12.90", "9.99", "products/update", "overwrites"))
    rows[1].find_element(By.CSS_SELECTOR, "a").click()
    until(chromium, lambda d: "/admin/events?key=FA-10004" in d.current_url, "the key's events")
    chromium.find_element(By.CSS_SELECTOR, "td.mono a").click()
    until(chromium, lambda d: "/admin/events/0" in d.current_url, "the event")
    assert "price 12.90 became 9.99" in chromium.find_element(By.TAG_NAME, "main").text
    assert complaints(chromium) == []


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("path", ["agents", "events", "conflicts", "checks"])
def test_no_page_is_wider_than_its_window(
    chromium: WebDriver, pages: str, path: str, width: int
) -> None:
    """A wide table scrolls in itself; on a desk all of the agents' table is seen, buttons too."""
    sign_in(chromium, pages, f"/admin/{path}")
    set_size(chromium, width, 800)
    body, table = "document.documentElement", "document.querySelector('.wide')"
    assert chromium.execute_script(f"return {body}.scrollWidth <= {width}")
    if (path, width) == ("agents", 1280):
        assert chromium.execute_script(f"return {table}.scrollWidth <= {table}.clientWidth")
