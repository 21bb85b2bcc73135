"""The stage in a real browser, over the scripted world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.chromium import complaints, served, set_size, until
from tests.browser.scripted import ScriptedBackend
from towline_sandbox.stage.server import build_app

pytestmark = pytest.mark.browser

_OVERLAPS = """
const sections = [...document.querySelectorAll('.top, .erp, .way, .shop, .story, .break')];
const boxes = sections.map((each) => [each.className || each.id, each.getBoundingClientRect()]);
const found = [];
for (const [a, p] of boxes) for (const [b, q] of boxes)
  if (a < b && p.left < q.right - 1 && q.left < p.right - 1
      && p.top < q.bottom - 1 && q.top < p.bottom - 1)
    found.push(`${a} over ${b}`);
for (const [a, p] of boxes)
  if (p.right > innerWidth + 1 || p.left < -1) found.push(`${a} runs off the side`);
return found;
"""


@pytest.fixture
def backend() -> ScriptedBackend:
    """A fresh world."""
    return ScriptedBackend()


@pytest.fixture
def stage(chromium: WebDriver, backend: ScriptedBackend) -> Iterator[WebDriver]:
    """The stage, open and live."""
    with served(lambda: build_app(backend, look_s=0.05)) as address:
        set_size(chromium, 1440, 900)
        complaints(chromium)
        chromium.get(address)
        until(
            chromium,
            lambda d: d.execute_script("return document.documentElement.dataset.live") == "yes",
            "the stream",
        )
        yield chromium
        chromium.get("about:blank")


def field(driver: WebDriver, name: str) -> WebElement:
    """Return an input-capable field of the green screen."""
    return driver.find_element(By.CSS_SELECTOR, f'#screen input[name="{name}"]')


def text_of(driver: WebDriver, selector: str) -> str:
    """Return the text of the first element, read at once so that it can't go stale."""
    script = "return document.querySelector(arguments[0])?.textContent ?? ''"
    return str(driver.execute_script(script, selector))


def test_a_price_typed_on_the_green_screen_appears_in_the_shop_window(stage: WebDriver) -> None:
    """The whole point, in one test: type, Enter, see; and the console stays silent."""
    price = field(stage, "price:FA-10040")
    price.click()
    price.send_keys("13.50", Keys.ENTER)
    card = '.card[data-sku="FA-10040"]'
    until(stage, lambda d: "13.50" in text_of(d, f"{card} .price"), "the new price in the window")
    assert text_of(stage, "#message") == "Price changed. Trigger ITMPRC wrote outbox row 2041."
    until(stage, lambda d: "FA-10040 has arrived" in text_of(d, "#story-text"), "its story")
    first = text_of(stage, ".card .sku")
    assert first == "FA-10040"  # what somebody just changed stands in front
    assert complaints(stage) == []


def test_an_order_walks_to_the_erp_and_back(stage: WebDriver) -> None:
    """One click: ordered, ERP number, parcel; and the green screen lists it."""
    stage.find_element(By.CSS_SELECTOR, '.buy[data-sku="FA-10040"]').click()
    until(stage, lambda d: "DHL" in text_of(d, "#shop-orders"), "the parcel")
    assert "ERP 104770" in text_of(stage, "#shop-orders")
    stage.find_element(By.CSS_SELECTOR, '.fkey[data-key="F10"]').click()
    until(stage, lambda d: "Work with Web Orders" in text_of(d, "#screen"), "the order list")
    until(stage, lambda d: "#1001" in text_of(d, "#screen"), "the order")
    assert complaints(stage) == []


def test_function_keys_belong_to_the_terminal(stage: WebDriver) -> None:
    """F5 refreshes the list, not the page; F3 signs off; Enter signs on again."""
    stage.execute_script("window.still = 'here'")
    field(stage, "price:FA-10040").send_keys(Keys.F5)
    field(stage, "price:FA-10040").send_keys(Keys.F3)
    until(stage, lambda d: "Sign On" in text_of(d, "#screen"), "the sign-on display")
    field(stage, "sign_on_6").send_keys(Keys.ENTER)
    until(stage, lambda d: "Work with Items" in text_of(d, "#screen"), "the list")
    assert stage.execute_script("return window.still") == "here"


def test_a_wrong_price_keeps_what_was_typed_and_the_cursor(stage: WebDriver) -> None:
    """The field turns red, the keyboard stays where the error is."""
    field(stage, "price:FA-10040").click()
    field(stage, "price:FA-10040").send_keys("1x", Keys.ENTER)
    until(stage, lambda d: "is not valid" in text_of(d, "#screen"), "the message")
    active = stage.switch_to.active_element
    assert active.get_attribute("name") == "price:FA-10040"
    assert active.get_attribute("value") == "1x"
    assert text_of(stage, "#oia-busy") == "X II"


def test_what_somebody_types_survives_a_world_that_moves(
    stage: WebDriver, backend: ScriptedBackend
) -> None:
    """A refresh never takes a half-typed price away."""
    field(stage, "price:FA-10040").click()
    field(stage, "price:FA-10040").send_keys("77")
    stage.find_element(By.CSS_SELECTOR, '.buy[data-sku="LI-30500"]').click()
    until(stage, lambda d: "DHL" in text_of(d, "#shop-orders"), "the world to move")
    assert field(stage, "price:FA-10040").get_attribute("value") == "77"


def test_a_fault_is_seen_and_its_healing_too(stage: WebDriver) -> None:
    """The lamp, the wall and the sentence tell of the cut; pressing again heals it."""
    stage.find_element(By.CSS_SELECTOR, "[data-fault=cut_link]").click()
    lamp = "return document.querySelector('#lamp-link').dataset.tone"
    until(stage, lambda d: d.execute_script(lamp) == "down", "the lamp")
    until(stage, lambda d: "The link is cut" in text_of(d, "#story-text"), "the sentence")
    assert "heals in" in text_of(stage, "#fault-cut_link-left")
    stage.find_element(By.CSS_SELECTOR, "[data-fault=cut_link]").click()
    until(stage, lambda d: d.execute_script(lamp) == "ok", "the healed lamp")


def test_text_with_markup_stays_text(stage: WebDriver) -> None:
    """What an item's description holds is never an element of the page."""
    field(stage, "position").send_keys("ZZ", Keys.ENTER)
    until(stage, lambda d: "KIDS & <b>CO</b> LABEL" in text_of(d, "#screen"), "the item")
    assert stage.find_elements(By.CSS_SELECTOR, "#screen b") == []


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 800), (1440, 900), (1920, 1080), (900, 1200), (390, 844)]
)
def test_nothing_overlaps_at_any_size(stage: WebDriver, width: int, height: int) -> None:
    """Large ones fit without scrolling; small ones stack and scroll down, never sideways."""
    set_size(stage, width, height)
    assert stage.execute_script(_OVERLAPS) == []
    assert stage.execute_script("return document.documentElement.scrollWidth") <= width
    if width >= 1280:
        assert stage.execute_script("return document.documentElement.scrollHeight") <= height
        rows = "return document.querySelector('#screen').scrollWidth"
        assert stage.execute_script(rows) <= width / 2


def test_everything_that_acts_is_a_button_or_a_labelled_field(stage: WebDriver) -> None:
    """A keyboard and a screen reader reach everything a mouse does."""
    unnamed = stage.execute_script(
        "return [...document.querySelectorAll('input')]"
        ".filter((input) => !input.ariaLabel && !input.labels.length).length"
    )
    assert unnamed == 0
    assert stage.find_elements(By.CSS_SELECTOR, "[onclick], a[href='#']") == []
    live = stage.find_elements(By.CSS_SELECTOR, "[aria-live=polite]")
    assert {each.get_attribute("id") for each in live} >= {"message", "said", "story"}
