"""The table of ODBC errors: each spelling gets its class, and no sentence holds a row's values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.errors import (
    InUse,
    LinkLost,
    PositionLost,
    Restricted,
    SignOnRefused,
    SiteFault,
)
from towline_agent.ibmi.odbc.verdicts import DataFault, DuplicateKey, Kind, kind_of, raised, seen
from towline_shared.errors import Misconfigured, Permanent, Refused, Retryable, TowlineError

IA = "[IBM][System i Access ODBC Driver]"
DB2 = IA + "[DB2 for i5/OS]"
CLI = "[IBM][CLI Driver][Derby] "

CASES: list[tuple[str, str, type[TowlineError]]] = [
    # IBM i Access ODBC driver: most Db2 errors are HY000, the text is localised
    ("HY000", DB2 + "SQL0913 - Zeile oder Objekt FILE in LIB belegt. (-913) (SQLFetch)", InUse),
    ("40001", DB2 + "SQL0911 - Deadlock (-911)", InUse),
    ("HY000", DB2 + "SQL0904 - Resource limit exceeded. (-904)", Retryable),
    ("HY000", DB2 + "SQL7008 - WEBORDH in TOWLINE not valid for operation. (-7008)", SiteFault),
    ("42S02", DB2 + "SQL0204 - OUTBOX in TOWLINE type *FILE not found. (-204)", SiteFault),
    ("42S22", DB2 + "SQL0206 - Column NOPE not in specified tables. (-206)", SiteFault),
    ("42000", DB2 + "SQL0551 - Not authorized to object ITMPRC in DISTLIB type *FILE. (-551)",
     SiteFault),
    ("23000", DB2 + "SQL0803 - Duplicate key value specified. (-803)", DuplicateKey),
    ("22018", DB2 + "SQL0420 - Character in CAST argument not valid. (-420)", DataFault),
    ("HY000", DB2 + "SQL0802 - Data conversion or data mapping error. (-802)", DataFault),
    ("HY000", DB2 + "SQL0332 - Character conversion between CCSID 65535 and 1208 not valid. (-332)",
     Permanent),
    ("HY106", "ODBC SQL type -360 is not yet supported.  column-index=0  type=-360", Permanent),
    ("HY000", DB2 + "SQL0901 - SQL system error. (-901)", LinkLost),
    ("HY000", DB2 + "SQL0723 - SQL trigger X in Y failed. (-723)", Permanent),
    ("08S01", IA + "Communication link failure. comm rc=8405 - CWBCO1047 - closed", LinkLost),
    ("08S01", IA + "Communication link failure. comm rc=10054 - CWBCO1003 - socket", LinkLost),
    ("08003", IA + "Connection not open", LinkLost),
    ("HYT00", IA + "Timeout expired", LinkLost),
    ("28000", IA + "Communication link failure. comm rc=8002 - CWBSY0002 - Passwort falsch",
     SignOnRefused),
    ("08001", IA + "Communication link failure. comm rc=8003 - CWBSY0003 - expired", SignOnRefused),
    ("08001", IA + "comm rc=8011", SignOnRefused),
    ("28000", IA + "CWBSY0001 - User ID unknown", SignOnRefused),
    ("08S01", IA + "comm rc=25414 - CWBCO1050 - The certificate is not trusted", Misconfigured),
    ("IM002", "[unixODBC][Driver Manager]Data source name not found", Misconfigured),
    ("01000", "[unixODBC][Driver Manager]Can't open lib '/opt/x.so' : file not found",
     Misconfigured),
    ("HY000", DB2 + "SQL0443 - External routine detected an error. CPF950A (-443)",
     Retryable),
    ("38501", DB2 + "SQL0443 - CPF9802 Not authorized to object DOORBELL in TOWLINE. (-443)",
     SiteFault),
    ("38501", DB2 + "SQL0443 - CPF9801 Object NOSUCH in library TOWLINE not found. (-443)",
     SiteFault),
    ("38501", DB2 + "SQL0443 - CPF9503 Cannot lock data queue. (-443)", InUse),
    ("38501", DB2 + "SQL0443 - CPF7053 Values for RCVRNG not valid. (-443)", PositionLost),
    ("38001", DB2 + "SQL0443 - Kreditlimit überschritten (-443)", Refused),
    ("HY000", DB2 + "SQL0443 - Kunde gesperrt (-443)", Refused),
    ("HY000", DB2 + "SQL0438 - Message returned from SIGNAL (-438)", Refused),
    ("75001", DB2 + "SQL0438 - Message item not active (-438)", Refused),
    # IBM's CLI driver, seen on the ODBC lab
    ("57033", CLI + "SQL0913N  Unsuccessful: deadlock or timeout. SQLSTATE=57033",
     InUse),
    ("42S02", CLI + 'SQL0204N  "APPLIB.NOPE" is an undefined name.  SQLSTATE=42704', SiteFault),
    ("40003", "[IBM][CLI Driver] SQL30081N  A communication error. recv", LinkLost),
    ("08506", "[IBM][CLI Driver] SQL30108N  A connection failed but has been re-established.",
     LinkLost),
    ("08003", "[IBM][CLI Driver] CLI0106E  Connection is closed. SQLSTATE=08003", LinkLost),
    ("08001", '[IBM][CLI Driver] SQL30082N  Security processing failed with reason "24"'
     ' ("USERNAME AND/OR PASSWORD INVALID").  SQLSTATE=08001', SignOnRefused),
    ("08001", '[IBM][CLI Driver] SQL30082N  Security processing failed with reason "17"'
     ' ("UNSUPPORTED FUNCTION").', Misconfigured),
]  # fmt: skip


@pytest.mark.parametrize(("state", "message", "wanted"), CASES)
def test_each_spelling_has_its_class(state: str, message: str, wanted: type[TowlineError]) -> None:
    """The message id decides, in any language, whatever SQLSTATE the driver chose."""
    error = raised(seen(state, message), doing="reading")
    assert type(error) is wanted
    assert error.what.endswith(".")
    assert "while reading" in error.what


def test_a_link_that_fails_while_connecting_is_restricted_state() -> None:
    """A refused connection during a full save is normal; a refused sign-on stays one."""
    refused = "[08001] [IBM][CLI Driver] SQL30081N recv"
    assert isinstance(raised(seen("08001", refused, connecting=True), doing="x"), Restricted)
    wrong = IA + "comm rc=8002 - CWBSY0002"
    assert isinstance(raised(seen("28000", wrong, connecting=True), doing="x"), SignOnRefused)


def test_sentences_name_objects_and_never_values() -> None:
    """A missing object is named; what stands in a row never reaches a sentence."""
    missing = seen("42S02", DB2 + "SQL0204 - OUTBOX in TOWLINE type *FILE not found. (-204) (SQL)")
    assert "OUTBOX in TOWLINE" in str(raised(missing, doing="reading"))
    data = seen("22018", DB2 + "SQL0420 - Character in CAST argument kaethe@example.com (-420)")
    assert "kaethe" not in str(raised(data, doing="reading"))
    twice = seen("23505", CLI + "SQL0803N duplicate value kaethe@example.com")
    assert "kaethe" not in str(raised(twice, doing="writing"))


def test_what_a_person_must_do_stands_in_the_hint() -> None:
    """The kinds that need a person say what to do, and why a sign-on is not repeated."""
    refused = raised(seen("28000", IA + "CWBSY0003 - expired"), doing="signing on")
    assert "QMAXSIGN" in refused.hint
    unjournaled = raised(seen("HY000", DB2 + "SQL7008 - X (-7008)"), doing="writing")
    assert "unique_key" in unjournaled.hint
    grant = raised(seen("HY000", DB2 + "SQL0551 - X (-551)"), doing="reading")
    assert "grants" in grant.hint


@given(state=st.text(max_size=6), message=st.text(max_size=200))
def test_any_text_gets_a_verdict(state: str, message: str) -> None:
    """No error text, however strange, leaves the table without an answer."""
    kind, name = kind_of(state, message)
    assert isinstance(kind, Kind)
    error = raised(seen(state, message), doing="asking")
    assert isinstance(error, TowlineError)
    assert isinstance(name, str)


def test_every_kind_has_an_error() -> None:
    """A kind added without an answer would fall through in silence."""
    for kind in Kind:
        found = seen("HY000", "x")
        error = raised(type(found)(found.state, "ID", kind, ""), doing="asking")
        assert isinstance(error, Retryable | Permanent)
