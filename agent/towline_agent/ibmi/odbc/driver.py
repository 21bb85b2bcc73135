"""The entry point ``odbc`` of the group ``towline.ibmi``."""

from __future__ import annotations

from contextlib import AbstractContextManager

from towline_agent.conformance.bench import Bench, Person
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.job import OdbcJob
from towline_agent.ibmi.odbc.settings import OdbcSettings, read_settings
from towline_agent.ibmi.port import IbmI, IbmIDriver, Purpose, Site
from towline_shared.clock import Clock, SystemClock
from towline_shared.config import Section

__all__ = ["OdbcDriver", "driver"]


def driver(settings: Section, site: Site) -> IbmIDriver:
    """Return the driver for ``[ibmi]``; opens nothing.

    Raises:
        Misconfigured: a setting is wrong, or there is no password.
    """
    return OdbcDriver(read_settings(settings, site))


class OdbcDriver:
    """Opens ODBC connections.

    Attributes:
        settings: how; tools of an administrator open their own doors with them.
    """

    def __init__(self, settings: OdbcSettings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()

    def connect(self, purpose: Purpose) -> IbmI:
        """See the port."""
        door = Door.open(self.settings, purpose)
        return OdbcJob(door, self.settings, purpose, clock=self._clock)

    def bench(self, library: str, person: Person) -> AbstractContextManager[Bench]:
        """See :class:`~towline_agent.conformance.bench.BenchMaker`."""
        from towline_agent.ibmi.odbc.bench import odbc_bench  # it stands on this module

        return odbc_bench(self.settings, library, person)
