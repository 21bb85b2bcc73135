"""The ERP on the lab behind a port: the console; the agent's jobs come over ODBC."""

from __future__ import annotations

from pathlib import Path

from towline_sandbox.ibmi.server import MachineServer
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.odbc.partition import OdbcPartition
from towline_sandbox.odbc.power import AGENT, open_partition, password_file

__all__ = ["OdbcServer"]


class OdbcServer(MachineServer[OdbcPartition]):
    """Serves the console verbs on the sandbox's own wire, and nothing else."""

    def __init__(self, folder: Path, settings: IbmISettings, *, odbc_port: int = 0) -> None:
        """Prepare.

        Args:
            folder: keeps the database, the data queues and the passwords.
            odbc_port: loopback port the ODBC driver connects to; 0 takes a free one.
        """
        self._folder = folder
        super().__init__(settings, lambda: open_partition(folder, settings, odbc_port=odbc_port))

    @property
    def way_in(self) -> str:
        """Say how the agent gets in, without the password."""
        target = "" if self.system is None else self.system.target
        return f"ODBC: {target} as {AGENT}, password in {password_file(self._folder, AGENT)}"
