"""Find the driver that agent.toml names; a driver is any installed package that registers one."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from towline_agent.ibmi.port import IbmIDriver, Site
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

__all__ = ["GROUP", "installed", "load_driver"]

GROUP = "towline.ibmi"


def installed() -> dict[str, EntryPoint]:
    """Return the registered drivers by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_driver(settings: Section, site: Site) -> IbmIDriver:
    """Load the driver named by ``[ibmi] driver`` and let it check its settings; opens nothing.

    Raises:
        Misconfigured: there is no such driver, or a package it needs is not installed.
    """
    name = settings.text("driver")
    found = installed()
    if name not in found:
        names = ", ".join(sorted(found)) or "none"
        raise Misconfigured(
            f"{settings.file}: ibmi.driver = {name!r} is not installed; installed: {names}.",
            hint="Correct the name, or install the package that brings the driver.",
        )
    try:
        make = found[name].load()
    except ImportError as error:
        raise Misconfigured(
            f"{settings.file}: the driver {name!r} can't be loaded: {error}.",
            hint=f"Install what it needs, for example with pip install 'towline[{name}]'.",
        ) from None
    rest = {field: value for field, value in settings.data.items() if field != "driver"}
    driver: IbmIDriver = make(Section(rest, file=settings.file, name=settings.name), site)
    return driver
