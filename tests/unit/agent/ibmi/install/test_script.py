"""A script as data: printed for people, cut for a difference, run one by one."""

from __future__ import annotations

from towline_agent.ibmi.install.script import Script, Statement, Step, comment

SCRIPT = Script(
    "-- head",
    (
        Step("Look", "", (Statement("SELECT 1 FROM X"),), always=True),
        Step("Make", "Why.", (Statement("CREATE A", ("a",), "About a."), Statement("B", ("b",)))),
        Step("Own", "", (Statement("OWN A", ("a", "owner of a")),)),
    ),
)


def test_it_prints_as_sql() -> None:
    """Comments, numbered steps, one semicolon for each statement."""
    text = str(SCRIPT)
    assert text.startswith("-- head\n")
    assert "-- 1  Make\n--    Why.\n" in text
    assert "-- About a.\nCREATE A;\nB;\n" in text
    assert text.count(";") == 4
    assert text.endswith("OWN A;\n")


def test_a_part_takes_what_belongs_to_it_along() -> None:
    """Whoever makes a also owns it; steps without a change vanish, the look stays."""
    cut = SCRIPT.only({"a"})
    assert [each.text for each in cut.changing] == ["CREATE A", "OWN A"]
    assert [each.text for each in SCRIPT.only({"owner of a"}).changing] == ["OWN A"]
    assert [step.title for step in SCRIPT.only({"owner of a"}).steps] == ["Look", "Own"]
    assert SCRIPT.only(set()).changing == ()


def test_looking_is_not_changing() -> None:
    """What is run is only what makes a difference."""
    assert [each.looks for each in SCRIPT.statements] == [True, False, False, False]
    assert len(SCRIPT.changing) == 3


def test_comments_are_filled_and_addresses_stay_whole() -> None:
    """120 columns, points hang, an address is never broken."""
    address = "https://example.com/" + "x" * 130
    lines = comment("* " + "word " * 60 + address, indent=3).splitlines()
    assert lines[0].startswith("--    * word")
    assert lines[1].startswith("--      word")
    assert lines[-1].endswith(address)
    assert all(len(line) <= 120 or address in line for line in lines)
