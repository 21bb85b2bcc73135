"""``[ibmi]`` for the driver odbc: what the connection string holds, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from towline_agent.ibmi.odbc.settings import (
    PASSWORD,
    OdbcSettings,
    connection_string,
    read_settings,
)
from towline_agent.ibmi.port import Purpose, Site
from towline_shared.config import Section
from towline_shared.errors import Misconfigured


def read(site: Site | None = None, **values: object) -> OdbcSettings:
    given = {"system": "as400.example.com", "user": "TWAGENT", **values}
    return read_settings(Section(given, file="agent.toml", name="ibmi"), site or Site())


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "s3;c}ret")


def test_the_usual_string_has_tls_sql_naming_and_no_surprises() -> None:
    """Encrypted, qualified names, no packages in QGPL, no estimate limit, dates as text."""
    text = connection_string(read(), Purpose.READ)
    for part in (
        "DRIVER={IBM i Access ODBC Driver};", "SYSTEM=as400.example.com;", "SSL=1;", "NAM=0;",
        "XDYNAMIC=0;", "QUERYTIMEOUT=0;", "DATETIMETOCHAR=7;", "UNICODESQL=1;", "CCSID=1208;",
    ):  # fmt: skip
        assert part in text


def test_a_reading_connection_can_only_select() -> None:
    """CONNTYPE 2 and commitment *NONE; the writing one runs under *CHG."""
    assert "CONNTYPE=2;" in connection_string(read(), Purpose.READ)
    assert "CONNTYPE=2;" in connection_string(read(), Purpose.WAIT)
    writing = connection_string(read(), Purpose.WRITE)
    assert "CONNTYPE=0;" in writing
    assert "CMT=2;" in writing


def test_without_a_journal_the_writing_connection_has_no_commitment_control() -> None:
    """The unique-key mode runs at *NONE, so SQL7008 can't come."""
    text = connection_string(read(Site(unique_key=True)), Purpose.WRITE)
    assert "CMT=0;" in text


def test_a_password_with_special_characters_is_braced() -> None:
    """A semicolon or brace in a password can't end its value or add a keyword."""
    assert "PWD={s3;c}}ret};" in connection_string(read(), Purpose.READ)


def test_local_uses_the_dsn_of_pase_and_no_sign_on() -> None:
    """In PASE the job's own profile signs on; no password is wanted."""
    settings = read_settings(Section({"system": "*LOCAL"}, file="agent.toml", name="ibmi"), Site())
    text = connection_string(settings, Purpose.READ)
    assert text.startswith("DSN=*LOCAL;")
    assert "UID" not in text
    assert "PWD" not in text


def test_the_password_is_in_no_picture_of_the_settings() -> None:
    """repr() goes into logs and tracebacks."""
    assert "s3;c" not in repr(read())


def test_options_add_keywords_but_never_ours() -> None:
    """A site may tune the driver, not loosen what the agent relies on."""
    settings = read(options={"BLOCKSIZE": 512, "compression": "1"})
    assert "BLOCKSIZE=512;" in connection_string(settings, Purpose.READ)
    assert "COMPRESSION=1;" in connection_string(settings, Purpose.READ)
    for keyword in ("CONNTYPE", "PWD", "cmt", "SSL"):
        with pytest.raises(Misconfigured, match="is set by the agent"):
            read(options={keyword: "0"})
    with pytest.raises(Misconfigured, match="must be a keyword"):
        read(options={"A;B": "0"})


def test_no_password_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where a password may come from."""
    monkeypatch.delenv(PASSWORD)
    with pytest.raises(Misconfigured, match="no password") as refused:
        read()
    assert PASSWORD in refused.value.hint


def test_a_password_file_others_can_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is for the agent's user alone."""
    monkeypatch.delenv(PASSWORD)
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read(password_file=str(path))
    path.chmod(0o600)
    assert read(password_file=str(path)).password == "s3cret"


@pytest.mark.parametrize("ccsid", [65535, 5026, 12])
def test_a_ccsid_without_a_codec_is_refused(ccsid: int) -> None:
    """Text columns must be in a CCSID the agent can prove a text against."""
    with pytest.raises(Misconfigured, match=r"ibmi\.ccsid"):
        read(ccsid=ccsid)
