"""What an ODBC error means for the agent: one table, with sources. Pure.

The driver's SQLSTATE is a help only: many Db2 errors come as HY000, and without DB2SQLSTATES=1 the
states are ODBC's own. The text comes in the language of the job. So the message id decides
(SQLnnnn, CPFnnnn, CWBxxnnnn: no language changes them), then the native code, then the class of
the state.

Sources: [M] https://ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzala/rzalaml.htm (message id =
"SQL" + absolute SQLCODE); [S] message texts in IBM's driver package,
https://public.dhe.ibm.com/software/ibmi/products/odbc/rpms/x86_64/ ; [P] Db2 SQLSTATE classes,
https://www.ibm.com/docs/en/i/7.5?topic=codes-sql ; [K] general knowledge, in docs/unverified.md;
[L] seen with IBM's CLI driver on the ODBC lab.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from towline_agent.ibmi.errors import (
    InUse,
    LinkLost,
    PositionLost,
    Restricted,
    SignOnRefused,
    SiteFault,
)
from towline_shared.errors import Misconfigured, Permanent, Refused, Retryable, TowlineError

__all__ = ["DataFault", "DuplicateKey", "Kind", "Seen", "kind_of", "raised", "seen"]


class DuplicateKey(Permanent):
    """SQL0803: the key is there already; for an event id this means: already applied."""


class DataFault(Permanent):
    """A row holds bytes Db2 could not map; the row has to be read apart from its neighbours."""


class Kind(Enum):
    """What an error means, and so what the agent does."""

    IN_USE = "locked by another job, or ended early"
    LINK_LOST = "the connection is dead"
    RESTRICTED = "the system takes no connections now"
    SIGN_ON = "the sign-on was refused"
    SETUP = "the driver or a setting of it is missing"
    RESOURCE = "a resource limit"
    FULL = "a queue or table is full"
    MISSING = "an object is not there"
    LAYOUT = "a column is not there"
    AUTHORITY = "not authorised"
    NOT_JOURNALED = "commitment control on a file that is not journaled"
    DUPLICATE = "the key is there already"
    DATA = "bytes that are no value of their type"
    CONVERSION = "no conversion between two CCSIDs"
    TYPE = "a column's type that the ODBC layer can't read"
    PROGRAM = "a program of the customer said no"
    POSITION = "a journal position that is gone"
    STATEMENT = "the statement can't work as it stands"
    UNKNOWN = "not in the table"


_K = Kind
# Message ids, without the leading "SQL": the first digit group names the SQLCODE.   source
_SQL: Mapping[int, Kind] = {
    913: _K.IN_USE,  # row or object in use                                          [M]
    911: _K.IN_USE,  # deadlock or time-out, rolled back                             [M]
    904: _K.RESOURCE,  # resource limit exceeded                                     [M]
    952: _K.IN_USE,  # processing ended by cancel                                    [M]
    803: _K.DUPLICATE,  # duplicate key value                                        [M]
    7008: _K.NOT_JOURNALED,  # not valid for operation                               [M]
    7007: _K.STATEMENT,  # COMMIT or ROLLBACK not valid                              [M]
    204: _K.MISSING,  # not found                                                    [M]
    440: _K.MISSING,  # routine not found with these parameters                      [M]
    7967: _K.MISSING,  # prepared statement not found: the job was recycled          [K]
    206: _K.LAYOUT,  # column not in specified tables                                [M]
    205: _K.LAYOUT,  # column not in table                                           [M]
    551: _K.AUTHORITY,  # not authorised to object                                   [M]
    552: _K.AUTHORITY,  # not authorised to function                                 [M]
    802: _K.DATA,  # data conversion or mapping error                                [M]
    406: _K.DATA,  # conversion error on assignment                                  [M]
    420: _K.DATA,  # character in CAST argument not valid                            [M]
    413: _K.DATA,  # overflow in a conversion                                        [M]
    180: _K.DATA,  # syntax of a date, time or timestamp not valid                   [M]
    181: _K.DATA,  # date, time or timestamp not valid                               [M]
    191: _K.DATA,  # mixed data not properly formed                                  [M]
    332: _K.CONVERSION,  # no conversion between two CCSIDs                          [M]
    330: _K.CONVERSION,  # a character could not be converted                        [M]
    666: _K.STATEMENT,  # estimated time exceeds the limit: QUERYTIMEOUT             [M]
    723: _K.STATEMENT,  # a trigger failed                                           [M]
    443: _K.PROGRAM,  # an external routine said no; its CPF message decides before this   [M]
    438: _K.PROGRAM,  # SIGNAL or RAISE_ERROR of the customer's own program                [M]
    901: _K.LINK_LOST,  # SQL system error: a new job often helps                    [M]
    30080: _K.LINK_LOST,  # communication error                                      [M]
    30081: _K.LINK_LOST,  # communication function detected an error                 [L]
    30108: _K.LINK_LOST,  # connection re-established after a failure                [L]
    20542: _K.LINK_LOST,  # the same, and the statement could not be sent again              [L]
    1336: _K.RESTRICTED,  # the host was not found                                   [L]
    30061: _K.SETUP,  # relational database not found                                [M]
    30082: _K.SIGN_ON,  # security processing failed                                 [L]
    5016: _K.STATEMENT,  # name form does not fit the naming option                  [M]
}
# Messages of the operating system that reach us inside SQL0443.                     [K] unless said
_CPF: Mapping[str, Kind] = {
    "CPF950A": _K.FULL,  # storage limit of the data queue
    "CPF9503": _K.IN_USE,  # data queue could not be locked
    "CPF9801": _K.MISSING,
    "CPF9810": _K.MISSING,
    "CPF9812": _K.MISSING,
    "CPF2105": _K.MISSING,
    "CPF1015": _K.MISSING,  # data area
    "CPF9802": _K.AUTHORITY,
    "CPF9820": _K.AUTHORITY,
    "CPF2189": _K.AUTHORITY,
    "CPF3202": _K.IN_USE,
    "CPF3203": _K.IN_USE,
    "CPF4128": _K.IN_USE,
    "CPF7053": _K.POSITION,  # journal range not valid: receiver gone
    "CPF7054": _K.POSITION,  # FROM and TO values not valid
    "CPF9815": _K.MISSING,
}
# Client messages of IBM's driver.                                                   [S] [K]
_CWB: Mapping[str, Kind] = {
    "CWBSY0001": _K.SIGN_ON,  # unknown user
    "CWBSY0002": _K.SIGN_ON,  # wrong password
    "CWBSY0003": _K.SIGN_ON,  # password expired; also *LOCAL without a password
    "CWBSY0004": _K.SIGN_ON,
    "CWBSY0011": _K.SIGN_ON,  # profile disabled
    "CWBCO1003": _K.LINK_LOST,  # socket function failed
    "CWBCO1047": _K.LINK_LOST,  # connection closed by the server
    "CWBCO1004": _K.RESTRICTED,  # name not resolved
    "CWBCO1048": _K.RESTRICTED,  # time-out: firewall or system down
    "CWBCO1049": _K.RESTRICTED,  # host server not started
    "CWBCO1034": _K.SETUP,  # TLS
    "CWBCO1050": _K.SETUP,  # certificate not trusted
}
_RC: Mapping[str, Kind] = {  # "comm rc=" of older drivers                            [K]
    "8001": _K.SIGN_ON, "8002": _K.SIGN_ON, "8003": _K.SIGN_ON, "8011": _K.SIGN_ON,
    "10060": _K.RESTRICTED, "10061": _K.RESTRICTED, "10065": _K.RESTRICTED,
}  # fmt: skip
_STATES: tuple[tuple[str, Kind], ...] = (  # the longest prefix first                 [P] [L]
    ("40003", _K.LINK_LOST), ("57033", _K.IN_USE), ("57014", _K.IN_USE), ("40001", _K.IN_USE),
    ("55019", _K.NOT_JOURNALED), ("42704", _K.MISSING), ("42S02", _K.MISSING),
    ("42703", _K.LAYOUT), ("42S22", _K.LAYOUT), ("42501", _K.AUTHORITY), ("42884", _K.MISSING),
    ("23505", _K.DUPLICATE), ("57017", _K.CONVERSION), ("22021", _K.CONVERSION),
    ("57011", _K.RESOURCE), ("HYT00", _K.LINK_LOST), ("HYT01", _K.LINK_LOST),
    ("HY008", _K.IN_USE), ("HY106", _K.TYPE), ("IM002", _K.SETUP),
    ("IM003", _K.SETUP), ("01000", _K.SETUP),
    ("28000", _K.SIGN_ON), ("08004", _K.RESTRICTED), ("08", _K.LINK_LOST), ("38", _K.PROGRAM),
    ("7", _K.PROGRAM), ("22", _K.DATA), ("58", _K.LINK_LOST), ("57", _K.RESOURCE),
    ("23", _K.STATEMENT), ("42", _K.STATEMENT), ("21", _K.STATEMENT), ("07", _K.STATEMENT),
    ("54", _K.STATEMENT), ("55", _K.STATEMENT), ("56", _K.STATEMENT), ("09", _K.STATEMENT),
)  # fmt: skip
# What a refused sign-on or another setting means, in words: the driver's own text is localised.
_SAID: Mapping[str, str] = {
    "CWBSY0001": "the profile is unknown",
    "CWBSY0002": "the password is wrong",
    "CWBSY0003": "the password has expired, or the profile of *LOCAL has none",
    "CWBSY0011": "the profile is disabled",
    "CWBCO1004": "the name of the system is unknown",
    "CWBCO1048": "no answer: a firewall, or the system is down",
    "CWBCO1049": "the host servers are not started, or a firewall is in between",
    "CWBCO1050": "the certificate of the system is not trusted",
    "rc=8001": "the profile is unknown",
    "rc=8002": "the password is wrong",
    "rc=8003": "the password has expired",
    "rc=8011": "the profile is disabled",
    "SQL30082/1": "the password has expired",
    "SQL30082/3": "the password is missing",
    "SQL30082/19": "the profile is disabled",
    "SQL30082/24": "the profile or its password is wrong",
    "SQL0913": "another job holds a row or object",
    "SQL0803": "the key is there already",
    "SQL0802": "bytes that are no value of their type (decimal data error)",
    "SQL0904": "a resource limit was reached",
    "SQL30081": "the connection broke",
}
_TOKEN = re.compile(r"\bSQL(\d{4,5})N?\b")
_NATIVE = re.compile(r"\((-\d{2,5})\)")
_MESSAGE = re.compile(r"\b(?:CPF|CPD|MCH|CPE)[0-9A-F]{4}\b")
_CLIENT = re.compile(r"\bCWB[A-Z]{2}\d{4}\b")
_COMM = re.compile(r"comm rc=(\d+)")
_PREFIX = re.compile(r"^(?:\s*\[[^\]]*\])+\s*")
_SUFFIX = re.compile(r"\s*(?:SQLSTATE=\w{5})?\s*\(-?\d+\)(?:\s*\(SQL\w+\))?.*$", re.DOTALL)
_LEADING = re.compile(r"^SQL\d{4,5}N?\s*-?\s*")
_CLI_REASON = re.compile(r'SQL30082N.*?reason "(\d+)"', re.IGNORECASE | re.DOTALL)
_ONLY_NAMES = frozenset(
    {_K.MISSING, _K.LAYOUT, _K.AUTHORITY, _K.NOT_JOURNALED, _K.STATEMENT, _K.PROGRAM, _K.SETUP,
     _K.POSITION, _K.FULL}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What an ODBC error says, taken apart.

    Attributes:
        state: SQLSTATE as the driver gave it.
        id: the message id that decides: SQL0913, CPF950A, CWBSY0002; else the state.
        kind: what it means.
        text: for people: our own words for well-known ids, else the driver's sentence, and that
            only for kinds whose sentences hold names of objects and never values of rows.
    """

    state: str
    id: str
    kind: Kind
    text: str


def seen(state: str, message: str, *, connecting: bool = False) -> Seen:
    """Take an error apart and classify it.

    Args:
        connecting: a connection was being opened: a lost link then means "takes none now".
    """
    kind, name = kind_of(state, message)
    if connecting and kind in (Kind.LINK_LOST, Kind.IN_USE, Kind.UNKNOWN):
        kind = Kind.RESTRICTED
    reason = _CLI_REASON.search(message)
    said = _SAID.get(f"{name}/{reason[1]}" if reason else name, "")
    if not said and kind in _ONLY_NAMES:
        bare = _SUFFIX.sub("", _PREFIX.sub("", message)).strip()
        said = _LEADING.sub("", bare).strip().rstrip(".")[:300]
    return Seen(state, name, kind, said)


def kind_of(state: str, message: str) -> tuple[Kind, str]:
    """Return what an error means and the id that decided."""
    client = _CLIENT.search(message)
    if client and client[0] in _CWB:
        return _CWB[client[0]], client[0]
    comm = _COMM.search(message)
    if comm and comm[1] in _RC:
        return _RC[comm[1]], client[0] if client else f"rc={comm[1]}"
    inner = _MESSAGE.search(message)
    if inner and inner[0] in _CPF:
        return _CPF[inner[0]], inner[0]
    code = _sqlcode(message)
    if code in _SQL:
        if code == 30082 and not _is_password(message):
            return Kind.SETUP, "SQL30082"
        return _SQL[code], f"SQL{code:04d}"
    name = f"SQL{code:04d}" if code else (client[0] if client else state)
    if client:
        return Kind.LINK_LOST, name
    for prefix, kind in _STATES:
        if state.startswith(prefix):
            return kind, name
    return Kind.UNKNOWN, name


def _sqlcode(message: str) -> int:
    token = _TOKEN.search(message)
    if token:
        return int(token[1])
    native = _NATIVE.search(message)
    return -int(native[1]) if native else 0


def _is_password(message: str) -> bool:
    """Reasons of SQL30082N that a person must mend: 1 expired, 3 missing, 24 wrong, 19 revoked."""
    reason = _CLI_REASON.search(message)
    return reason is None or reason[1] in ("1", "3", "5", "6", "19", "24")


_HINTS: Mapping[Kind, str] = {
    Kind.IN_USE: "It is tried again; WRKOBJLCK shows the holder.",
    Kind.LINK_LOST: "The agent connects again; what was in flight is looked up.",
    Kind.RESTRICTED: "Normal during a full save or an IPL; otherwise run towline-agent check.",
    Kind.SIGN_ON: (
        "Ask the IBM i administrator; the agent does not try again, so that QMAXSIGN does not"
        " disable the profile. Correct it, then start the agent anew."
    ),
    Kind.SETUP: "Correct [ibmi] in agent.toml; towline-agent check shows what is installed.",
    Kind.RESOURCE: "It is tried again slowly; look at the job log of the server job.",
    Kind.FULL: "It is tried again once its reader has made room.",
    Kind.MISSING: "Check the name in agent.toml, or run towline-agent ibmi plan.",
    Kind.LAYOUT: "The file's layout changed: correct the SELECT, then start the agent anew.",
    Kind.AUTHORITY: "Run the grants of towline-agent ibmi plan; reconnecting picks them up.",
    Kind.NOT_JOURNALED: (
        'Journal the file (STRJRNPF), or write commit = "unique_key" under [orders].'
    ),
    Kind.CONVERSION: "Name the real CCSID: CAST(column AS CHAR(n) CCSID 37) in the SELECT.",
    Kind.TYPE: "CAST the column in the SELECT, for example to DECIMAL or VARCHAR.",
    Kind.POSITION: "Changes may be missing: load the entities anew.",
    Kind.STATEMENT: "Correct the statement or the object it names.",
    Kind.UNKNOWN: "It is tried again; look at the job log of the server job.",
}


def raised(found: Seen, *, doing: str) -> TowlineError:
    """Return the error to raise.

    Args:
        doing: what was being done, for the sentence: "reading the outbox TOWLINE/OUTBOX".
    """
    said = f": {found.text}" if found.text else f": {found.kind.value}"
    what = f"{found.id} while {doing}{said}."
    hint = _HINTS.get(found.kind, "")
    match found.kind:
        case Kind.IN_USE:
            return InUse(what, hint=hint)
        case Kind.LINK_LOST:
            return LinkLost(what, hint=hint)
        case Kind.RESTRICTED:
            return Restricted(what, hint=hint)
        case Kind.SIGN_ON:
            return SignOnRefused(what, hint=hint)
        case Kind.SETUP:
            return Misconfigured(what, hint=hint)
        case Kind.RESOURCE:
            return Retryable(what, hint=hint, retry_after_s=60.0)
        case Kind.FULL | Kind.UNKNOWN:
            return Retryable(what, hint=hint)
        case Kind.DUPLICATE:
            return DuplicateKey(what)
        case Kind.DATA:
            return DataFault(what)
        case Kind.PROGRAM:
            return Refused(what, code=found.id)
        case Kind.POSITION:
            return PositionLost(what, hint=hint)
        case Kind.MISSING | Kind.LAYOUT | Kind.AUTHORITY | Kind.NOT_JOURNALED:
            return SiteFault(what, hint=hint)
        case _:
            return Permanent(what, hint=hint)
