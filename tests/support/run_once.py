"""``towline-sandbox run --once`` over a small world, as a program of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from towline_sandbox.processes import script


def once(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run both journeys in a new folder; return the exit code and the report."""
    run = subprocess.run(
        [
            script("towline-sandbox"), "run", "--once", "--json", "--state", str(folder),
            "--items", "150", "--orders", "25", "--patience", "150", *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )  # fmt: skip
    assert run.stdout, run.stderr[-3000:]
    return run.returncode, json.loads(run.stdout)
