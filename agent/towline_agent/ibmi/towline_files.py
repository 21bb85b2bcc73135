"""Files of Towline's own library: outbox, missed changes, staging files, applied events.

The one list behind the install script, the driver's INSERTs and the simulated IBM i. Numbers of an
order are packed 15,2; texts that only describe have the lengths order entry programs use.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from towline_agent.ibmi.catalogue import Field, FileLayout, Kind, SqlType, packed, varchar, zoned

__all__ = ["STAGING", "TOWLINE_FILES", "towline_file"]

_CCSID = 37  # of the layouts below


_BLANK = "''"


def _timestamp(name: str, text: str, *, default: str = "") -> Field:
    return Field(name, SqlType(Kind.TIMESTAMP, 26), text, default)


def _optional(name: str, length: int, text: str, *, ccsid: int = 37) -> Field:
    """A text that may be left out; blank stands for none, because none of ours can be null."""
    return varchar(name, length, text, ccsid=ccsid, default=_BLANK)


def _address_fields() -> tuple[Field, ...]:
    return (
        _optional("NAME", 60, "Name"),
        _optional("COMPANY", 60, "Company"),
        _optional("ADDRESS1", 60, "Street"),
        _optional("ADDRESS2", 60, "Street, second line"),
        _optional("CITY", 40, "City"),
        _optional("PROVINCE", 40, "Province or state"),
        _optional("ZIP", 15, "Postal code"),
        _optional("COUNTRY", 2, "Country, ISO 3166"),
        _optional("PHONE", 25, "Phone"),
    )


_EVENT = varchar("EVENTID", 64, "Event id of the order document")

TOWLINE_FILES = (
    FileLayout(
        "TOWLINE",
        "OUTBOX",
        (
            Field("ID", SqlType(Kind.BIGINT, 19), "Identity, given before commit", identity=True),
            varchar("LIB", 10, "Library of the changed file"),
            varchar("FILE", 10, "Changed file"),
            _optional("KEY1", 64, "Key, first column, as text"),
            _optional("KEY2", 64, "Key, second column"),
            _optional("KEY3", 64, "Key, third column"),
            _optional("KEY4", 64, "Key, fourth column"),
            varchar("OPER", 1, "I insert, U update, D delete"),
            _timestamp("CHGTS", "Changed at, local time", default="CURRENT_TIMESTAMP"),
            _optional("CHGJOB", 28, "Job that changed it"),
            _optional("CHGUSR", 10, "User that changed it"),
        ),
        key=("ID",),
        text="Outbox",
    ),
    FileLayout(
        "TOWLINE",
        "MISSED",
        (
            varchar("FILE", 10, "Changed file"),
            _timestamp("CHGTS", "Missed at, local time", default="CURRENT_TIMESTAMP"),
        ),
        key=(),
        text="Changes that missed the outbox",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDH",
        (
            _EVENT,
            varchar("ORDGID", 64, "Shopify order gid"),
            varchar("ORDNAME", 20, "Order name in the shop, such as #1001"),
            varchar("PLACEDAT", 35, "Placed at, ISO 8601"),
            varchar("CURRENCY", 3, "Currency of all amounts"),
            varchar("TAXINCL", 1, "Prices include tax Y N"),
            varchar("TEST", 1, "Test order Y N"),
            _optional("FINSTS", 20, "Financial status"),
            packed("LINESTOT", 15, 2, "Total of the lines"),
            packed("SHIPTOT", 15, 2, "Total of the shipping charges"),
            packed("TAXTOT", 15, 2, "Total of the taxes"),
            packed("ADJUST", 15, 2, "What the shop rounded or adjusted"),
            packed("TOTAL", 15, 2, "Total the buyer pays"),
            _optional("CUSTGID", 64, "Shopify customer gid"),
            _optional("CUSTNAME", 60, "Customer name"),
            _optional("EMAIL", 80, "Customer e-mail"),
            _optional("PHONE", 25, "Customer phone"),
            _optional("CUSTPO", 30, "Customer's purchase order"),
            varchar("STATUS", 1, "N new, A accepted, R refused", default="'N'"),
            zoned("ERPORD", 7, text="ERP order number, 0 none", default="0"),
            _optional("REASON", 100, "Why it was refused"),
            _timestamp("CRTTS", "Written at, local time"),
        ),
        key=("EVENTID",),
        unique=(("ORDGID",),),
        text="Web orders, header",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDL",
        (
            _EVENT,
            zoned("LINENO", 5, text="Line of the document"),
            varchar("LINEGID", 64, "Shopify line item gid"),
            varchar("SKU", 40, "Item"),
            _optional("TITLE", 60, "Title in the shop"),
            zoned("QTY", 9, text="Quantity"),
            packed("UNITPRC", 15, 2, "Unit price"),
            packed("DISCOUNT", 15, 2, "Discount of the line"),
            packed("TOTAL", 15, 2, "Total of the line"),
            zoned("ERPLIN", 3, text="Line of the ERP order, 0 none", default="0"),
        ),
        key=("EVENTID", "LINENO"),
        unique=(("EVENTID", "LINEGID"),),
        text="Web orders, lines",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDS",
        (
            _EVENT,
            zoned("SEQ", 3, text="Number within the document"),
            _optional("CODE", 60, "Code of the charge"),
            _optional("TITLE", 60, "Title of the charge"),
            packed("PRICE", 15, 2, "Price"),
            packed("DISCOUNT", 15, 2, "Discount"),
            packed("TOTAL", 15, 2, "Total"),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, shipping charges",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDA",
        (_EVENT, varchar("KIND", 1, "S ship to, B bill to"), *_address_fields()),
        key=("EVENTID", "KIND"),
        text="Web orders, addresses",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDT",
        (
            _EVENT,
            zoned("SEQ", 5, text="Number within the document"),
            zoned("LINENO", 5, text="Line, 0 for a shipping charge"),
            _optional("TITLE", 30, "Title of the tax"),
            packed("RATE", 9, 6, "Rate, 0.190000 for 19 percent"),
            packed("AMOUNT", 15, 2, "Amount"),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, taxes",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDP",
        (
            _EVENT,
            zoned("SEQ", 3, text="Number within the document"),
            _optional("GATEWAY", 40, "Payment gateway"),
            _optional("KIND", 20, "Kind of transaction"),
            _optional("STATUS", 20, "Status of the transaction"),
            packed("AMOUNT", 15, 2, "Amount"),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, payments",
    ),
    FileLayout(
        "TOWLINE",
        "WEBORDN",
        (
            _EVENT,
            zoned("SEQ", 5, text="Number within the document"),
            varchar("KIND", 10, "NOTE, ATTRIBUTE or ORIGINAL"),
            _optional("NAME", 80, "Name of the note or the column", ccsid=1208),
            _optional("VALUE", 4000, "Text", ccsid=1208),
        ),
        key=("EVENTID", "SEQ"),
        text="Web orders, notes and originals",
    ),
    FileLayout(
        "TOWLINE",
        "APPLIED",
        (
            _EVENT,
            varchar("ORDGID", 64, "Shopify order gid"),
            _timestamp("APPLYTS", "Applied at, local time"),
        ),
        key=("EVENTID",),
        text="Applied events",
    ),
)

# The order in which a document is written without commitment control: what a program waits for
# (the header) follows its parts, and the proof that all is there comes last.
STAGING = ("WEBORDL", "WEBORDS", "WEBORDA", "WEBORDT", "WEBORDP", "WEBORDN", "WEBORDH", "APPLIED")


@cache
def towline_file(name: str, *, ccsid: int = 37) -> FileLayout:
    """Return a file by its name, whatever library the site put it in.

    Args:
        ccsid: of the site's text columns; columns that are Unicode anyway stay so.
    """
    (file,) = (each for each in TOWLINE_FILES if each.name == name)
    if ccsid == _CCSID:
        return file
    fields = tuple(
        replace(field, type=replace(field.type, ccsid=ccsid))
        if field.type.ccsid == _CCSID
        else field
        for field in file.fields
    )
    return replace(file, fields=fields)
