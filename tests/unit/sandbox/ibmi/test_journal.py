"""The stand-in's journal: what a write leaves there, and what becomes of its receivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.journal_site import PRICE_FILE
from tests.unit.sandbox.ibmi.lab import FAST, clean_skus, reader
from towline_agent.ibmi.errors import PositionLost
from towline_agent.ibmi.port import (
    JournalEntry,
    JournalName,
    JournalPage,
    JournalPosition,
    Purpose,
    Site,
)
from towline_agent.ibmi.records import decode
from towline_sandbox.ibmi.client import Console, driver
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.journal import JOURNAL
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.server import Server
from towline_shared.config import Section
from towline_shared.errors import Permanent

PRICES = "DISTLIB/ITMPRC"
JOB = "048211/MWEBER/QPADEV0003"


@pytest.fixture
def journaled(tmp_path: Path) -> Iterator[SimulatedIbmI]:
    """A partition whose ERP files are journaled and have no triggers."""
    settings = replace(FAST, journal=True, triggers=False)
    made = SimulatedIbmI.open(tmp_path / "journaled.db", settings)
    yield made
    made.close()


def start(system: SimulatedIbmI) -> JournalPosition:
    """Return the newest position."""
    page = reader(system).journal(JOURNAL, files=[], after=None, limit=1)
    assert page.position is not None
    assert page.entries == ()
    return page.position


def page(
    system: SimulatedIbmI, after: JournalPosition, *, limit: int = 100, file: str = "ITMPRC"
) -> JournalPage:
    return reader(system).journal(JOURNAL, files=[("DISTLIB", file)], after=after, limit=limit)


def types(entries: Sequence[JournalEntry]) -> list[str]:
    return [entry.type for entry in entries]


def test_a_committed_change_is_two_images_between_its_boundaries(
    journaled: SimulatedIbmI,
) -> None:
    """SC, UB, UP, CM in one cycle; the images are the record's bytes and decode to its values."""
    first, sku = start(journaled), clean_skus(journaled, 1)[0]
    unit = journaled.units.begin(JOB)
    unit.update(PRICES, (sku, "STD"), {"IPPRC": Decimal("98.76")})
    assert types(page(journaled, first).entries) == ["SC", "UB", "UP"]
    unit.commit()
    entries = page(journaled, first).entries
    assert types(entries) == ["SC", "UB", "UP", "CM"]
    assert {entry.commit_cycle for entry in entries} == {entries[0].position.sequence}
    before, after = (decode(PRICE_FILE.record, entry.data) for entry in entries[1:3])
    assert str(after["IPITNB"]) == sku
    assert after["IPPRC"] == Decimal("98.76") != before["IPPRC"]
    assert entries[1].rrn == entries[2].rrn > 0
    assert (entries[1].library, entries[1].file, entries[1].user) == ("DISTLIB", "ITMPRC", "MWEBER")


def test_a_rollback_writes_its_compensation_backwards(journaled: SimulatedIbmI) -> None:
    """An insert is undone by DR, a change and a delete by BR and UR; RB ends the cycle."""
    first, (one, two) = start(journaled), clean_skus(journaled, 2)
    unit = journaled.units.begin(JOB)
    unit.insert(PRICES, {"IPITNB": one, "IPLIST": "X", "IPPRC": 1, "IPCUR": "EUR"})
    unit.update(PRICES, (one, "STD"), {"IPPRC": 2})
    unit.delete(PRICES, (two, "STD"))
    unit.rollback()
    assert types(page(journaled, first).entries) == [
        "SC", "PT", "UB", "UP", "DL", "BR", "UR", "BR", "UR", "DR", "RB",
    ]  # fmt: skip


def test_what_a_crash_left_open_is_rolled_back_in_the_journal_too(tmp_path: Path) -> None:
    """An IPL ends the cycle with RB, so that a reader that held its keys drops them."""
    settings = replace(FAST, journal=True)
    system = SimulatedIbmI.open(tmp_path / "j.db", settings)
    first, sku = start(system), clean_skus(system, 1)[0]
    system.units.begin(JOB).update(PRICES, (sku, "STD"), {"IPPRC": 2})
    system.close()
    system = SimulatedIbmI.open(tmp_path / "j.db", settings)
    assert types(page(system, first).entries) == ["SC", "UB", "UP", "BR", "UR", "RB"]
    system.close()


def test_without_commitment_control_there_is_no_cycle(journaled: SimulatedIbmI) -> None:
    """A COMMIT(*NONE) program leaves images only, with cycle 0."""
    first, sku = start(journaled), clean_skus(journaled, 1)[0]
    unit = journaled.units.begin(JOB, commitment=False)
    unit.update(PRICES, (sku, "STD"), {"IPPRC": 3})
    unit.commit()
    entries = page(journaled, first).entries
    assert [(entry.type, entry.commit_cycle) for entry in entries] == [("UB", 0), ("UP", 0)]


def test_pages_go_on_behind_their_position(journaled: SimulatedIbmI) -> None:
    """A cut page says so; other files' entries are passed, and the position passes them too."""
    first, sku = start(journaled), clean_skus(journaled, 1)[0]
    unit = journaled.units.begin(JOB)
    unit.update(PRICES, (sku, "STD"), {"IPPRC": 4})
    unit.commit()
    cut = page(journaled, first, limit=3)
    assert (types(cut.entries), cut.more) == (["SC", "UB", "UP"], True)
    assert cut.position is not None
    rest = page(journaled, cut.position)
    assert (types(rest.entries), rest.more) == (["CM"], False)
    other = page(journaled, first, file="ITMBAL")
    assert (types(other.entries), other.position) == (["SC", "CM"], rest.position)
    assert rest.position == start(journaled)


def test_a_changed_receiver_goes_on_or_starts_again(
    journaled: SimulatedIbmI,
) -> None:
    """A reader passes from receiver to receiver, also where the sequence was reset to 1."""
    console, first, sku = ConsoleVerbs(journaled), start(journaled), clean_skus(journaled, 1)[0]
    for reset in (False, True):
        console.call("change_receiver", {"reset": reset})
        console.call("change_price", {"item": sku, "price": Decimal(10 + reset)})
    entries = page(journaled, first).entries
    assert types(entries) == ["SC", "UB", "UP", "CM"] * 2
    assert [entry.position.receiver for entry in entries[::4]] == ["DISTR0002", "DISTR0003"]
    assert entries[4].position.sequence == 2
    unit = journaled.units.begin(JOB)
    unit.update(PRICES, (sku, "STD"), {"IPPRC": 5})
    with pytest.raises(Permanent, match="CPF7018"):
        console.call("change_receiver", {"reset": True})
    unit.rollback()


def test_a_deleted_receiver_takes_the_position_with_it(journaled: SimulatedIbmI) -> None:
    """Lost is the position in it and every one before it; the attached one can't be deleted."""
    console, first = ConsoleVerbs(journaled), start(journaled)
    console.call("change_receiver", {})
    middle = start(journaled)
    console.call("change_receiver", {})
    last = start(journaled)
    console.call("delete_receiver", {"name": middle.receiver})
    for gone, why in ((middle, "CPF9801"), (first, "CPF7053")):
        with pytest.raises(PositionLost, match=why):
            page(journaled, gone)
    with pytest.raises(PositionLost):
        page(journaled, replace(last, sequence=last.sequence + 1))
    assert page(journaled, last).entries == ()
    with pytest.raises(Permanent, match="CPF7025"):
        console.call("delete_receiver", {"name": last.receiver})
    assert [each["deleted"] for each in console.call("receivers", {})] == [False, True, False]


def test_a_cleared_file_is_one_entry(journaled: SimulatedIbmI) -> None:
    """CLRPFM fires no trigger and names no record."""
    first = start(journaled)
    cleared = ConsoleVerbs(journaled).call("clear_file", {"file": PRICES})["cleared"]
    (entry,) = page(journaled, first).entries
    assert cleared > 50
    assert (entry.code, entry.type, entry.data) == ("F", "CR", b"")


def test_another_journal_is_not_found(journaled: SimulatedIbmI, system: SimulatedIbmI) -> None:
    """A wrong name, and a partition that journals nothing."""
    with pytest.raises(Permanent, match="CPF9801"):
        reader(journaled).journal(JournalName("DISTLIB", "OTHER"), files=[], after=None, limit=1)
    with pytest.raises(Permanent, match="CPF9801"):
        reader(system).journal(JOURNAL, files=[], after=None, limit=1)


def test_no_trigger_feeds_the_outbox_where_they_are_forbidden(journaled: SimulatedIbmI) -> None:
    """Writes to the ERP's files leave the outbox empty; the library TOWLINE keeps its own."""
    console, sku = ConsoleVerbs(journaled), clean_skus(journaled, 1)[0]
    console.call("change_price", {"item": sku, "price": Decimal("1.23")})
    assert console.call("outbox", {}) == []


def test_the_verb_and_its_loss_travel_over_the_socket(tmp_path: Path) -> None:
    """Pages, positions and PositionLost arrive on the other side as they are."""
    with (
        Server(tmp_path / "tcp.db", replace(FAST, journal=True)) as server,
        Console(server.address) as console,
    ):
        section = Section({"address": server.address}, file="agent.toml", name="ibmi")
        job = driver(section, Site()).connect(Purpose.READ)
        files = [("DISTLIB", "ITMPRC")]
        first = job.journal(JOURNAL, files=files, after=None, limit=5).position
        assert first is not None
        assert server.system is not None
        sku = clean_skus(server.system, 1)[0]
        console.call("change_price", item=sku, price=Decimal("2.34"))
        got = job.journal(JOURNAL, files=files, after=first, limit=5)
        assert types(got.entries) == ["SC", "UB", "UP", "CM"]
        assert isinstance(got.entries[1].data, bytes)
        console.call("change_receiver")
        console.call("delete_receiver", name=first.receiver)
        with pytest.raises(PositionLost):
            job.journal(JOURNAL, files=files, after=first, limit=5)
        job.close()
