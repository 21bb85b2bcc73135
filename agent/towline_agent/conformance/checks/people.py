"""apply_order for customers and companies: each document once, whole, and each change anew."""

from __future__ import annotations

from dataclasses import replace

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Subject
from towline_agent.conformance.checks.orders import staged_columns
from towline_agent.conformance.documents import sample_company, sample_customer
from towline_agent.conformance.expect import fails, same
from towline_agent.ibmi.port import Applied, Purpose
from towline_shared.errors import Refused
from towline_shared.events import Scalar

__all__ = ["PEOPLE"]

PEOPLE = Subject("people")

_LONG = "7" * 31  # LOCID has 30 characters


@PEOPLE.check()
def a_customer_stands_there_once_for_each_event(bench: Bench) -> None:
    """A repetition writes nothing; a change comes as another event, whole, beside the first."""
    writer, person = bench.connect(Purpose.WRITE), sample_customer()
    same(writer.apply_order(person, event_id="kit-1"), Applied.WRITTEN, "first call")
    for again in (writer, bench.connect(Purpose.WRITE)):
        same(again.apply_order(person, event_id="kit-1"), Applied.ALREADY_THERE, "a second call")
    moved = replace(person, email="new@example.com")
    same(writer.apply_order(moved, event_id="kit-2"), Applied.WRITTEN, "the change")
    columns = ["CUSTGID", "CUSTNO", "NAME", "EMAIL", "TAXEXEMPT", "STATUS"]
    for event, document in (("kit-1", person), ("kit-2", moved)):
        wanted = [(person.customer_gid, "", "Käthe Grün", document.email, "N", "N")]
        same(staged_columns(bench, "WEBCUST", columns, ["EVENTID"], event), wanted, event)
    city = staged_columns(bench, "WEBORDA", ["KIND", "CITY"], ["EVENTID", "KIND"], "kit-1")
    same(city, [("B", "Hamburg")], "address of the customer")


@PEOPLE.check()
def a_company_arrives_with_its_places_and_contacts(bench: Bench) -> None:
    """Header, places with both addresses, contacts; the ERP's numbers where it has given them."""
    company = sample_company()
    bench.connect(Purpose.WRITE).apply_order(company, event_id="kit-1")
    header = staged_columns(bench, "WEBCOMP", ["COMPGID", "COMPID", "STATUS"], ["EVENTID"], "kit-1")
    same(header, [(company.company_gid, "4711", "N")], "header")
    where = ["LOCID", "NAME", "TAXID", "TAXEXEMPT", "TERMS", "CITY", "BCITY", "COUNTRY"]
    same(
        staged_columns(bench, "WEBCOMPL", where, ["EVENTID", "SEQ"], "kit-1"),
        [
            ("4711-1", "Hamburg", "DE123456789", "N", "Net 30", "Hamburg", "Bremen", "DE"),
            ("", "Bremen", "", "Y", "", "Bremen", "", "DE"),
        ],
        "places",
    )
    who = ["CUSTGID", "CUSTNO", "MAIN", "TITLE", "LASTNAME", "EMAIL"]
    (buyer,) = company.contacts
    same(
        staged_columns(bench, "WEBCOMPC", who, ["EVENTID", "SEQ"], "kit-1"),
        [(buyer.customer_gid, "100010", "Y", "Einkauf", "Grün", "kaethe@example.com")],
        "contacts",
    )
    note = staged_columns(bench, "WEBORDN", ["KIND", "VALUE"], ["EVENTID", "SEQ"], "kit-1")
    same(note, [("NOTE", company.note)], "notes")


@PEOPLE.check()
def a_company_is_written_once_for_each_event(bench: Bench) -> None:
    """On this connection and on another; the next event stands beside it."""
    writer, company = bench.connect(Purpose.WRITE), sample_company()
    same(writer.apply_order(company, event_id="kit-1"), Applied.WRITTEN, "first call")
    for again in (writer, bench.connect(Purpose.WRITE)):
        same(again.apply_order(company, event_id="kit-1"), Applied.ALREADY_THERE, "a second call")
    fewer = replace(company, places=company.places[:1], contacts=())
    same(writer.apply_order(fewer, event_id="kit-2"), Applied.WRITTEN, "the change")
    same([len(_places(bench, event)) for event in ("kit-1", "kit-2")], [2, 1], "places of each")


@PEOPLE.check()
def a_company_that_does_not_fit_is_refused_as_a_whole(bench: Bench) -> None:
    """The sentence names the column; nothing is written, and the mended document may follow."""
    writer, company = bench.connect(Purpose.WRITE), sample_company()
    first, second = company.places
    wrong = replace(company, places=(first, replace(second, number=_LONG)))
    fails(Refused, lambda: writer.apply_order(wrong, event_id="kit-1"), "a number", naming="LOCID")
    same(_places(bench, "kit-1"), [], "places")
    same(staged_columns(bench, "WEBCOMP", ["COMPID"], ["EVENTID"], "kit-1"), [], "headers")
    same(writer.apply_order(company, event_id="kit-1"), Applied.WRITTEN, "the mended document")


def _places(bench: Bench, event_id: str) -> list[tuple[Scalar, ...]]:
    return staged_columns(bench, "WEBCOMPL", ["LOCID"], ["EVENTID", "SEQ"], event_id)
