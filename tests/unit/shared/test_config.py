"""A wrong setting is one sentence: file, field, value, what would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from towline_shared.config import Section, load_toml, read_secret
from towline_shared.errors import Misconfigured


def _load(tmp_path: Path, text: str) -> Section:
    path = tmp_path / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return load_toml(path)


def test_values_come_out_typed(tmp_path: Path) -> None:
    """Text, number, seconds, flag, list, path and tables."""
    section = _load(
        tmp_path,
        'a = "x"\nn = 3\ns = 1.5\nf = true\nl = ["p", "q"]\np = "d/f"\n'
        '[t]\nb = "y"\n[[r]]\nc = 1\n',
    )
    assert section.text("a") == "x"
    assert section.text("z", "default") == "default"
    assert section.number("n") == 3
    assert section.seconds("s", 9) == 1.5
    assert section.flag("f", False) is True
    assert section.texts("l") == ("p", "q")
    assert section.path("p") == tmp_path / "d" / "f"
    assert section.section("t").text("b") == "y"
    assert section.array("r")[0].number("c") == 1


@pytest.mark.parametrize(
    ("text", "ask", "sentence"),
    [
        ("", lambda s: s.text("a"), "a is missing"),
        ("a = 1", lambda s: s.text("a"), "a = 1 must be a text"),
        ("a = true", lambda s: s.number("a"), "must be a whole number"),
        ("a = -1", lambda s: s.number("a"), "must be at least 0"),
        ("a = 0", lambda s: s.seconds("a", 1), "greater than zero"),
        ("a = inf", lambda s: s.seconds("a", 1), "a = inf must be a number of seconds"),
        ("a = nan", lambda s: s.seconds("a", 1), "a = nan must be a number of seconds"),
        ("a = true", lambda s: s.seconds("a", 1), "a = True must be a number of seconds"),
        ("a = 1" + "0" * 400, lambda s: s.seconds("a", 1), "must be a number of seconds"),
        ('a = "x"', lambda s: s.text("a", among=("y", "z")), "must be one of y, z"),
        ("a = [1]", lambda s: s.texts("a"), "must be a list of texts"),
        ("[t]\nb = 1", lambda s: s.section("t").text("b"), "t.b = 1 must be a text"),
        ("[[r]]\nc = 1", lambda s: s.array("r")[0].text("c"), r"r\[0\].c = 1"),
        ("typo = 1", lambda s: s.only("type"), "typo is not a setting Towline knows"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, ask: object, sentence: str) -> None:
    """The sentence holds the file and the full name of the field."""
    section = _load(tmp_path, text)
    with pytest.raises(Misconfigured, match=sentence) as caught:
        ask(section)  # type: ignore[operator]
    assert "agent.toml" in str(caught.value)


def test_broken_toml_says_where(tmp_path: Path) -> None:
    """Line and column are in the sentence."""
    with pytest.raises(Misconfigured, match="line 1"):
        _load(tmp_path, "a = = 1")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """It says which file and how to name another."""
    with pytest.raises(Misconfigured, match="--config"):
        load_toml(tmp_path / "none.toml")


def test_a_secret_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment wins; a file is stripped of its line end; neither is ever shown."""
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    section = _load(tmp_path, 'token_file = "token"')
    assert read_secret(section, "token", variable="TOWLINE_X") == "from-file"
    monkeypatch.setenv("TOWLINE_X", "from-environment")
    assert read_secret(section, "token", variable="TOWLINE_X") == "from-environment"


def test_an_absent_or_empty_secret_is_named_without_its_value(tmp_path: Path) -> None:
    """The sentence names the file and the variable."""
    section = _load(tmp_path, 'token_file = "token"')
    with pytest.raises(Misconfigured, match="TOWLINE_X"):
        read_secret(section, "token", variable="TOWLINE_X")
    (tmp_path / "token").write_text("\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="is empty"):
        read_secret(section, "token", variable="TOWLINE_X")
