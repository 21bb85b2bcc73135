"""A headless Chromium under Debian's chromedriver, and pages served beside it in a thread."""

from __future__ import annotations

import asyncio
import queue
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from aiohttp import web
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

__all__ = ["browser", "complaints", "served", "served_by", "set_size", "until"]

_WAIT_S = 20.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@contextmanager
def browser(profile: Path) -> Iterator[WebDriver]:
    """Start a browser with a profile of its own; it ends with the block."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver") or "")
    driver = Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def set_size(driver: WebDriver, width: int, height: int) -> None:
    """Give the page exactly this many CSS pixels."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def complaints(driver: WebDriver) -> list[str]:
    """Return what the console complained about since the last call; policy violations show here."""
    return [
        entry["message"]
        for entry in driver.get_log("browser")  # type: ignore[attr-defined]
        if entry["level"] in ("SEVERE", "WARNING")
    ]


def until(driver: WebDriver, met: Callable[[WebDriver], object], what: str) -> None:
    """Wait until a condition holds; the failure says what was waited for."""
    WebDriverWait(driver, _WAIT_S, poll_frequency=0.05).until(met, f"waited for: {what}")


@asynccontextmanager
async def _serving(make: Callable[[], web.Application]) -> AsyncIterator[str]:
    runner = web.AppRunner(make(), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def served(make: Callable[[], web.Application]) -> Iterator[str]:
    """Serve an app on a free loopback port from a thread of its own; yields its address."""
    with served_by(lambda: _serving(make)) as address:
        yield address


@contextmanager
def served_by(start: Callable[[], AbstractAsyncContextManager[str]]) -> Iterator[str]:
    """Keep a server's context open in a thread with a loop of its own; yields its address."""
    ready: queue.Queue[str | BaseException] = queue.Queue()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with start() as address:
            ready.put(address)
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:  # handed to the test, which fails with it
            ready.put(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="served-pages")
    thread.start()
    try:
        address = ready.get()
        if isinstance(address, BaseException):
            raise address
        yield address
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
