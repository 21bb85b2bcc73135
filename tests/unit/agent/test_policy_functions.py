"""Which functions a SELECT may call, and which documents a relay may have written."""

from __future__ import annotations

import pytest

from towline_agent.ibmi.port import EntityQuery
from towline_agent.policy import DOCUMENTS, FunctionName, OutsidePolicy, Policy
from towline_shared.errors import Permanent

POLICY = Policy(libraries=frozenset({"L"}))


def check(select: str, policy: Policy = POLICY) -> None:
    policy.check_select(EntityQuery("item", select, ("SKU",)))


@pytest.mark.parametrize(
    "select",
    [
        "SELECT RTRIM(A), DIGITS(B), COALESCE(C, D), CAST(E AS DECIMAL(9, 2)) FROM L.F",
        "SELECT A FROM L.F WHERE B IN (1, 2) AND (C = 1 OR NOT (D = 2))",
        "WITH X (A) AS (SELECT COUNT(*) FROM L.F) SELECT X.A FROM X",
        "SELECT ROW_NUMBER() OVER (PARTITION BY A ORDER BY B) FROM L.F",
        "SELECT T.A FROM LATERAL (SELECT B FROM L.F) AS T (A)",
        "SELECT 'QSYS2.QCMDEXC(1)' FROM L.F -- QCMDEXC(2)",
        "SELECT A FROM L.F WHERE EXISTS (SELECT 1 FROM L.G) AND B BETWEEN (1) AND (2)",
        "SELECT RIGHT(A, 2), CASE WHEN (B = 1) THEN (1) ELSE (2) END FROM L.F",
        "SELECT TO_CHAR(A, 'YYYY'), VARCHAR_FORMAT(B), TIMESTAMP_FORMAT(C, 'X') FROM L/F",
    ],
)
def test_db2s_own_functions_are_no_question(select: str) -> None:
    """They compute from their arguments; words of SQL before a parenthesis call nothing."""
    check(select)


@pytest.mark.parametrize(
    ("select", "name"),
    [
        ("SELECT QSYS2.QCMDEXC('DLTLIB X') FROM L.F", "QSYS2/QCMDEXC"),
        ("SELECT QSYS2 . QCMDEXC ('DLTLIB X') FROM L.F", "QSYS2/QCMDEXC"),
        ("SELECT QSYS2/QCMDEXC('DLTLIB X') FROM L.F", "QSYS2/QCMDEXC"),
        ('SELECT "QSYS2"."QCMDEXC"(A) FROM L.F', "QSYS2/QCMDEXC"),
        ("SELECT A FROM L.F WHERE qsys2.qcmdexc(B) = 1", "QSYS2/QCMDEXC"),
        ("SELECT A FROM L.F, TABLE(QSYS2.RECEIVE_DATA_QUEUE('Q', 'L')) X",
         "QSYS2/RECEIVE_DATA_QUEUE"),
        ("SELECT SYSTOOLS.HTTPGETCLOB('http://x', '') FROM L.F", "SYSTOOLS/HTTPGETCLOB"),
        ("SELECT L.MYFUNC(A) FROM L.F", "L/MYFUNC"),
        ("SELECT QSYS2/**/.QCMDEXC/**/(A) FROM L.F", "QSYS2/QCMDEXC"),
    ],
)  # fmt: skip
def test_a_function_with_a_library_must_be_listed(select: str, name: str) -> None:
    """As it is written, with blanks, quotes, comments, in lower case, as a table function."""
    with pytest.raises(Permanent, match=f"The function {name} is outside this site's policy"):
        check(select)
    listed = Policy(frozenset({"L"}), functions=frozenset({FunctionName(*name.split("/"))}))
    check(select, listed)


@pytest.mark.parametrize(
    "select",
    [
        "SELECT QCMDEXC('DLTLIB X') FROM L.F",
        'SELECT "QCMDEXC"(A) FROM L.F',
        "SELECT A FROM L.F WHERE B = qcmdexc ( 'X' )",
        "SELECT A FROM L.F, TABLE(JOB_INFO()) AS J",
        "SELECT MQREAD('S') FROM L.F",
    ],
)
def test_a_function_without_a_library_must_be_db2s_own(select: str) -> None:
    """The path of a server job would decide which one it is, so it can't even be listed."""
    with pytest.raises(Permanent, match="none of Db2's own"):
        check(select)


def test_a_kind_of_document_the_site_does_not_want_is_refused() -> None:
    """All kinds by default, and nothing that is no such kind."""
    for kind in DOCUMENTS:
        POLICY.check_document(kind)
    with pytest.raises(OutsidePolicy, match="'price' are outside this site's policy"):
        POLICY.check_document("price")
    narrow = Policy(frozenset(), documents=frozenset({"order"}))
    with pytest.raises(OutsidePolicy):
        narrow.check_document("customer")
