"""``python -m tests.soak.bulk``: a load, a stock refresh and a comparison, killed on the way."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from tests.soak.bulk_load import run


def main() -> None:
    """Run at the wanted size and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.bulk", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--state", type=Path, help="an empty folder (default: a temporary one)")
    options = parser.parse_args()
    if options.state is not None:
        options.state.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(run(options.state, items=options.items, say=print, reading=True))
    else:
        with tempfile.TemporaryDirectory() as folder:
            report = asyncio.run(run(Path(folder), items=options.items, say=print, reading=True))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
