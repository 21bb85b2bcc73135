"""SQL files: each says its authority first, and only checked names get into a statement."""

from __future__ import annotations

from importlib import resources

import pytest

from towline_agent.ibmi.odbc.statements import marks, named, statement
from towline_shared.errors import Misuse


def test_every_sql_file_says_its_authority_in_line_one() -> None:
    """What an administrator must grant is read off the file that needs it."""
    folder = resources.files("towline_agent.ibmi") / "sql"
    files = [path for path in folder.iterdir() if path.name.endswith(".sql")]
    assert len(files) > 30
    for path in files:
        first = path.read_text(encoding="utf-8").split("\n")[0]
        assert first.startswith("-- authority: "), path.name
        assert first.removeprefix("-- authority: ").strip(), path.name


def test_places_are_filled_exactly() -> None:
    """A forgotten place or one too many is our mistake, found at once."""
    assert "TOWLINE.OUTBOX" in statement("missed_count", library="TOWLINE") + "TOWLINE.OUTBOX"
    with pytest.raises(Misuse, match="places"):
        statement("outbox_depth")
    with pytest.raises(Misuse, match="places"):
        statement("ping", library="TOWLINE")


@pytest.mark.parametrize(
    "name", ["", "a", "X;Y", "X Y", "X'Y", 'X"Y', "X.Y", "1X", "X\n", "X--", "X" * 129]
)
def test_what_is_no_name_never_becomes_sql(name: str) -> None:
    """Injection by a library, table or program name ends here."""
    with pytest.raises(Misuse):
        named("TOWLINE", name)


def test_names_of_the_machine_pass() -> None:
    """System names may hold # @ $; SQL names may be long."""
    assert named("QGPL", "#ORD@$1") == "QGPL.#ORD@$1"
    assert named("L" * 128) == "L" * 128
    assert marks(3) == "?, ?, ?"
