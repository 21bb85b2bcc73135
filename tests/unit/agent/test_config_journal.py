"""[journal] of agent.toml: what is right is read, what is wrong is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_site import write_site
from tests.support.journal_site import JOURNAL_TOML, PRICE_FILE, PRICES
from towline_agent.cli import main
from towline_agent.config import load_config
from towline_agent.ibmi.port import JournalName
from towline_agent.journal_wish import restart_asked
from towline_shared.errors import Misconfigured, Permanent


def site(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a site that reads its prices from a journal, with texts replaced."""
    path = write_site(folder)
    text = path.read_text() + JOURNAL_TOML
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


def test_a_journal_and_its_files_are_read(tmp_path: Path) -> None:
    """Defaults are those IBM and caution ask for; the file's triggers are given up."""
    config = load_config(site(tmp_path))
    assert config.journal is not None
    assert config.journal.name == JournalName("DISTLIB", "DISTJRN")
    assert (config.journal.poll_s, config.journal.settle_s) == (5.0, 5.0)
    assert (config.journal.on_lost, config.journal.batch) == ("stop", 1000)
    (form,) = config.journal.files
    assert (form.file, form.key, form.watched) == (PRICES, PRICE_FILE.key, PRICE_FILE.watched)
    assert form.record == PRICE_FILE.record
    assert [each.fed_by for each in config.triggered][1] == ()
    assert [(feed.file, feed.operations) for feed in config.feeds] == [(PRICES, "")]


def test_without_the_table_triggers_feed_everything(tmp_path: Path) -> None:
    """The ordinary way stays as it was."""
    config = load_config(write_site(tmp_path))
    assert config.journal is None
    assert config.triggered == config.entities


def test_watched_is_every_field_unless_it_is_said(tmp_path: Path) -> None:
    """Doubt costs a row read, not a change."""
    config = load_config(site(tmp_path, ('watched = ["IPPRC", "IPCUR"]\n', "")))
    assert config.journal is not None
    assert len(config.journal.files[0].watched) == 6


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"DISTLIB/DISTJRN"', '"DISTJRN"', r"journal\.name = 'DISTJRN' must be written LIBRARY"),
        ("[journal]", "[journal]\npoll_s = 0.5", r"poll_s = 0.5 must be at least 1 second"),
        ("[journal]", "[journal]\nsettle_s = -1", r"settle_s = -1 must be a number of seconds"),
        ("[journal]", '[journal]\non_lost = "skip"', r"on_lost = 'skip' must be one of stop"),
        ("[journal]", "[journal]\nbatch = 1000000", r"batch = 1000000 must be at most"),
        ("[journal]", "[journal]\npol_s = 5", r"journal\.pol_s is not a setting"),
        ('files."DISTLIB/ITMPRC"', 'files."ITMPRC"', r"\[journal\.files\.ITMPRC\] must be written"),
        ('files."DISTLIB/ITMPRC"', 'files."DISTLIB/CUSMST"', r"describes a file that feeds no"),
        ('key = ["IPITNB"]', 'key = ["ITNBR"]', r"key = .* names ITNBR, which is not a field"),
        ('key = ["IPITNB"]', "key = []", r"key = \[\] is shorter than that of price: SKU"),
        ('name = "IPLIST"', 'name = "IPITNB"', r"fields = \['IPITNB'\] must name each field"),
        ("ccsid = 37", "ccsid = 65535", r"ccsid = 65535 can.t be used"),
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, old: str, new: str, why: str) -> None:
    """File, field, value and what would be accepted."""
    with pytest.raises(Misconfigured, match=why):
        load_config(site(tmp_path, (old, new)))


def test_a_journal_without_files_is_refused(tmp_path: Path) -> None:
    """It would be read for nothing."""
    path = write_site(tmp_path)
    path.write_text(path.read_text() + '[journal]\nname = "DISTLIB/DISTJRN"\n')
    with pytest.raises(Misconfigured, match=r"\[journal\] follows no file"):
        load_config(path)


def test_a_file_has_a_trigger_or_a_journal(tmp_path: Path) -> None:
    """Both would tell every change twice."""
    feed = '[feeds."DISTLIB/ITMPRC"]\nkeys = ["IPITNB"]\nwatched = ["IPPRC"]\n[journal]'
    with pytest.raises(Misconfigured, match="is fed by a trigger and by the journal"):
        load_config(site(tmp_path, ("[journal]", feed)))


def test_a_journal_lies_inside_the_policy(tmp_path: Path) -> None:
    """The customer's list names its library too."""
    with pytest.raises(Permanent, match="The journal OTHER/DISTJRN is outside this site's policy"):
        load_config(site(tmp_path, ('"DISTLIB/DISTJRN"', '"OTHER/DISTJRN"')))


def test_the_verb_leaves_a_wish(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It works while the agent is down; a site without a journal is told the other way."""
    path = site(tmp_path / "one")
    assert main(["journal", "restart", "--config", str(path)]) == 0
    assert "begin to read DISTLIB/DISTJRN anew" in capsys.readouterr().out
    assert restart_asked(path.parent / "state")
    assert main(["journal", "restart", "--config", str(path), "--json"]) == 0
    assert '"asked": "restart"' in capsys.readouterr().out
    path = write_site(tmp_path / "two")
    assert main(["journal", "restart", "--config", str(path)]) == 2
    assert "has no [journal]" in capsys.readouterr().err
