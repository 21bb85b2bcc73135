"""The staging file for customers of the shop; their addresses and notes stand beside orders'."""

from __future__ import annotations

from towline_agent.ibmi.catalogue import FileLayout, optional, timestamp, varchar
from towline_agent.ibmi.order_files import EVENT

__all__ = ["CUSTOMER_FILES"]

CUSTOMER_FILES = (
    FileLayout(
        "TOWLINE",
        "WEBCUST",
        (
            EVENT,
            varchar("CUSTGID", 64, "Shopify customer gid"),
            optional("CUSTNO", 15, "ERP customer number, blank when new"),
            optional("NAME", 60, "Name"),
            optional("FIRSTNAME", 40, "First name"),
            optional("LASTNAME", 40, "Last name"),
            optional("EMAIL", 80, "E-mail"),
            optional("PHONE", 25, "Phone"),
            varchar("TAXEXEMPT", 1, "The shop charges no tax Y N"),
            varchar("STATUS", 1, "N new, A accepted, R refused", default="'N'"),
            optional("REASON", 100, "Why it was refused"),
            timestamp("CRTTS", "Written at, local time"),
        ),
        key=("EVENTID",),
        text="Web customers",
    ),
)
