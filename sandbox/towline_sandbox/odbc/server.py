"""The ERP on the lab behind a port: the console; the agent's jobs come over ODBC."""

from __future__ import annotations

from pathlib import Path

from towline_sandbox.ibmi.server import MachineServer
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.odbc.partition import OdbcPartition
from towline_sandbox.odbc.power import open_partition

__all__ = ["OdbcServer"]


class OdbcServer(MachineServer[OdbcPartition]):
    """Serves the console verbs on the sandbox's own wire, and nothing else."""

    def __init__(self, folder: Path, settings: IbmISettings, *, odbc_port: int = 0) -> None:
        """Prepare.

        Args:
            folder: keeps the database, the data queues and the passwords.
            odbc_port: loopback port the ODBC driver connects to; 0 takes a free one.
        """
        super().__init__(settings, lambda: open_partition(folder, settings, odbc_port=odbc_port))
