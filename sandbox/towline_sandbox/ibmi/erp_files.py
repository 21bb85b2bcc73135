"""Files of library DISTLIB, the ERP of a technical wholesaler.

Names and shapes are made up in the manner of such files: ten-character system names with a prefix
for each file, numbers packed or zoned, dates as CYYMMDD with 0 for none, one-letter states
(general knowledge of RPG shops; real field lists of three ERPs are much the same,
https://erpref.com/?schema=920&system=41&table=F4101).
"""

from __future__ import annotations

from towline_agent.ibmi.catalogue import FileLayout, char, packed, zoned

__all__ = ["ERP_FILES"]

ERP_FILES = (
    FileLayout(
        "DISTLIB",
        "ITMMST",
        (
            char("ITNBR", 15, "Item number"),
            char("ITDSC", 40, "Description"),
            char("ITDS2", 40, "Description 2"),
            char("ITCLS", 4, "Item class"),
            char("ITUOM", 3, "Unit of measure"),
            packed("ITWGT", 9, 3, "Weight kg"),
            char("ITEAN", 13, "EAN"),
            char("ITSTS", 1, "Status A I D"),
            char("ITWEB", 1, "Web shop Y N"),
            zoned("ITCRTD", 7, text="Created CYYMMDD"),
            zoned("ITCHGD", 7, text="Changed CYYMMDD"),
        ),
        key=("ITNBR",),
        text="Item master",
    ),
    FileLayout(
        "DISTLIB",
        "ITMBAL",
        (
            char("IBITNB", 15, "Item number"),
            char("IBWHS", 3, "Warehouse"),
            packed("IBQOH", 9, 0, "On hand"),
            packed("IBQAL", 9, 0, "Allocated"),
            char("IBLOC", 8, "Bin"),
            zoned("IBLCTD", 7, text="Last count CYYMMDD"),
        ),
        key=("IBITNB", "IBWHS"),
        text="Item balance by warehouse",
    ),
    FileLayout(
        "DISTLIB",
        "ITMPRC",
        (
            char("IPITNB", 15, "Item number"),
            char("IPLIST", 3, "Price list"),
            packed("IPPRC", 9, 2, "Price"),
            packed("IPCMP", 9, 2, "Recommended price"),
            char("IPCUR", 3, "Currency"),
            zoned("IPEFFD", 7, text="Effective CYYMMDD"),
        ),
        key=("IPITNB", "IPLIST"),
        text="Price file",
    ),
    FileLayout(
        "DISTLIB",
        "WHSMST",
        (char("WHWHS", 3, "Warehouse"), char("WHNAM", 30, "Name"), char("WHCTY", 30, "City")),
        key=("WHWHS",),
        text="Warehouse master",
    ),
    FileLayout(
        "DISTLIB",
        "CUSMST",
        (
            zoned("CUNBR", 6, text="Customer number"),
            char("CUNAM", 40, "Name"),
            char("CUADR", 40, "Street"),
            char("CUZIP", 10, "Postal code"),
            char("CUCTY", 30, "City"),
            char("CUCTR", 2, "Country"),
            char("CUMAIL", 80, "E-mail"),
            char("CUSTS", 1, "Status A B"),
            packed("CULIM", 11, 2, "Credit limit, 0 none"),
            packed("CUOPEN", 11, 2, "Open orders"),
            zoned("CUCRTD", 7, text="Created CYYMMDD"),
        ),
        key=("CUNBR",),
        text="Customer master",
    ),
    FileLayout(
        "DISTLIB",
        "BUSMST",
        (
            zoned("BSNBR", 6, text="Business number"),
            char("BSNAM", 40, "Name"),
            char("BSSTS", 1, "Status A B"),
            char("BSGID", 64, "The web shop's own id, blank none"),
            zoned("BSCRTD", 7, text="Created CYYMMDD"),
        ),
        key=("BSNBR",),
        text="Business customers",
    ),
    FileLayout(
        "DISTLIB",
        "BUSPLC",
        (
            zoned("BPNBR", 6, text="Business number"),
            zoned("BPPLC", 3, text="Place"),
            char("BPNAM", 40, "Name of the place"),
            char("BPADR", 40, "Street"),
            char("BPZIP", 10, "Postal code"),
            char("BPCTY", 30, "City"),
            char("BPCTR", 2, "Country"),
            char("BPTAX", 20, "Tax number"),
            char("BPTRM", 20, "Terms, as the shop calls them"),
            char("BPGID", 64, "The web shop's own id, blank none"),
        ),
        key=("BPNBR", "BPPLC"),
        text="Places of business customers",
    ),
    FileLayout(
        "DISTLIB",
        "NUMCTL",
        (char("NCTYP", 3, "Type"), zoned("NCNEXT", 9, text="Next number")),
        key=("NCTYP",),
        text="Number control",
    ),
    FileLayout(
        "DISTLIB",
        "ORDHDR",
        (
            zoned("OHORD", 7, text="Order number"),
            zoned("OHCUS", 6, text="Customer"),
            char("OHREF", 20, "Customer's reference"),
            zoned("OHDAT", 7, text="Entered CYYMMDD"),
            char("OHSTS", 1, "Status O P S X, H on hold"),
            packed("OHTOT", 11, 2, "Total"),
            packed("OHPBK", 11, 2, "Paid back"),
            char("OHCUR", 3, "Currency"),
        ),
        key=("OHORD",),
        text="Order header",
    ),
    FileLayout(
        "DISTLIB",
        "ORDLIN",
        (
            zoned("OLORD", 7, text="Order number"),
            zoned("OLLIN", 3, text="Line"),
            char("OLITNB", 15, "Item number"),
            packed("OLQTY", 9, 0, "Ordered"),
            packed("OLQSH", 9, 0, "Shipped"),
            packed("OLPRC", 11, 2, "Line total"),
            char("OLWHS", 3, "Warehouse"),
        ),
        key=("OLORD", "OLLIN"),
        text="Order lines",
    ),
    FileLayout(
        "DISTLIB",
        "SHPHDR",
        (
            char("SHNBR", 9, "Shipment"),
            zoned("SHORD", 7, text="Order number"),
            char("SHWHS", 3, "Warehouse"),
            char("SHCAR", 10, "Carrier"),
            char("SHTRK", 30, "Tracking number"),
            zoned("SHDAT", 7, text="Shipped CYYMMDD"),
            zoned("SHTIM", 6, text="Shipped HHMMSS"),
        ),
        key=("SHNBR",),
        text="Shipment header",
    ),
    FileLayout(
        "DISTLIB",
        "SHPLIN",
        (
            char("SLSHP", 9, "Shipment"),
            zoned("SLLIN", 3, text="Line"),
            zoned("SLORD", 7, text="Order number"),
            zoned("SLOLN", 3, text="Order line"),
            char("SLITNB", 15, "Item number"),
            packed("SLQTY", 9, 0, "Shipped"),
        ),
        key=("SLSHP", "SLLIN"),
        text="Shipment lines",
    ),
)
