"""The agent of a soak in a process of its own: its memory, threads and files are nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.soak_odbc.machine import AGENT, PASSWORD
from tests.support.labs import ROOT

__all__ = ["AgentProcess", "Weight", "write_site"]

_SITE = """
[relay]
url = "{url}"
proxy = "none"
[state]
folder = "state"
[health]
port = 0
[ibmi]
driver = "odbc"
connection_string = "{connection}"
user = "{user}"
connect_s = 5
statement_s = 6
keepalive_s = 20
recycle_statements = 1000
[policy]
libraries = ["ERPLIB", "TOWLINE"]
queues = ["TOWLINE/DOORBELL", "TOWLINE/WEBPRICE"]
[outbox]
library = "TOWLINE"
doorbell = "TOWLINE/DOORBELL"
wait_s = 1
sweep_s = 10
look_again_s = 3
[entities.price]
select_file = "price.sql"
fed_by = ["ERPLIB/PRICES", "ERPLIB/FACTORS"]
[queues.webprice]
queue = "TOWLINE/WEBPRICE"
entity = "price"
key = ["SKU"]
look_s = 1
fields = [
  {{ name = "SKU", type = "char", length = 15 }},
  {{ name = "PRICE", type = "packed", digits = 9, decimals = 2 }},
  {{ name = "CURRENCY", type = "char", length = 3 }},
]
[courtesy]
operator_messages = false
"""
_SELECT = """-- authority: SELECT on ERPLIB.PRICES, ERPLIB.FACTORS
SELECT P.SKU, P.PRICE, F.FACTOR FROM ERPLIB.PRICES P JOIN ERPLIB.FACTORS F ON F.SKU = P.SKU
-- the end
"""


def write_site(folder: Path, *, url: str, connection: str) -> Path:
    """Write agent.toml and its SELECT; return the path of agent.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "price.sql").write_text(_SELECT, encoding="utf-8")
    path = folder / "agent.toml"
    path.write_text(_SITE.format(url=url, connection=connection, user=AGENT), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Weight:
    """What a process takes: resident memory in MB, threads, open files."""

    memory_mb: float
    threads: int
    files: int


class AgentProcess:
    """``towline-agent run``; ends when asked, or dies when killed."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        """Start it; its log lies beside agent.toml."""
        with (self._config.parent / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "towline_agent.cli", "run", "--config", str(self._config)],
                stdout=log, stderr=log, cwd=ROOT,
                env={**os.environ, "TOWLINE_IBMI_PASSWORD": PASSWORD, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        self.starts += 1

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> float:
        """Ask it to end; return the seconds it took.

        Raises:
            AssertionError: it ended with an error before or now.
        """
        assert self._process is not None
        assert self._process.poll() is None, f"the agent ended with {self._process.returncode}"
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=120)
        assert code == 0, f"the agent ended with {code}"
        return time.monotonic() - began

    def weight(self) -> Weight | None:
        """Weigh it; None while it does not run, or where there is no /proc."""
        if self._process is None or self._process.poll() is not None:
            return None
        place = Path(f"/proc/{self._process.pid}")
        try:
            facts = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
            files = len(list((place / "fd").iterdir()))
        except OSError:
            return None
        memory = int(facts["VmRSS"].split()[0]) / 1024
        return Weight(memory, int(facts["Threads"]), files)
