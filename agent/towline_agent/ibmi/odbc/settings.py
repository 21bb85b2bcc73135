"""``[ibmi]`` of agent.toml for the driver ``odbc``, and the connection string made of it. Pure.

Keywords: https://www.ibm.com/docs/en/i/7.4?topic=details-connection-string-keywords and
http://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_71/rzaik/rzaikconnstrkeywordsservprop.htm .
The driver ignores what it does not know, and 07.01.025 minded capitals, so they stand in capitals.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from towline_agent.ibmi.ccsid import codec_name
from towline_agent.ibmi.port import Purpose, Site
from towline_shared.config import Section, read_secret
from towline_shared.errors import Misconfigured

__all__ = ["PASSWORD", "OdbcSettings", "connection_string", "read_settings"]

PASSWORD = "TOWLINE_IBMI_PASSWORD"  # noqa: S105  (the variable's name)
LOCAL = "*LOCAL"
_DRIVER = "IBM i Access ODBC Driver"
_OURS = frozenset(
    "DRIVER DSN SYSTEM UID PWD USERID PASSWORD SSL NAM CMT COMMITMODE TRUEAUTOCOMMIT CONNTYPE"
    " UNICODESQL CCSID XDYNAMIC TRANSLATE FORCETRANSLATION DATETIMETOCHAR QUERYTIMEOUT".split()
)
_KEYWORD = re.compile(r"[A-Z][A-Z0-9]*")
# What every connection has, whatever it is for:
_ALWAYS = (
    ("NAM", "0"),  # SQL naming: our statements qualify every object with a dot
    ("TRUEAUTOCOMMIT", "0"),  # autocommit runs at *NONE, so files without a journal can be changed
    ("UNICODESQL", "1"),  # statement text as Unicode, whatever the CCSID of the job
    ("CCSID", "1208"),  # of the client side; 278 broke a connection: IBM/node-odbc issue 79
    ("XDYNAMIC", "0"),  # no SQL packages in QGPL; a damaged one is SQL0901
    ("TRANSLATE", "0"),  # CCSID 65535 stays bytes; the setting ccsid_65535 decides, per site
    ("ALLOWUNSCHAR", "1"),  # an unconvertible character must not end the whole read
    ("DATETIMETOCHAR", "7"),  # 24:00:00 and 0001-01-01 arrive as text
    ("QUERYTIMEOUT", "0"),  # a limit on the optimiser's estimate refuses good statements (SQL0666)
)
_LEVELS = {Purpose.READ: "2", Purpose.WAIT: "2", Purpose.WRITE: "0"}  # CONNTYPE: 2 = SELECT only


@dataclass(frozen=True, slots=True)
class OdbcSettings:
    """How to connect; times in seconds.

    Attributes:
        system: host name or address; ``*LOCAL`` in PASE.
        whole: a complete connection string without sign-on, for another driver (a stand-in).
        ccsid: of the text columns in Towline's own library.
        ccsid_65535: what bytes of CCSID 65535 columns really are; 0: such cells are unreadable.
        read: ``uncommitted`` (UR: waits for nobody, may show what is rolled back later) or
            ``committed`` (CS, currently committed).
        connect_s: limit for opening a connection.
        statement_s: limit for one statement; then it is cancelled, then abandoned.
        keepalive_s: idle time after which a connection is asked whether it lives.
        recycle_s: age at which a connection is opened anew.
        recycle_statements: statements after which it is.
    """

    system: str
    user: str
    password: str = field(repr=False)
    site: Site = field(default_factory=Site)
    tls: bool = True
    odbc_driver: str = _DRIVER
    dsn: str = ""
    rdb: str = ""
    whole: str = ""
    options: tuple[tuple[str, str], ...] = ()
    ccsid: int = 37
    ccsid_65535: int = 0
    read: str = "uncommitted"
    connect_s: float = 15.0
    statement_s: float = 120.0
    keepalive_s: float = 300.0
    recycle_s: float = 86_400.0
    recycle_statements: int = 20_000

    @property
    def where(self) -> str:
        """Name the system for sentences."""
        return self.system or self.dsn or "the stand-in"


def read_settings(
    section: Section, site: Site, *, person: tuple[str, str] | None = None
) -> OdbcSettings:
    """Read ``[ibmi]``; opens nothing.

    Args:
        person: user and password of an administrator who signs on instead of the agent; both are
            kept nowhere.

    Raises:
        Misconfigured: names the setting and what would be accepted.
    """
    section.only(
        "driver", "system", "user", "password_file", "tls", "odbc_driver", "dsn", "rdb",
        "connection_string", "options", "ccsid", "ccsid_65535", "read", "connect_s", "statement_s",
        "keepalive_s", "recycle_hours", "recycle_statements",
    )  # fmt: skip
    whole = section.text("connection_string", "")
    dsn = section.text("dsn", "")
    system = section.text("system", "" if whole or dsn else None)
    local = system == LOCAL
    user = person[0] if person else section.text("user", "" if local or dsn else None)
    ccsid = section.number("ccsid", 37, least=1)
    assumed = section.number("ccsid_65535", 0)
    for name, number in (("ccsid", ccsid), ("ccsid_65535", assumed)):
        if number:
            _codec(section, name, number)
    return OdbcSettings(
        system=system,
        user=user,
        password=person[1] if person else _password(section) if user else "",
        site=site,
        tls=section.flag("tls", True),
        odbc_driver=section.text("odbc_driver", _DRIVER),
        dsn=dsn,
        rdb=section.text("rdb", ""),
        whole=whole,
        options=_options(section),
        ccsid=ccsid,
        ccsid_65535=assumed,
        read=section.text("read", "uncommitted", among=("uncommitted", "committed")),
        connect_s=section.seconds("connect_s", 15.0),
        statement_s=section.seconds("statement_s", 120.0),
        keepalive_s=section.seconds("keepalive_s", 300.0),
        recycle_s=section.number("recycle_hours", 24, least=1) * 3600.0,
        recycle_statements=section.number("recycle_statements", 20_000, least=100),
    )


def _codec(section: Section, name: str, ccsid: int) -> None:
    try:
        codec_name(ccsid)
    except ValueError as error:
        raise section.wrong(name, ccsid, f"can't be used: {error}") from None


def _password(section: Section) -> str:
    """Take the password from the environment or its file; it never stands in agent.toml."""
    if not os.environ.get(PASSWORD) and "password_file" not in section.data:
        raise Misconfigured(
            f"{section.file}: there is no password for the profile of [ibmi].",
            hint=f"Name a file in ibmi.password_file, or set {PASSWORD}.",
        )
    if not os.environ.get(PASSWORD) and os.name == "posix":
        path = section.path("password_file")
        if path.is_file() and path.stat().st_mode & 0o077:
            raise section.wrong("password_file", str(path), "can be read by others; chmod 600 it")
    return read_secret(section, "password", variable=PASSWORD)


def _options(section: Section) -> tuple[tuple[str, str], ...]:
    raw = section.data.get("options", {})
    if not isinstance(raw, dict):
        raise section.wrong("options", raw, "must be a table of keywords")
    found: list[tuple[str, str]] = []
    for name, value in raw.items():
        keyword = str(name).upper()
        if not _KEYWORD.fullmatch(keyword) or not isinstance(value, str | int):
            raise section.wrong("options", name, "must be a keyword with a text or a number")
        if keyword in _OURS:
            raise section.wrong("options", keyword, "is set by the agent and can't be changed")
        text = str(int(value)) if isinstance(value, bool) else str(value)
        found.append((keyword, text))
    return tuple(found)


def connection_string(settings: OdbcSettings, purpose: Purpose) -> str:
    """Return the connection string, sign-on included: never log it.

    A reading or waiting connection can do nothing but SELECT. A writing one runs under *CHG, so a
    change commits or vanishes as a whole; with unique keys instead of a journal, under *NONE.
    """
    sign_on = []
    if settings.user:
        sign_on = [("UID", settings.user), ("PWD", settings.password)]
    if settings.whole:
        return settings.whole.rstrip(";") + ";" + _joined(sign_on)
    if settings.dsn:
        target = [("DSN", settings.dsn)]
    elif settings.system == LOCAL:
        target = [("DSN", LOCAL)]  # the DSN that IBM's RPM makes in PASE
    else:
        target = [("DRIVER", settings.odbc_driver), ("SYSTEM", settings.system)]
        target.append(("SSL", "1" if settings.tls else "0"))
    if settings.rdb:
        target.append(("DATABASE", settings.rdb))
    commit = "2" if purpose is Purpose.WRITE and not settings.site.unique_key else "0"
    keywords = [*target, *sign_on, *_ALWAYS, ("CMT", commit), ("CONNTYPE", _LEVELS[purpose])]
    return _joined([*keywords, *settings.options])


def _joined(keywords: list[tuple[str, str]]) -> str:
    return "".join(f"{name}={_quoted(value)};" for name, value in keywords)


def _quoted(value: str) -> str:
    """Brace a value that holds what ends a value."""
    if re.search(r"[;{}\[\](),?*=!@ ]", value) and value != LOCAL:
        return "{" + value.replace("}", "}}") + "}"
    return value
