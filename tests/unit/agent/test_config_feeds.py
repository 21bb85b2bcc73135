"""[feeds] and [install] of agent.toml: what is right is read, what is wrong is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_site import write_site
from towline_agent.config import load_config
from towline_agent.config_feeds import FeedSettings, InstallSettings, KeyPart
from towline_agent.policy import FileName
from towline_shared.errors import Misconfigured


def site(folder: Path, text: str) -> Path:
    path = write_site(folder)
    path.write_text(path.read_text() + text)
    return path


def test_without_the_tables_everything_is_left_to_the_install(tmp_path: Path) -> None:
    """An agent that is only run needs neither."""
    config = load_config(write_site(tmp_path))
    assert config.feeds == ()
    assert config.install == InstallSettings("TWOWNER", "", "")


def test_a_feed_is_read(tmp_path: Path) -> None:
    """Names become upper case; a key may say how it becomes text."""
    text = """
[feeds."DISTLIB/ITMPRC"]
keys = ["ipitnb", "DIGITS( IPLIN )"]
watched = ["ipprc", "IPCUR"]
hex = ["IPPRC"]
operations = "IU"
[install]
owner = "SHOPOWN"
agent = "SHOPAGT"
order_entry = "ERPBATCH"
"""
    config = load_config(site(tmp_path, text))
    assert config.feeds == (
        FeedSettings(
            FileName("DISTLIB", "ITMPRC"),
            keys=(KeyPart("IPITNB"), KeyPart("IPLIN", "DIGITS")),
            watched=("IPPRC", "IPCUR"),
            hex=("IPPRC",),
            operations="IU",
        ),
    )
    assert config.install == InstallSettings("SHOPOWN", "SHOPAGT", "ERPBATCH")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[feeds."ITMPRC"]\n', r"feeds\.ITMPRC\] must be written LIBRARY/NAME"),
        ('[feeds."DISTLIB/ORDHDR"]\n', "describes a file that feeds no entity"),
        ('[feeds."DISTLIB/ITMPRC"]\ncolumns = ["A"]\n', "columns is not a setting"),
        ('[feeds."DISTLIB/ITMPRC"]\nkeys = ["A+B"]\n', r"must be COLUMN, RTRIM\(COLUMN\)"),
        ('[feeds."DISTLIB/ITMPRC"]\nkeys = ["HEX(A)"]\n', r"must be COLUMN, RTRIM\(COLUMN\)"),
        ('[feeds."DISTLIB/ITMPRC"]\nkeys = ["RTRIM(A"]\n', r"must be COLUMN, RTRIM\(COLUMN\)"),
        ('[feeds."DISTLIB/ITMPRC"]\nkeys = ["A","B","C","D","E"]\n', "at most 4 columns"),
        ('[feeds."DISTLIB/ITMPRC"]\nwatched = ["A;DROP"]\n', "is not a column name"),
        ('[feeds."DISTLIB/ITMPRC"]\nwatched = ["A"]\nhex = ["B"]\n', "must be among watched"),
        ('[feeds."DISTLIB/ITMPRC"]\noperations = "DI"\n', "must be one of"),
        ('[install]\nowner = "TOO LONG A NAME"\n', "is not a user profile's name"),
        ('[install]\nowner = "QSECOFR"\n', "is a profile of IBM's"),
        ('[install]\npassword = "x"\n', "password is not a setting"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, why: str) -> None:
    """Nothing that could reach SQL text is taken but names."""
    with pytest.raises(Misconfigured, match=why):
        load_config(site(tmp_path, text))
