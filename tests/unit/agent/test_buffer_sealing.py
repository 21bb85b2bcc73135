"""Payloads are sealed at rest; the link sees no difference, and a clear buffer is sealed too."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from towline_agent import buffer_sealing
from towline_agent.buffer import Buffer
from towline_agent.buffer_key import KEY_FILE, KeyFile
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.envelope import Unopenable
from towline_shared.errors import Misconfigured, Permanent
from towline_shared.events import Event, Price, event_id
from towline_shared.stream_log import next_chain

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CANARY = "ZUCKERWATTE-4711.99"


def price(number: int) -> Event:
    body = Price(f"S{number}", row={"NOTE": f"{CANARY} {number}"})
    return Event(event_id("price", str(number)), f"S{number}", "test", NOW, body)


def opened(folder: Path, *, sealed: bool = True) -> Buffer:
    keys = KeyFile(folder / KEY_FILE) if sealed else None
    return Buffer(folder / "buffer.db", clock=ManualClock(NOW), keys=keys)


def fill(buffer: Buffer) -> None:
    """Write rows up and down and a kept queue entry, each with the canary in it."""
    buffer.capture(stream="changes", events=[price(n) for n in range(1, 8)]).result()
    buffer.expect("orders", "theirs").result()
    rows = [(e.id, e.entity, e.key, encode(e)) for e in (price(100), price(101))]
    buffer.receive("orders", stream_id="theirs", first=1, rows=rows).result()
    entries = [(f"{CANARY} data".encode(), f"{CANARY} key".encode())]
    buffer.keep_entries("Q", entries, events=[price(9)]).result()


def on_disk(folder: Path) -> set[str]:
    """Return the files of a buffer that hold the canary."""
    return {path.name for path in folder.glob("buffer.db*") if CANARY.encode() in path.read_bytes()}


def look(buffer: Buffer) -> tuple[object, ...]:
    """Return everything the link, the sinks and the queues would see."""
    up = buffer.unsent("changes", after=0, rows=99, most=1 << 20).result()
    chain = b""
    for row in up:
        chain = next_chain(chain, row.seq, row.text)
    assert buffer.chain_at("changes", up[-1].seq).result() == chain
    inbox = [(row.seq, row.event) for row in buffer.inbox(99).result()]
    return [(row.seq, row.text) for row in up], inbox, buffer.kept_entries("Q").result()


def test_nothing_on_the_disk_is_clear_and_everything_reads_as_before(tmp_path: Path) -> None:
    """Neither file nor log holds a payload; numbers, chain and texts are those of a clear one."""
    clear = tmp_path / "clear"
    clear.mkdir()
    sealed, plain = opened(tmp_path), opened(clear, sealed=False)
    for buffer in (sealed, plain):
        fill(buffer)
    assert look(sealed) == look(plain)
    assert on_disk(tmp_path) == set()
    assert on_disk(clear) != set(), "the search itself works"
    sealed.close()
    plain.close()
    assert on_disk(tmp_path) == set()
    again = opened(tmp_path)
    assert len(look(again)[1]) == 2  # type: ignore[arg-type]
    again.close()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0


def test_a_clear_buffer_is_sealed_in_place_down_to_its_free_pages(tmp_path: Path) -> None:
    """Rows that stay read the same; rows that were trimmed long ago are gone from the file."""
    plain = opened(tmp_path, sealed=False)
    fill(plain)
    before = look(plain)
    plain.close()
    with closing(sqlite3.connect(tmp_path / "buffer.db")) as old:
        old.execute("CREATE TABLE gone AS SELECT text FROM stream_row")
        old.execute("DROP TABLE gone")
        old.commit()
    assert on_disk(tmp_path)
    sealed = opened(tmp_path)
    assert look(sealed) == before
    assert on_disk(tmp_path) == set()
    sealed.close()
    again = opened(tmp_path)
    assert look(again) == before
    again.close()


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("at", range(8))
def test_sealing_that_was_cut_short_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, at: int
) -> None:
    """At whatever commit it is killed, the next start finishes and nothing is sealed twice."""
    monkeypatch.setattr(buffer_sealing, "_BATCH", batch)
    plain = opened(tmp_path, sealed=False)
    fill(plain)
    before = look(plain)
    plain.close()
    real, left = buffer_sealing._commit, [at]

    class Killed(Exception):
        pass

    def commit(db: sqlite3.Connection) -> object:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return real(db)

    monkeypatch.setattr(buffer_sealing, "_commit", commit)
    try:
        opened(tmp_path).close()
    except Killed:
        assert on_disk(tmp_path) or at > 3
    monkeypatch.setattr(buffer_sealing, "_commit", real)
    again = opened(tmp_path)
    assert look(again) == before
    assert on_disk(tmp_path) == set()
    again.close()


def test_a_lost_key_is_said_and_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    """The sentence names both files and the way on; a new key would hide the loss."""
    fill_and_close(tmp_path)
    (tmp_path / KEY_FILE).rename(tmp_path / "elsewhere")
    with pytest.raises(Permanent, match=r"its key .*buffer\.key is missing") as caught:
        opened(tmp_path)
    assert "move the buffer aside" in caught.value.hint
    assert not (tmp_path / KEY_FILE).exists()
    (tmp_path / "elsewhere").rename(tmp_path / KEY_FILE)
    opened(tmp_path).close()


def test_another_key_is_said_before_anything_is_written(tmp_path: Path) -> None:
    """A key file of another agent is noticed at the start, not at the first row."""
    fill_and_close(tmp_path)
    KeyFile(tmp_path / KEY_FILE).make()
    with pytest.raises(Permanent, match="is another key"):
        opened(tmp_path)


def test_a_row_that_was_moved_does_not_open(tmp_path: Path) -> None:
    """Whoever can write the file can't pass one price for another."""
    fill_and_close(tmp_path)
    with closing(sqlite3.connect(tmp_path / "buffer.db")) as file:
        file.execute(
            "UPDATE stream_row SET text=(SELECT text FROM stream_row WHERE name='changes'"
            " AND seq=1) WHERE name='changes' AND seq=2"
        )
        file.commit()
    buffer = opened(tmp_path)
    with pytest.raises(Unopenable, match="changed or moved"):
        buffer.unsent("changes", after=1, rows=1, most=1 << 20).result()
    buffer.close()


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA"])
def test_a_damaged_key_file_is_named_without_its_content(tmp_path: Path, text: str) -> None:
    """What is wrong, where, and never what stands in it."""
    path = tmp_path / KEY_FILE
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match=r"buffer\.key can't be read") as caught:
        opened(tmp_path)
    assert not text or text not in str(caught.value)


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    """With the one command that mends it."""
    fill_and_close(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(Misconfigured, match=r"Run chmod 600 .*buffer\.key"):
        opened(tmp_path)


def fill_and_close(folder: Path) -> None:
    buffer = opened(folder)
    fill(buffer)
    buffer.close()
