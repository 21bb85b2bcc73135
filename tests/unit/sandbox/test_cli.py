"""Claims about the command line: what it refuses before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from towline_sandbox.cli import main
from towline_sandbox.world import World


def test_a_sandbox_stays_with_the_ibm_i_it_was_made_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder holds one partition's state; the other engine would begin with an empty one."""
    World.make(tmp_path / "w", items=10, seed=7, pace=1.0)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--state", str(tmp_path / "w"), "--ibmi", "odbc"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "was made with --ibmi simulated" in told
    assert "--fresh" in told
