"""Documents of the shop into the staging tables, once each, and calls of the customer's programs.

Two ways, by the site's setting. With a journal: one unit of work whose unique key is the event id;
it is there as a whole or not at all. Without one, commitment control is refused (SQL7008), so each
row is written by itself and found again by its unique key: the parts first, then the header, which
is what a program waits for, and last the row in APPLIED, which proves that everything is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from towline_agent.ibmi.errors import InUse, SiteFault
from towline_agent.ibmi.odbc.cells import timestamp_text
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import marks, named, statement
from towline_agent.ibmi.odbc.verdicts import DataFault, DuplicateKey
from towline_agent.ibmi.port import Applied, Document, ProgramCall
from towline_agent.ibmi.staging import Record, noun_of, records
from towline_agent.ibmi.towline_files import STAGING
from towline_shared.errors import Permanent, Refused, TowlineError
from towline_shared.events import Order

__all__ = ["Documents"]

# A program that asks a question would hang the call for ever; the default reply is given instead.
_NO_QUESTIONS = "QSYS/CHGJOB INQMSGRPY(*DFT)"


class Documents:
    """Writes over one connection."""

    def __init__(self, door: Door, settings: OdbcSettings) -> None:
        self._door = door
        self._library = settings.site.library
        self._ccsid = settings.ccsid
        self._unique_key = settings.site.unique_key
        self._answers_questions = False

    def apply_order(self, document: Document, *, event_id: str) -> Applied:
        """See the port."""
        what = noun_of(document)
        doing = f"writing the {what} into {self._library}"
        with self._unit(doing):
            if self._applied(event_id, doing):
                return Applied.ALREADY_THERE
            self._refuse_twin(document, event_id, doing)
            rows = records(document, event_id=event_id, at=self._now(doing), ccsid=self._ccsid)
            ordered = sorted(rows, key=lambda record: STAGING.index(record[0]))
            try:
                for table, members in groupby(ordered, key=lambda record: record[0]):
                    self._insert(table, list(members), doing)
                self._door.commit(doing=doing)
            except DuplicateKey:
                self._door.rollback()
                if self._applied(event_id, doing):  # another connection was faster
                    return Applied.ALREADY_THERE
                self._refuse_twin(document, event_id, doing)
                raise
            except DataFault as error:
                raise Refused(f"The {what} can't be written: {error.what}") from None
        return Applied.WRITTEN

    def call_program(self, call: ProgramCall) -> None:
        """See the port; the program is a procedure made by the install script."""
        program = named(call.library, call.program)
        doing = f"calling program {call.library}/{call.program}"
        self._ask_no_questions()
        sql = statement("program_call", program=program, values=marks(len(call.parameters)))
        with self._unit(doing):
            try:
                self._door.execute(sql, call.parameters, doing=doing)
            except SiteFault as error:
                if not error.what.startswith("CPF"):
                    raise
                # The procedure is there; what it met inside is its answer to this document.
                raise Refused(error.what, code=error.what.split()[0]) from None
            self._door.commit(doing=doing)

    @contextlib.contextmanager
    def _unit(self, doing: str) -> Iterator[None]:
        """End the unit of work whatever happens, and name the holder of a lock."""
        try:
            yield
        except InUse as error:
            self._door.rollback()
            holder = self._holder()
            raise InUse(f"{error.what} {holder}".strip(), hint=error.hint) from None
        except TowlineError:
            self._door.rollback()
            raise
        self._door.rollback()  # after a commit there is nothing left; after a look, its locks go

    def _insert(self, table: str, members: Sequence[Record], doing: str) -> None:
        columns = tuple(members[0][1])
        sql = statement(
            "staging_insert",
            table=named(self._library, table),
            columns=", ".join(named(column) for column in columns),
            values=marks(len(columns)),
        )
        given = [[row[column] for column in columns] for _, row in members]
        if not self._unique_key:
            self._door.execute_many(sql, given, doing=doing)
            return
        for each in given:
            with contextlib.suppress(DuplicateKey):  # an earlier try of the same event wrote it
                self._door.execute(sql, each, doing=doing)

    def _applied(self, event_id: str, doing: str) -> bool:
        sql = statement("applied_known", library=named(self._library))
        return bool(self._door.query(sql, (event_id,), doing=doing).rows[0][0])

    def _refuse_twin(self, document: Document, event_id: str, doing: str) -> None:
        """Refuse an order that stands there under another event: it is written once."""
        if not isinstance(document, Order):
            return
        sql = statement("order_twin", library=named(self._library))
        for name, event in self._door.query(sql, (document.order_gid,), doing=doing).rows:
            if str(event).rstrip() != event_id:
                raise Refused(
                    f"SQL0803: order {str(name).rstrip()} stands in {self._library}/WEBORDH under"
                    " another event.",
                    hint="An order is written once; changes to it are not sent again.",
                    code="SQL0803",
                )

    def _now(self, doing: str) -> str:
        rows = self._door.query(statement("now"), doing=doing).rows
        return timestamp_text(rows[0][0])

    def _holder(self) -> str:
        """Say which job holds a staging table; empty where the system does not tell."""
        for table in reversed(STAGING):
            for question in ("record_holder", "object_holder"):
                try:
                    found: list[tuple[Any, ...]] = self._door.query(
                        statement(question), (self._library, table), doing="asking for the holder"
                    ).rows
                except Permanent:  # the view is not there, or not for this profile
                    continue
                except TowlineError:
                    return ""
                if found:
                    return f"{self._library}/{table} is held by job {str(found[0][0]).strip()}."
        return ""

    def _ask_no_questions(self) -> None:
        if self._answers_questions:
            return
        with contextlib.suppress(Permanent):  # a shop that forbids the command is no worse off
            self._door.execute(
                statement("command"), (_NO_QUESTIONS,), doing="preparing a program call"
            )
        self._answers_questions = True
