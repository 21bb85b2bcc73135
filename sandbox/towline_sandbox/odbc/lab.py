"""The ODBC lab's server: Apache Derby as a stand-in Db2 for i, one Java process for each folder.

What it can and can't show stands in ``tests/odbc_lab/README.md``; ``make labs`` builds it. The
connection keywords are those of IBM's CLI driver, not of the IBM i Access driver; each is needed
(measured: without LongDataCompat pyodbc can't read a large value, without Authentication=SERVER
the sign-on fails).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from towline_shared.errors import Misconfigured, Permanent

__all__ = ["OFFICER", "OFFICER_PASSWORD", "Lab", "LabServer", "find_lab"]

OFFICER = "QSECOFR"
OFFICER_PASSWORD = "officer1"  # noqa: S105 - of a stand-in on loopback

_VARIABLE = "TOWLINE_ODBC_LAB"
_STOP_S = 15.0
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Lab:
    """An installed lab: where the driver, the classes and the scripts of a new database lie."""

    driver: Path
    class_path: str
    scripts: tuple[Path, ...]

    def target(self, port: int) -> str:
        """Return a connection string for a loopback port, without the sign-on."""
        return (
            f"Driver={self.driver};Hostname=127.0.0.1;Port={port};Protocol=TCPIP;Database=IBMI;"
            "Authentication=SERVER;LongDataCompat=1;LOBCacheSize=1048576;"
        )


def find_lab(root: Path | None = None) -> Lab:
    """Find the lab in ``TOWLINE_ODBC_LAB``, or in ``.labs/odbc`` of a checkout (by default ours).

    Raises:
        Misconfigured: it is not installed, or Java is gone.
    """
    named = os.environ.get(_VARIABLE)
    folder = Path(named) if named else (root or _ROOT) / ".labs" / "odbc"
    plan = folder / "lab.json"
    if not plan.exists():
        raise Misconfigured(
            f"The ODBC lab is not installed: {plan} does not exist.",
            hint=f"Run `make labs` as root on Debian, or set {_VARIABLE} to its folder.",
        )
    if shutil.which("java") is None:
        raise Misconfigured(
            "The ODBC lab needs Java: there is no program java on the PATH.",
            hint="Run `make labs` as root on Debian.",
        )
    told = json.loads(plan.read_text(encoding="utf-8"))
    return Lab(
        driver=folder / told["driver"],
        class_path=f"{told['jars']}{os.pathsep}{folder / told['classes']}",
        scripts=tuple(folder / script for script in told["scripts"]),
    )


class LabServer:
    """One stand-in partition; its database and data queues outlive :meth:`kill`.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`. It may be started again
    on the same folder; the port may then be another one.
    """

    def __init__(
        self, lab: Lab, state: Path, *, port: int = 0, lock_wait_s: int = 3, trace: bool = False
    ) -> None:
        """Prepare a server; nothing runs yet.

        Args:
            lab: the installed lab.
            state: folder of the database, the data queues and the logs; made if missing.
            port: on 127.0.0.1; 0 takes a free one at every start.
            lock_wait_s: seconds a statement waits for a lock (WAITRCD) before SQL0913.
            trace: write every rewritten statement to ``server.log``.
        """
        self._lab = lab
        self._state = state
        self._wanted_port = port
        self._lock_wait_s = lock_wait_s
        self._trace = trace
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def state(self) -> Path:
        """The folder that makes this partition what it is."""
        return self._state

    @property
    def pid(self) -> int:
        """Process id while it runs, else 0."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start and wait for the line that says it is ready: about 2 s for a new database.

        Raises:
            Permanent: it ended instead; the sentence holds the last line of its log.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            log = opened.enter_context((self._state / "server.log").open("ab"))
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                self._command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "TOWLINE_LAB_PASSWORD": OFFICER_PASSWORD},
                start_new_session=True,  # a Ctrl-C in the terminal is ours to hand on
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self.kill()
            raise Permanent(
                f"The ODBC lab did not start: {self._last_words()}",
                hint=f"Read {self._state / 'server.log'}.",
            )
        self.port = int(line.split()[1])

    def connection_string(self, user: str = OFFICER, password: str = OFFICER_PASSWORD) -> str:
        """Return what ``pyodbc.connect`` takes; other ports (a proxy's) may follow it by hand."""
        return self.connection_string_via(self.port, user, password)

    def connection_string_via(self, port: int, user: str, password: str) -> str:
        """Return the connection string through another loopback port, such as a proxy's."""
        return f"{self._lab.target(port)}UID={user};PWD={password};"

    def restrict(self) -> None:
        """Enter restricted state: every connection ends at once, new ones are refused."""
        self._say("restrict")

    def release(self) -> None:
        """Leave restricted state."""
        self._say("release")

    def connections(self) -> int:
        """Return how many client connections are open."""
        return int(self._say("connections").split()[1])

    def stop(self) -> None:
        """End it in order; harmless when it does not run."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()  # the end of its input ends it
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        self._gone(process)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        process = self._process
        if process is not None:
            process.kill()
            self._gone(process)

    def _gone(self, process: subprocess.Popen[str]) -> None:
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        self._process = None

    def _command(self) -> list[str]:
        return [
            "java",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dfile.encoding=UTF-8",
            "-Dlab.control=stdin",
            f"-Dlab.lockwait={self._lock_wait_s}",
            f"-Dlab.trace={'true' if self._trace else 'false'}",
            "-cp",
            self._lab.class_path,
            "lab.Main",
            str(self._wanted_port),
            str(self._state),
            *(str(script) for script in self._lab.scripts),
        ]

    def _say(self, line: str) -> str:
        process = self._process
        if process is None:
            raise Permanent("The ODBC lab does not run.")
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer.startswith("ok"):
            raise Permanent(f"The ODBC lab did not {line}: {answer.strip() or self._last_words()}")
        return answer

    def _last_words(self) -> str:
        log = self._state / "server.log"
        lines = (
            log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        )
        return next((line for line in lines if "xception" in line), "it wrote nothing.")

    def __enter__(self) -> LabServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
