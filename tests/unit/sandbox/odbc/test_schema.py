"""Claims about making the libraries on the lab."""

from __future__ import annotations

from tests.unit.sandbox.odbc.fake_door import door
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.erp_files import ERP_FILES
from towline_sandbox.odbc.schema import create_erp, load


def test_every_file_is_made_with_its_key_and_granted_to_the_erp() -> None:
    """Numbers may be NULL, which stands for bytes that are none; keys and texts never."""
    made, given = door()
    create_erp(given)
    tables = [text for text in made.texts if text.startswith("CREATE TABLE DISTLIB.")]
    grants = [text for text in made.texts if text.startswith("GRANT")]
    assert len(tables) == len(grants) == len(ERP_FILES)
    (prices,) = [text for text in tables if "ITMPRC" in text]
    assert '"IPPRC" DECIMAL(9,2),' in prices
    assert '"IPCUR" CHAR(3) NOT NULL' in prices
    assert prices.endswith("PRIMARY KEY (IPITNB, IPLIST))")


def test_the_data_goes_in_with_null_for_dirt() -> None:
    """Every record of the dataset, in one unit of work."""
    data = Dataset.generate(100, 7)
    made, given = door()
    load(given, data)
    assert len(made.asked) == sum(map(len, data.rows.values())) + 1
    assert made.texts[-1] == "COMMIT"
    spoiled = [values for text, values in made.asked if "ITMPRC" in text and values[2] is None]
    kinds = list(data.traps.values())
    assert len(spoiled) == kinds.count("blank_price") + kinds.count("bad_nibble")
