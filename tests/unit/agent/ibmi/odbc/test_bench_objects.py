"""What the kit makes on a partition people work on: all of it in its own library."""

from __future__ import annotations

import re

from towline_agent.ibmi.odbc.bench_objects import MARKER, Objects, Statement

OBJECTS = Objects("TOWTEST", "TWAGENT", ccsid=273)


def _all() -> list[Statement]:
    return [
        *OBJECTS.library_first(), *OBJECTS.tables(), *OBJECTS.rest(()), OBJECTS.receivers(),
        *OBJECTS.removal(),
    ]  # fmt: skip


def test_no_statement_names_another_library() -> None:
    """Whatever is made, changed, granted or dropped lies in the library that was named."""
    named = re.compile(r"\b([A-Z][A-Z0-9]{2,9})[./][A-Z*]")
    for each in _all():
        libraries = set(named.findall(each.text)) - {"QSYS", "QSYS2"}
        assert libraries <= {"TOWTEST"}, each.text
    of_the_system = [each.text for each in _all() if "QSYS/TOWTEST" in each.text]
    assert len(of_the_system) == 1  # the library itself, as an object
    assert "GRTOBJAUT" in of_the_system[0]


def test_the_mark_comes_first_and_goes_last() -> None:
    """A run that dies anywhere between is known as the kit's by the next."""
    first = [each.text for each in OBJECTS.library_first()]
    assert first[0] == "CREATE SCHEMA TOWTEST"
    assert MARKER in first[1]
    removal = [each.text for each in OBJECTS.removal()]
    marker = next(at for at, text in enumerate(removal) if MARKER in text)
    assert all("TABLE" not in text and "TRIGGER" not in text for text in removal[marker:])
    assert removal[-1] == "DROP SCHEMA TOWTEST RESTRICT"  # never what others put there


def test_triggers_go_before_what_they_write_to() -> None:
    """A trigger whose outbox is gone would fail the next write."""
    removal = [each.text for each in OBJECTS.removal()]
    last_trigger = max(at for at, text in enumerate(removal) if text.startswith("DROP TRIGGER"))
    first_table = min(at for at, text in enumerate(removal) if text.startswith("DROP TABLE"))
    assert last_trigger < first_table


def test_everything_that_is_made_is_removed() -> None:
    """By name: tables, triggers, data queues, data areas, the message queue, procedures."""
    made = " ".join(each.text for each in (*OBJECTS.tables(), *OBJECTS.rest(())))
    gone = " ".join(each.text for each in OBJECTS.removal())
    patterns = (
        r"CREATE TABLE (\S+)", r"TRIGGER (TOWTEST\.\S+)", r"CRTDTAQ DTAQ\((\S+?)\)",
        r"CRTDTAARA DTAARA\((\S+?)\)", r"CRTMSGQ MSGQ\((\S+?)\)", r"CREATE PROCEDURE (\S+)",
    )  # fmt: skip
    for pattern in patterns:
        names = re.findall(pattern, made)
        assert names, pattern
        for name in names:
            assert name in gone, name


def test_the_agent_gets_the_rights_of_a_real_site() -> None:
    """No UPDATE, no DELETE but on the outbox: the checks run under what a customer grants."""
    grants = [each.text for each in OBJECTS.rest(()) if each.text.startswith("GRANT")]
    assert "GRANT SELECT, DELETE ON TOWTEST.OUTBOX TO TWAGENT" in grants
    assert "GRANT SELECT, INSERT ON TOWTEST.WEBORDH TO TWAGENT" in grants
    assert all("UPDATE" not in text and "ALL" not in text for text in grants)
    assert [text for text in grants if "DELETE" in text] == [
        "GRANT SELECT, DELETE ON TOWTEST.OUTBOX TO TWAGENT"
    ]
