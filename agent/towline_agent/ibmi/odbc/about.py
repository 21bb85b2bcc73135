"""Who the partition is, what is missing on it, and the small questions of courtesy."""

from __future__ import annotations

from typing import Any

from towline_agent.ibmi.errors import InUse
from towline_agent.ibmi.odbc.cells import timestamp_text
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import named, statement
from towline_agent.ibmi.port import Description, OutboxDepth, Purpose
from towline_agent.ibmi.towline_files import STAGING
from towline_shared.errors import Permanent

__all__ = ["About"]

_MESSAGE = 512  # characters of a first-level text: SNDMSG


class About:
    """Questions about the system over one connection."""

    def __init__(self, door: Door, settings: OdbcSettings, purpose: Purpose) -> None:
        self._door = door
        self._settings = settings
        self._purpose = purpose
        self._library = settings.site.library

    def describe(self) -> Description:
        """See the port; what a release does not have is left out, not guessed."""
        rdb, user = self._row("about_session")
        host, version, release = self._row_or("about_environment", ("", "", ""))
        serial, partition = self._serial()
        return Description(
            system=_text(host),
            serial=serial,
            partition=partition,
            rdb=_text(rdb),
            release=_release(version, release),
            ccsid=self._system_ccsid(),
            user=_text(user),
            missing=tuple(self._missing()),
            simulated=bool(self._settings.whole),
        )

    def outbox_depth(self) -> OutboxDepth:
        """See the port."""
        library = named(self._library)
        doing = f"counting the outbox {self._library}/OUTBOX"
        rows, oldest = self._door.query(
            statement("outbox_depth", library=library), doing=doing
        ).rows[0]
        try:
            missed = self._door.query(statement("missed_count", library=library), doing=doing).rows[
                0
            ][0]
        except Permanent:  # a site of an older script has no such table
            missed = 0
        return OutboxDepth(
            int(rows), timestamp_text(oldest) if oldest is not None else "", int(missed)
        )

    def data_area(self, library: str, name: str) -> str:
        """See the port."""
        doing = f"reading data area {library}/{name}"
        rows = self._door.query(statement("data_area"), (name, library), doing=doing).rows
        if not rows:
            raise Permanent(
                f"CPF1015: data area {name} in {library} was not found.",
                hint="Create it, or correct the calendar in agent.toml.",
            )
        return str(rows[0][0] or "").rstrip(" ")

    def job_active(self, name: str) -> bool:
        """See the port."""
        rows = self._door.query(
            statement("job_active"), (name,), doing=f"looking for job {name}"
        ).rows
        return bool(rows[0][0])

    def send_message(self, text: str) -> None:
        """See the port; on any release by SNDMSG, whose text stands in one quoted parameter."""
        queue = self._settings.site.messages
        said = text[:_MESSAGE].replace("'", "''")
        command = f"QSYS/SNDMSG MSG('{said}') TOMSGQ({named(queue.library)}/{named(queue.name)})"
        self._door.execute(statement("command"), (command,), doing=f"sending a message to {queue}")
        if self._purpose is Purpose.WRITE:
            self._door.commit(doing="sending a message")

    # -- who --------------------------------------------------------------------------------------

    def _serial(self) -> tuple[str, str]:
        serial, partition = self._row_or("about_serial", (None, None))
        if serial is None:
            _, serial = self._system_value("QSRLNBR")
        return _text(serial) or "unknown", _text(partition) or "unknown"

    def _system_ccsid(self) -> int:
        number, text = self._system_value("QCCSID")
        found = number if number is not None else text
        return int(found) if found is not None and str(found).strip().isdigit() else 65535

    def _system_value(self, name: str) -> tuple[Any, Any]:
        try:
            rows = self._door.query(
                statement("about_system_value"), (name,), doing=f"asking for {name}"
            ).rows
        except Permanent:
            return None, None
        return (rows[0][0], rows[0][1]) if rows else (None, None)

    def _row(self, name: str) -> tuple[Any, ...]:
        return self._door.query(statement(name), doing="asking who the partition is").rows[0]

    def _row_or(self, name: str, otherwise: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            rows = self._door.query(statement(name), doing="asking who the partition is").rows
        except Permanent:  # the view is not on this release, or not for this profile
            return otherwise
        return rows[0] if rows else otherwise

    # -- what is missing --------------------------------------------------------------------------

    def _missing(self) -> list[str]:
        """Try what the agent will do, on no row; a writing connection tries the writes too."""
        probes = [("probe_read", "OUTBOX")]
        if self._purpose is Purpose.WRITE:
            probes += [("probe_read", table) for table in STAGING]
            probes.append(("probe_delete", "OUTBOX"))
            probes += [("probe_insert", table) for table in STAGING]
        found: list[str] = []
        for probe, table in probes:
            sentence = self._tried(probe, table)
            if sentence and sentence not in found:
                found.append(sentence)
        return found

    def _tried(self, probe: str, table: str) -> str:
        sql = statement(probe, table=named(self._library, table))
        doing = f"checking {self._library}/{table}"
        try:
            if probe == "probe_read":
                self._door.query(sql, doing=doing)
            else:
                self._door.execute(sql, doing=doing)
        except InUse:
            return ""  # a lock is no missing right, and who the partition is must not wait for it
        except Permanent as error:
            return str(error)
        finally:
            if self._purpose is Purpose.WRITE:
                self._door.rollback()
        return ""


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _release(version: Any, release: Any) -> str:
    """Return V7R5M0 from the two numbers ENV_SYS_INFO gives."""
    if not _text(version):
        return "unknown"
    return f"V{_text(version)}R{_text(release)}M0"
