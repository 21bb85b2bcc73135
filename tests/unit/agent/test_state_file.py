"""Small files in the state folder are whole, whoever writes them at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from towline_agent.state_file import write_private


def test_connections_that_write_at_once_do_not_trip_over_each_other(tmp_path: Path) -> None:
    """Seen in a soak: two learnt the partition at once, and one found its draft gone."""
    path = tmp_path / "partition"
    texts = [f"partition {number}\n" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_private(path, text), texts))
    assert path.read_text() in texts
    assert [each.name for each in tmp_path.iterdir()] == ["partition"]
    assert path.stat().st_mode & 0o077 == 0
