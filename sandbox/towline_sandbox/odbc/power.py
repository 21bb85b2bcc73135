"""The machine under the ERP's partition: the lab's JVM, its profiles, and what is made at first."""

from __future__ import annotations

import os
import secrets
import shutil
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from towline_agent.config import load_config
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.wanted import wanted
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import Purpose
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer, find_lab
from towline_sandbox.odbc.partition import OdbcPartition
from towline_sandbox.odbc.schema import (
    ERP_USER,
    create_erp,
    create_profile,
    load,
    run_script,
    set_password,
)
from towline_sandbox.site import simulated_table, write_site

__all__ = ["AGENT", "LabPower", "open_partition", "password_file", "target"]

AGENT = "TWAGENT"
_COMPLETE = "complete"
_STATEMENT_S = 30.0
_LOOK_S = 0.2


def target(port: int) -> str:
    """Return a connection string of the lab without sign-on.

    Raises:
        Misconfigured: the lab is not here.
    """
    return find_lab(None).target(port)


class LabPower:
    """Implements :class:`~towline_sandbox.odbc.partition.Power` over a started lab."""

    def __init__(self, server: LabServer, folder: Path) -> None:
        """Take over a started server; ``folder`` keeps the passwords."""
        self._server = server
        self._folder = folder

    def sign_on(self, user: str, purpose: Purpose, *, autocommit: bool | None = None) -> Door:
        """Open a connection for a profile.

        Raises:
            Restricted: restricted state, or the machine is down.
        """
        settings = OdbcSettings(
            system="",
            user=user,
            password=OFFICER_PASSWORD if user == OFFICER else password(self._folder, user),
            whole=self.target,
            statement_s=_STATEMENT_S,
        )
        return Door.open(settings, purpose, autocommit=autocommit)

    def restrict(self, *, on: bool) -> None:
        """End every connection and take none, or take them again."""
        if on:
            self._server.restrict()
        else:
            self._server.release()

    @property
    def target(self) -> str:
        """See the port."""
        return target(self._server.port)

    def kill(self) -> None:
        """Cut the power."""
        self._server.kill()

    def stop(self) -> None:
        """Power down in order."""
        self._server.stop()


def open_partition(folder: Path, settings: IbmISettings, *, odbc_port: int) -> OdbcPartition:
    """Start the machine in a folder; a new one gets its libraries, data and profiles.

    A folder whose making was cut off is made anew: nobody has worked in it.

    Raises:
        Misconfigured: the lab is not here.
    """
    lab = find_lab(None)
    machine, done = folder / "machine", folder / _COMPLETE
    fresh = not done.exists()
    if fresh:
        shutil.rmtree(machine, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    waits_s = max(1, round(settings.waitrcd_s))  # Derby counts whole seconds
    server = LabServer(lab, machine, port=odbc_port, lock_wait_s=waits_s)
    server.start()
    power = LabPower(server, folder)
    try:
        if fresh:
            _make(power, folder, settings)
            done.touch()
    except BaseException:
        server.stop()
        raise
    here = datetime.now(tz=UTC).astimezone().utcoffset() or timedelta()  # Java takes the host's
    hours = here / timedelta(hours=1)
    return OdbcPartition(
        power,
        replace(settings, utc_offset_h=hours, look_s=_LOOK_S),
        officer=OFFICER,
        erp=ERP_USER,
    )


def password_file(folder: Path, user: str) -> Path:
    """Return where a profile's password lies."""
    return folder / f"{user.lower()}.password"


def password(folder: Path, user: str) -> str:
    """Return a profile's password, made at first use and kept in a file only we can read."""
    path = password_file(folder, user)
    if not path.exists():
        letters = string.ascii_uppercase + string.digits
        made = "P" + "".join(secrets.choice(letters) for _ in range(9))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(made + "\n")
    return path.read_text(encoding="utf-8").strip()


def _script(folder: Path) -> list[str]:
    """Return what `towline-agent ibmi plan` writes for the demo's agent.toml."""
    site = load_config(write_site(folder / "site", ibmi_table=simulated_table("127.0.0.1:1")))
    return [statement.text for statement in render(wanted(site)).changing]


def _make(power: LabPower, folder: Path, settings: IbmISettings) -> None:
    """Do what the years before Towline did, and then what its administrator does."""
    door = power.sign_on(OFFICER, Purpose.WRITE, autocommit=True)
    try:
        create_profile(door, ERP_USER)
        set_password(door, ERP_USER, password(folder, ERP_USER))
        create_erp(door)
        loading = power.sign_on(OFFICER, Purpose.WRITE, autocommit=False)
        try:
            load(loading, Dataset.generate(settings.items, settings.seed, settings.currency))
        finally:
            loading.close()
        run_script(door, _script(folder))
        set_password(door, AGENT, password(folder, AGENT))
    finally:
        door.close()
