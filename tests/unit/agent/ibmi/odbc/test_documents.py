"""Orders into staging tables: once, as a whole, whatever breaks; with and without a journal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.unit.agent.ibmi.odbc.raw import SETTINGS, RawConnection, failure
from tests.unit.agent.ibmi.odbc.test_job import job_on
from towline_agent.conformance.documents import sample_order
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.port import Applied, Purpose, Site
from towline_agent.ibmi.towline_files import STAGING, towline_file
from towline_shared.errors import Refused, TowlineError

ORDER = sample_order(1001)
ORDER = sample_order(1001)
UNIQUE = replace(SETTINGS, site=Site(unique_key=True))


@dataclass
class Tables:
    """Staging tables in memory, with unique keys, units of work and a break on request.

    Attributes:
        breaks_at: number of the INSERT or COMMIT (from 1) at which the link is cut; 0 = never.
        after: the cut comes after the step had its effect.
    """

    breaks_at: int = 0
    after: bool = False
    committed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    open: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    steps: int = 0

    def connection(self, *, autocommit: bool) -> RawConnection:
        raw = _TablesConnection(self)
        raw.answers = {
            "INSERT INTO": self._insert if not autocommit else self._insert_at_once,
            "FROM TOWLINE.APPLIED": self._applied,
            "FROM TOWLINE.WEBORDH": self._twin,
            "CURRENT TIMESTAMP": [("2026-11-23-08.00.00.000000",)],
        }
        self.open = []
        return raw

    def commit(self) -> None:
        self._step(lambda: self._keep(self.open))
        self.open = []

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.committed.get(table, [])

    def _insert(self, sql: str, parameters: tuple[Any, ...]) -> Any:
        table, row = _row(sql, parameters)
        if self._duplicate(table, row):
            return failure("23505", "SQL0803N duplicate")
        self._step(lambda: self.open.append((table, row)))
        return 1

    def _insert_at_once(self, sql: str, parameters: tuple[Any, ...]) -> Any:
        table, row = _row(sql, parameters)
        if self._duplicate(table, row):
            return failure("23505", "SQL0803N duplicate")
        self._step(lambda: self._keep([(table, row)]))
        return 1

    def _keep(self, rows: list[tuple[str, dict[str, Any]]]) -> None:
        for table, row in rows:
            self.committed.setdefault(table, []).append(row)

    def _duplicate(self, table: str, row: dict[str, Any]) -> bool:
        key = towline_file(table).key
        uniques = (key, *towline_file(table).unique)
        there = [*self.rows(table), *(r for t, r in self.open if t == table)]
        return any(
            all(str(row[name]) == str(other[name]) for name in names)
            for names in uniques
            for other in there
        )

    def _applied(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[int]]:
        return [(sum(row["EVENTID"] == parameters[0] for row in self.rows("APPLIED")),)]

    def _twin(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[str, str]]:
        return [
            (row["ORDNAME"], row["EVENTID"])
            for row in self.rows("WEBORDH")
            if row["ORDGID"] == parameters[0]
        ]

    def _step(self, effect: Any) -> None:
        self.steps += 1
        cut = self.steps == self.breaks_at
        if cut and not self.after:
            raise failure("08S01", "Communication link failure CWBCO1047")
        effect()
        if cut:
            raise failure("08S01", "Communication link failure CWBCO1047")


class _TablesConnection(RawConnection):
    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self._tables = tables

    def commit(self) -> None:
        super().commit()
        self._tables.commit()

    def rollback(self) -> None:
        super().rollback()
        self._tables.open = []


def _row(sql: str, parameters: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
    head, _, rest = sql.partition("(")
    names = [name.strip() for name in rest.partition(")")[0].split(",")]
    return head.split(".")[1].strip(), dict(zip(names, parameters, strict=True))


def apply(tables: Tables, monkeypatch: pytest.MonkeyPatch, *, unique: bool = False) -> Any:
    """Write the order once over a connection of its own; return the outcome or the error."""
    settings = UNIQUE if unique else SETTINGS
    raw = tables.connection(autocommit=unique)
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE, settings=settings) as job:
        try:
            return job.apply_order(ORDER, event_id="event-1")
        except TowlineError as error:
            return error


def counts(tables: Tables) -> dict[str, int]:
    found = {table: len(tables.rows(table)) for table in STAGING}
    return {table: count for table, count in found.items() if count or table in WHOLE}


WHOLE = {
    "WEBORDL": 1, "WEBORDS": 1, "WEBORDA": 1, "WEBORDT": 1, "WEBORDP": 1, "WEBORDN": 0,
    "WEBORDH": 1, "APPLIED": 1,
}  # fmt: skip


@pytest.mark.parametrize("unique", [False, True])
def test_an_order_is_written_once(unique: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second attempt finds the event and writes nothing."""
    tables = Tables()
    assert apply(tables, monkeypatch, unique=unique) is Applied.WRITTEN
    assert apply(tables, monkeypatch, unique=unique) is Applied.ALREADY_THERE
    assert counts(tables) == WHOLE


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 10))
@pytest.mark.parametrize("unique", [False, True])
def test_a_cut_at_any_step_neither_loses_nor_doubles(
    unique: bool, step: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after any INSERT or the COMMIT: the repetition completes the same one order."""
    tables = Tables(breaks_at=step, after=after)
    first = apply(tables, monkeypatch, unique=unique)
    if tables.steps >= step:
        assert isinstance(first, LinkLost)
    second = apply(tables, monkeypatch, unique=unique)
    assert second in (Applied.WRITTEN, Applied.ALREADY_THERE)
    assert counts(tables) == WHOLE


@pytest.mark.parametrize("step", range(1, 9))
def test_without_a_journal_the_header_never_comes_before_its_parts(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that sees the header finds every line, even after a cut in the middle."""
    tables = Tables(breaks_at=step)
    apply(tables, monkeypatch, unique=True)
    if tables.rows("WEBORDH"):
        assert counts(tables) | {"APPLIED": 1} == WHOLE


def test_with_a_journal_a_cut_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an order never shows."""
    tables = Tables(breaks_at=4)
    assert isinstance(apply(tables, monkeypatch), LinkLost)
    assert set(counts(tables).values()) == {0}


@pytest.mark.parametrize("unique", [False, True])
def test_the_same_order_under_another_event_is_refused(
    unique: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One order is one row; the sentence names it."""
    tables = Tables()
    apply(tables, monkeypatch, unique=unique)
    raw = tables.connection(autocommit=unique)
    settings = UNIQUE if unique else SETTINGS
    with (
        job_on(raw, monkeypatch, purpose=Purpose.WRITE, settings=settings) as job,
        pytest.raises(Refused, match="#1001"),
    ):
        job.apply_order(ORDER, event_id="event-2")
    assert counts(tables) == WHOLE


def test_a_lock_names_its_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system tells, the sentence says which job is in the way."""
    tables = Tables()
    raw = tables.connection(autocommit=False)
    raw.answers["INSERT INTO"] = failure("HY000", "SQL0913 - in use (-913)")
    raw.answers["RECORD_LOCK_INFO"] = [("048233/KESSLER/QPADEV0007",)]
    with (
        job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job,
        pytest.raises(InUse, match="048233/KESSLER/QPADEV0007"),
    ):
        job.apply_order(ORDER, event_id="event-1")
    assert "COMMIT" not in raw.texts


def test_a_file_without_a_journal_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQL7008 says what it means and both ways out."""
    tables = Tables()
    raw = tables.connection(autocommit=False)
    raw.answers["INSERT INTO"] = failure("HY000", "SQL7008 - WEBORDL in TOWLINE not valid (-7008)")
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        with pytest.raises(TowlineError) as refused:
            job.apply_order(ORDER, event_id="event-1")
    assert "STRJRNPF" in refused.value.hint
    assert "unique_key" in refused.value.hint


def test_texts_are_fitted_to_the_sites_ccsid(monkeypatch: pytest.MonkeyPatch) -> None:
    """A euro sign fits CCSID 1141 as it is; in 37 it is spelt, and its original is kept."""
    priced = replace(ORDER, customer_name="Preis in \N{EURO SIGN}")
    for ccsid, name in ((1141, "Preis in \N{EURO SIGN}"), (37, "Preis in EUR")):
        tables = Tables()
        raw = tables.connection(autocommit=False)
        settings = replace(SETTINGS, ccsid=ccsid)
        with job_on(raw, monkeypatch, purpose=Purpose.WRITE, settings=settings) as job:
            job.apply_order(priced, event_id="event-1")
        assert tables.rows("WEBORDH")[0]["CUSTNAME"] == name
        assert len(tables.rows("WEBORDN")) == (ccsid == 37)
