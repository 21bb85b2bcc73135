"""The staging files for companies of the shop; their notes stand beside orders', in WEBORDN."""

from __future__ import annotations

from towline_agent.ibmi.catalogue import FileLayout, optional, timestamp, varchar, zoned
from towline_agent.ibmi.order_files import EVENT

__all__ = ["COMPANY_FILES"]

COMPANY_FILES = (
    FileLayout(
        "TOWLINE",
        "WEBCOMP",
        (
            EVENT,
            varchar("COMPGID", 64, "Shopify company gid"),
            optional("COMPID", 30, "Company, the ERP's own number, blank when new"),
            optional("NAME", 60, "Company name"),
            varchar("STATUS", 1, "N new, A accepted, R refused", default="'N'"),
            optional("REASON", 100, "Why it was refused"),
            timestamp("CRTTS", "Written at, local time"),
        ),
        key=("EVENTID",),
        text="Web companies, header",
    ),
    FileLayout(
        "TOWLINE",
        "WEBCOMPL",
        (
            EVENT,
            zoned("SEQ", 5, text="Number within the document"),
            varchar("LOCGID", 64, "Shopify company location gid"),
            optional("LOCID", 30, "Place, the ERP's own number, blank when new"),
            optional("NAME", 60, "Name of the place"),
            optional("PHONE", 25, "Phone of the place"),
            optional("TAXID", 40, "Tax registration number"),
            varchar("TAXEXEMPT", 1, "The shop charges no tax Y N"),
            optional("TERMS", 40, "Payment terms"),
            optional("RECIPIENT", 60, "Ship to, name"),
            optional("ADDRESS1", 60, "Ship to, street"),
            optional("ADDRESS2", 60, "Ship to, street, second line"),
            optional("CITY", 40, "Ship to, city"),
            optional("PROVINCE", 40, "Ship to, province or state"),
            optional("ZIP", 15, "Ship to, postal code"),
            optional("COUNTRY", 2, "Ship to, country, ISO 3166"),
            optional("BRECIPIENT", 60, "Bill to, name; all blank where goods go too"),
            optional("BADDRESS1", 60, "Bill to, street"),
            optional("BADDRESS2", 60, "Bill to, street, second line"),
            optional("BCITY", 40, "Bill to, city"),
            optional("BPROVINCE", 40, "Bill to, province or state"),
            optional("BZIP", 15, "Bill to, postal code"),
            optional("BCOUNTRY", 2, "Bill to, country, ISO 3166"),
        ),
        key=("EVENTID", "SEQ"),
        text="Web companies, places",
    ),
    FileLayout(
        "TOWLINE",
        "WEBCOMPC",
        (
            EVENT,
            zoned("SEQ", 5, text="Number within the document"),
            varchar("CONTGID", 64, "Shopify company contact gid"),
            varchar("CUSTGID", 64, "Shopify customer gid"),
            optional("CUSTNO", 15, "ERP customer number, blank when new"),
            varchar("MAIN", 1, "The company's main contact Y N"),
            optional("TITLE", 60, "Position"),
            optional("FIRSTNAME", 40, "First name"),
            optional("LASTNAME", 40, "Last name"),
            optional("EMAIL", 80, "E-mail"),
            optional("PHONE", 25, "Phone"),
        ),
        key=("EVENTID", "SEQ"),
        text="Web companies, contacts",
    ),
)
