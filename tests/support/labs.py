"""Labs: what a few tests need beyond Python packages, and how to get it.

A test names its lab with a marker. A lab that is not here is skipped with the way to get it, except
under ``TOWLINE_TEST_ALL=1`` (CI), where it fails: a green run must never hide that nothing ran.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FOLDER = ROOT / ".labs" / "shopify-schema"
ODBC_FOLDER = ROOT / ".labs" / "odbc"
SCHEMA_VERSIONS = ("2026-07", "2026-10", "unstable")


@dataclass(frozen=True)
class Lab:
    """One lab: the marker of its tests, whether it is here, what it proves and how to get it."""

    marker: str
    name: str
    proves: str
    found: Callable[[], bool]
    how: str = "run `make labs` as root on Debian"

    @property
    def absence(self) -> str:
        return f"the {self.name} lab is not here: {self.how} ({self.proves})"


def schema_file(version: str) -> Path:
    """Return where Shopify's own schema of a version lies once the lab is installed."""
    return SCHEMA_FOLDER / f"admin_{version}.json.gz"


def _chromium() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


def _schema() -> bool:
    return all(schema_file(version).exists() for version in SCHEMA_VERSIONS)


def _odbc() -> bool:
    packages = all(find_spec(name) is not None for name in ("pyodbc", "ibm_db"))
    return packages and shutil.which("java") is not None and (ODBC_FOLDER / "built").exists()


LABS: Mapping[str, Lab] = {
    lab.marker: lab
    for lab in (
        Lab("browser", "Chromium", "pages work and look right in a real browser", _chromium),
        Lab("schema", "Shopify schema", "every GraphQL document is valid at Shopify", _schema),
        Lab("odbc_lab", "ODBC", "the agent's SQL runs over real ODBC with Db2's errors", _odbc),
    )
}


def all_wanted() -> bool:
    """Tell whether a missing lab must fail."""
    return os.environ.get("TOWLINE_TEST_ALL") == "1"


def main() -> None:
    """Say which labs ran and which did not; the last lines of ``make test``."""
    for lab in LABS.values():
        if lab.found():
            print(f"lab {lab.name}: ran")
        else:
            print(
                f"lab {lab.name}: DID NOT RUN. To get it, {lab.how}; it proves that {lab.proves}."
            )


if __name__ == "__main__":
    main()
