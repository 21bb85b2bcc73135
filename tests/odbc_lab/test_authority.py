"""Profiles and authority: who may sign on, and what each may do."""

from __future__ import annotations

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition, failure, run

pytestmark = pytest.mark.odbc_lab


def _refused(partition: Partition, user: str, password: str) -> str:
    with pytest.raises(pyodbc.Error) as caught:
        partition.connect(user, password)
    state, text = failure(caught.value)
    assert state == "08001"
    assert "SQL30082N" in text
    return text


def test_a_wrong_password_and_an_unknown_user_look_alike(partition: Partition) -> None:
    """Reason 24 for both: nobody learns which profiles there are."""
    partition.profile("GUEST", "right1")
    assert 'reason "24"' in _refused(partition, "GUEST", "wrong")
    assert 'reason "24"' in _refused(partition, "NOBODY", "wrong")


def test_three_wrong_passwords_disable_a_profile(partition: Partition) -> None:
    """QMAXSIGN: after the third, the right one is refused too, until it is enabled again."""
    partition.profile("THREE", "right1")
    partition.connect("THREE", "right1")
    for _ in range(3):
        _refused(partition, "THREE", "wrong")
    assert 'reason "19"' in _refused(partition, "THREE", "right1")
    partition.command("CHGUSRPRF USRPRF(THREE) STATUS(*ENABLED)")
    partition.connect("THREE", "right1")


def test_an_expired_password_and_no_password(partition: Partition) -> None:
    """An expired one is refused for that reason; PASSWORD(*NONE) signs on nobody."""
    partition.profile("OLD", "right1")
    partition.command("CHGUSRPRF USRPRF(OLD) PWDEXP(*YES)")
    assert 'reason "1"' in _refused(partition, "OLD", "right1")
    partition.command("CHGUSRPRF USRPRF(OLD) PASSWORD(*NONE) PWDEXP(*NO)")
    _refused(partition, "OLD", "right1")
    _refused(partition, "OLD", "*NONE")


def test_grants_are_enforced_by_privilege_and_column(partition: Partition) -> None:
    """What is not granted is SQL0551 with user, operation and object; a REVOKE bites at once."""
    partition.profile("CLERK", "right1")
    partition.run("CREATE TABLE {lib}.T (A INTEGER NOT NULL, B INTEGER)")
    partition.run("INSERT INTO {lib}.T VALUES (1, 1)")
    clerk = partition.connect("CLERK", "right1")
    select = f"SELECT A FROM {partition.library}.T"
    with pytest.raises(pyodbc.Error, match=f'SQL0551N.*"CLERK".*"SELECT".*"{partition.library}.T"'):
        run(clerk, select)
    partition.run("GRANT SELECT, UPDATE (B) ON {lib}.T TO CLERK")
    assert run(clerk, select) == [(1,)]
    run(clerk, f"UPDATE {partition.library}.T SET B = 2")
    with pytest.raises(pyodbc.Error, match="SQL0551N"):
        run(clerk, f"UPDATE {partition.library}.T SET A = 2")
    partition.run("REVOKE SELECT ON {lib}.T FROM CLERK")
    with pytest.raises(pyodbc.Error, match="SQL0551N"):
        run(clerk, select)


def test_data_queue_authority(partition: Partition) -> None:
    """*READ receives, *ADD sends, neither implies the other; RVKOBJAUT takes both back."""
    partition.profile("CLERK", "right1")
    partition.command("CRTDTAQ DTAQ({lib}/Q) MAXLEN(10) AUT(*EXCLUDE)")
    clerk = partition.connect("CLERK", "right1")
    send = f"CALL QSYS2.SEND_DATA_QUEUE('x', 'Q', '{partition.library}', NULL, 'NO')"
    peek = (
        f"SELECT MESSAGE_DATA FROM TABLE(QSYS2.DATA_QUEUE_ENTRIES('Q', '{partition.library}')) AS T"
    )
    for sql in (send, peek):
        with pytest.raises(pyodbc.Error, match="CPF9802"):
            run(clerk, sql)
    grant = "OBJ({lib}/Q) OBJTYPE(*DTAQ) USER(CLERK)"
    partition.command(f"GRTOBJAUT {grant} AUT(*OBJOPR *ADD)")
    run(clerk, send)
    with pytest.raises(pyodbc.Error, match="CPF9802"):
        run(clerk, peek)
    partition.command(f"GRTOBJAUT {grant} AUT(*OBJOPR *READ)")
    assert run(clerk, peek) == [("x",)]
    partition.command(f"RVKOBJAUT {grant} AUT(*ALL)")
    with pytest.raises(pyodbc.Error, match="CPF9802"):
        run(clerk, peek)


def test_only_a_security_administrator_makes_profiles(partition: Partition) -> None:
    """CPF2292 for everybody else."""
    partition.profile("CLERK", "right1")
    clerk = partition.connect("CLERK", "right1")
    with pytest.raises(pyodbc.Error, match="CPF2292"):
        run(clerk, "CALL QSYS2.QCMDEXC('CRTUSRPRF USRPRF(MINE) PASSWORD(X)')")


def test_whoever_makes_a_library_owns_it(partition: Partition) -> None:
    """Its maker creates and drops in it, another profile does not."""
    partition.profile("MAKER", "right1")
    partition.profile("CLERK", "right1")
    maker = partition.connect("MAKER", "right1")
    run(maker, "CREATE SCHEMA MADE")
    run(maker, "CREATE TABLE MADE.T (A INTEGER)")
    clerk = partition.connect("CLERK", "right1")
    for sql in ("CREATE TABLE MADE.U (A INTEGER)", "DROP SCHEMA MADE CASCADE"):
        with pytest.raises(pyodbc.Error, match="SQL0551N"):
            run(clerk, sql)
    run(maker, "DROP SCHEMA MADE CASCADE")


def test_the_catalogue_tells_owners_and_authorities(partition: Partition) -> None:
    """OBJECT_STATISTICS and OBJECT_PRIVILEGES say what an install compares."""
    partition.profile("CLERK", "right1")
    partition.run("CREATE TABLE {lib}.T (A INTEGER)")
    partition.run("GRANT SELECT, DELETE ON {lib}.T TO CLERK")
    partition.command("CHGOBJOWN OBJ({lib}/T) OBJTYPE(*FILE) NEWOWN(CLERK)")
    partition.command("GRTOBJAUT OBJ(QSYS/{lib}) OBJTYPE(*LIB) USER(CLERK) AUT(*OBJOPR *EXECUTE)")
    objects = partition.run(
        "SELECT OBJNAME, OBJTYPE, OBJOWNER, JOURNALED FROM"
        f" TABLE(QSYS2.OBJECT_STATISTICS('{partition.library}', '*FILE *JRN')) AS T"
    )
    assert objects == [("T", "*FILE", "CLERK", "YES"), ("QSQJRN", "*JRN", "QSECOFR", "NO")]
    ask = (
        "SELECT DATA_READ, DATA_ADD, DATA_DELETE, DATA_EXECUTE FROM QSYS2.OBJECT_PRIVILEGES WHERE"
        " SYSTEM_OBJECT_NAME = ? AND OBJECT_TYPE = ? AND AUTHORIZATION_NAME = 'CLERK'"
        " AND SYSTEM_OBJECT_SCHEMA = ?"
    )
    assert partition.run(ask, "T", "*FILE", partition.library) == [("YES", "NO", "YES", "NO")]
    assert partition.run(ask, partition.library, "*LIB", "QSYS") == [("NO", "NO", "NO", "YES")]
