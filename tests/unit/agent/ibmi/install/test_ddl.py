"""Single statements: what is made is what the facts say, and no name can break out."""

from __future__ import annotations

import pytest

from towline_agent.config_feeds import KeyPart
from towline_agent.config_formats import Parameter
from towline_agent.ibmi.install import ddl
from towline_agent.ibmi.install.objects import (
    Compared,
    DataQueue,
    Grant,
    Procedure,
    Profile,
    Table,
    Trigger,
)
from towline_agent.ibmi.port import QueueName
from towline_agent.ibmi.towline_files import TOWLINE_FILES, towline_file
from towline_agent.policy import FileName, ProgramName


def trigger(operations: str = "IUD", *, watched: tuple[Compared, ...] | None = None) -> Trigger:
    return Trigger(
        library="TOWLINE",
        name="ITMPRC_OUTBOX",
        program="TWITMPRC",
        file=FileName("DISTLIB", "ITMPRC"),
        keys=(KeyPart("IPITNB", "RTRIM"),),
        watched=(Compared("IPPRC", True, False),) if watched is None else watched,
        operations=operations,
        entities=("price",),
        doorbell=QueueName("TOWLINE", "DOORBELL"),
    )


@pytest.mark.parametrize(
    ("operations", "events", "rows"),
    [
        ("IUD", "INSERT OR UPDATE OR DELETE", "NEW AS N OLD AS O"),
        ("I", "INSERT", "NEW AS N"),
        ("D", "DELETE", "OLD AS O"),
        ("U", "UPDATE", "NEW AS N OLD AS O"),
        ("ID", "INSERT OR DELETE", "NEW AS N OLD AS O"),
    ],
)
def test_a_trigger_names_the_images_its_events_have(
    operations: str, events: str, rows: str
) -> None:
    """An insert has no old image, a delete no new one."""
    text = ddl.create_trigger(trigger(operations))
    assert f"AFTER {events} ON DISTLIB.ITMPRC\n  REFERENCING {rows}\n" in text
    assert text.count("INSERT INTO TOWLINE.OUTBOX") == len(operations)


@pytest.mark.parametrize("operations", ["I", "U", "D", "IU", "ID", "UD", "IUD"])
@pytest.mark.parametrize("watched", [None, ()])
def test_the_guard_comes_before_everything(
    operations: str, watched: tuple[Compared, ...] | None
) -> None:
    """Every statement stands behind the handler, every IF has its end."""
    text = ddl.create_trigger(trigger(operations, watched=watched))
    body = text[text.index("BEGIN") :]
    assert body.index("CONTINUE HANDLER FOR SQLEXCEPTION") < body.index("INSERT INTO")
    opened = sum(line.lstrip().startswith("IF ") for line in body.splitlines())
    assert opened == body.count("END IF;")
    assert body.endswith("END")


def test_any_update_counts_where_no_column_is_watched() -> None:
    """An ELSE without a condition, so nothing is missed."""
    text = ddl.create_trigger(trigger("IU", watched=()))
    assert "\n  ELSE\n" in text
    alone = ddl.create_trigger(trigger("U", watched=()))
    assert "IF FAILED = 1" in alone
    assert "ELSE" not in alone


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Compared("A", False, False), "N.A <> O.A"),
        (Compared("A", True, False), "HEX(N.A) <> HEX(O.A)"),
        (Compared("A", False, True), "N.A IS DISTINCT FROM O.A"),
        (Compared("A", True, True), "HEX(N.A) IS DISTINCT FROM HEX(O.A)"),
    ],
)
def test_a_column_is_compared_by_what_it_can_hold(column: Compared, text: str) -> None:
    """Bad bytes must not raise, and null is a value here."""
    assert f"ELSEIF {text} THEN" in ddl.create_trigger(trigger(watched=(column,)))


def test_long_conditions_are_broken_between_terms() -> None:
    """Source lines stay readable, whatever is watched."""
    many = tuple(Compared(f"COLUMN{n:02}", True, False) for n in range(30))
    text = ddl.create_trigger(trigger(watched=many))
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("HEX(N.") == 30


def test_the_fingerprint_follows_the_text() -> None:
    """Another column, another mark; the same facts, the same mark, in the trigger's comment."""
    one, same = trigger(), trigger()
    other = trigger(watched=(Compared("IPCMP", True, False),))
    assert ddl.fingerprint(one) == ddl.fingerprint(same) != ddl.fingerprint(other)
    assert f"{ddl.FINGERPRINT} {ddl.fingerprint(one)}'" in ddl.comment_on_trigger(one)


def test_a_queue_is_made_for_what_it_carries() -> None:
    """Data is forced to disk, a bell is not; order and key where they are asked for."""
    name = QueueName("TOWLINE", "Q")
    bell = ddl.create_queue(DataQueue(name, "look", 64, ours=True, data=False))
    data = ddl.create_queue(
        DataQueue(name, "orders", 64, ours=True, data=True, sequence="KEYED", key_length=4)
    )
    assert "FORCE" not in bell
    assert "SEQ" not in bell
    assert "MAXLEN(64) FORCE(*YES) SEQ(*KEYED) KEYLEN(4) SIZE(5000 16)" in data
    assert "AUT(*EXCLUDE)" in data


def test_a_text_ccsid_is_the_sites_and_1208_stays() -> None:
    """Names and values of notes hold any character."""
    text = ddl.create_table(Table("SHOPLIB", towline_file("WEBORDN"), 1141))
    assert "CREATE TABLE SHOPLIB.WEBORDN (" in text
    assert "KIND     VARCHAR(10) CCSID 1141 NOT NULL" in text
    assert "VALUE    VARCHAR(4000) CCSID 1208 NOT NULL DEFAULT ''" in text


@pytest.mark.parametrize("layout", TOWLINE_FILES, ids=lambda layout: layout.name)
def test_every_table_and_column_has_a_text_that_fits(layout: object) -> None:
    """50 characters on a green screen; nothing is cut in the middle of a word."""
    file = towline_file(getattr(layout, "name", ""))
    table = Table("TOWLINE", file, 37)
    assert len(f"Towline: {file.text}") <= 50
    assert all(0 < len(field.text) <= 50 for field in file.fields)
    assert ddl.label_columns(table).count("TEXT IS") == len(file.fields)


def test_the_outboxs_identity_is_the_systems() -> None:
    """GENERATED ALWAYS: not even a program of ours gives a number."""
    text = ddl.create_table(Table("TOWLINE", towline_file("OUTBOX"), 37))
    assert "ID       BIGINT GENERATED ALWAYS AS IDENTITY" in text


def test_only_the_agents_password_never_expires() -> None:
    """The owner has none; neither has a special authority."""
    owner = ddl.create_profile(Profile("TWOWNER", "Towline: owner", signs_on=False))
    agent = ddl.create_profile(Profile("TWAGENT", "Towline: the agent", signs_on=True))
    assert "PWDEXPITV" not in owner
    assert "PWDEXPITV(*NOMAX)" in agent
    for text in (owner, agent):
        assert "SPCAUT(*NONE)" in text
        assert "PASSWORD(*NONE)" in text


def test_a_program_is_registered_with_typed_parameters() -> None:
    """Positions and types are those of agent.toml; nothing of the program changes."""
    text = ddl.create_procedure(
        Procedure(
            ProgramName("ERPLIB", "WEBORD"),
            (
                Parameter("event_id", "char", length=64),
                Parameter("total", "packed", digits=11, decimals=2),
                Parameter("line_count", "integer"),
            ),
        )
    )
    assert "IN P1_EVENT_ID CHAR(64),\n" in text
    assert "IN P2_TOTAL DECIMAL(11, 2),\n" in text
    assert "IN P3_LINE_COUNT INTEGER\n" in text
    assert text.endswith("EXTERNAL NAME ERPLIB.WEBORD PARAMETER STYLE GENERAL")


def test_a_grant_and_its_undo_name_the_same_object() -> None:
    """Privileges of SQL on files, authorities of the system on the rest."""
    file = Grant("TWAGENT", "*FILE", "DISTLIB", "ITMPRC", ("SELECT",))
    queue = Grant("TWAGENT", "*DTAQ", "ERPLIB", "Q", ("*OBJOPR", "*READ"))
    assert ddl.grant(file) == "GRANT SELECT ON DISTLIB.ITMPRC TO TWAGENT"
    assert ddl.revoke(file) == "REVOKE SELECT ON DISTLIB.ITMPRC FROM TWAGENT"
    assert "GRTOBJAUT OBJ(ERPLIB/Q) OBJTYPE(*DTAQ) USER(TWAGENT) AUT(*OBJOPR *READ)" in ddl.grant(
        queue
    )
    assert "RVKOBJAUT OBJ(ERPLIB/Q)" in ddl.revoke(queue)


def test_quotes_are_doubled() -> None:
    """A text with an apostrophe stays one literal, in a command too."""
    assert ddl.quoted("a'b") == "'a''b'"
    assert ddl.command("X TEXT('a')") == "CALL QSYS2.QCMDEXC('X TEXT(''a'')')"
