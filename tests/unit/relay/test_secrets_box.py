"""The key file is read safely, secrets are sealed in the database, rotation is all or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.engine_house import RULES
from towline_relay.app import open_database
from towline_relay.cli import main
from towline_relay.config import RelayConfig, load_config
from towline_relay.secrets_box import Secret, read_or_make_keyring, rotate, write_keyring
from towline_relay.store.vault import Vault
from towline_shared.clock import ManualClock
from towline_shared.envelope import Keyring, MasterKey, Unopenable
from towline_shared.errors import Misconfigured
from towline_shared.reserve import NO_ROOM_KEPT


def config(state: Path) -> RelayConfig:
    """Build what opening the database needs."""
    return RelayConfig(state / "relay.toml", "127.0.0.1", 0, state, "json", 30, NO_ROOM_KEPT, ())


def test_the_key_file_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    """A second start finds the same key; nobody else may read it."""
    path = tmp_path / "secrets.key"
    first = read_or_make_keyring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_make_keyring(path).keys == first.keys


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    """The mistake is named with its cure."""
    path = tmp_path / "secrets.key"
    read_or_make_keyring(path)
    path.chmod(0o640)
    with pytest.raises(Misconfigured, match="0640") as caught:
        read_or_make_keyring(path)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "{}", '{"keys": []}', '{"keys": [{"id": "a", "key": "eA=="}]}']
)
def test_a_damaged_key_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    """It is never replaced by a new key in silence: that would lose what the old one seals."""
    path = tmp_path / "secrets.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="can't be read as the key"):
        read_or_make_keyring(path)
    assert path.read_text() == text


def test_a_secret_outlives_the_process_and_is_not_readable_in_the_file(tmp_path: Path) -> None:
    """The database file holds no byte of it; another tenant does not see it."""

    async def run() -> None:
        keyring = read_or_make_keyring(tmp_path / "secrets.key")
        for expected in (None, "shprt_deep_secret"):
            database = open_database(config(tmp_path))
            try:
                vault = Vault(database, clock=ManualClock())
                secret = Secret(vault, keyring, tenant="nordwind", purpose="shop token")
                assert await secret.load() == expected
                await secret.save("shprt_deep_secret")
                other = Secret(vault, keyring, tenant="suedwind", purpose="shop token")
                assert await other.load() is None
            finally:
                database.close()

    asyncio.run(run())
    files = [path for path in tmp_path.iterdir() if path.name.startswith("relay.db")]
    assert files
    assert all(b"deep_secret" not in path.read_bytes() for path in files)


def test_a_database_with_another_key_file_says_so(tmp_path: Path) -> None:
    """A restored database without its key file must not look like one without secrets."""

    async def run() -> None:
        database = open_database(config(tmp_path))
        try:
            vault = Vault(database, clock=ManualClock())
            right, wrong = Keyring([MasterKey.generate()]), Keyring([MasterKey.generate()])
            await Secret(vault, right, tenant="t", purpose="p").save("x")
            with pytest.raises(Unopenable, match="not in the key file"):
                await Secret(vault, wrong, tenant="t", purpose="p").load()
        finally:
            database.close()

    asyncio.run(run())


def test_learned_costs_outlive_the_process(tmp_path: Path) -> None:
    """By tenant and document; a later figure replaces the earlier one."""

    async def run() -> None:
        database = open_database(config(tmp_path))
        try:
            vault = Vault(database, clock=ManualClock())
            await vault.put_costs("t", {"order:50": 61.0, "tags_add": 10.0})
            await vault.put_costs("t", {"order:50": 73.0})
            await vault.put_costs("u", {"order:50": 1.0})
            assert await vault.costs("t") == {"order:50": 73.0, "tags_add": 10.0}
        finally:
            database.close()

    asyncio.run(run())


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    """One sentence instead of a traceback at start."""
    with pytest.raises(Misconfigured, match="can't be written"):
        write_keyring(tmp_path / "nowhere" / "secrets.key", Keyring([MasterKey.generate()]))


def test_rotation_seals_everything_under_a_new_key(tmp_path: Path) -> None:
    """The old key opens nothing any more, the new one everything."""

    async def run() -> None:
        path = tmp_path / "secrets.key"
        old = read_or_make_keyring(path)
        database = open_database(config(tmp_path))
        try:
            vault = Vault(database, clock=ManualClock())
            for tenant in ("a", "b"):
                await Secret(vault, old, tenant=tenant, purpose="p").save(f"of {tenant}")
            assert await asyncio.to_thread(rotate, path, vault.rewrap) == 2
            new = read_or_make_keyring(path)
            assert len(new.keys) == 1
            assert await Secret(vault, new, tenant="a", purpose="p").load() == "of a"
            with pytest.raises(Unopenable):
                await Secret(vault, old, tenant="a", purpose="p").load()
        finally:
            database.close()

    asyncio.run(run())


def test_a_rotation_that_breaks_off_is_ended_by_the_next(tmp_path: Path) -> None:
    """The key file holds both keys meanwhile, so that nothing is without a key."""
    path = tmp_path / "secrets.key"
    old = read_or_make_keyring(path)
    sealed = old.seal(b"x", about="t/p")

    def dies(again: object) -> int:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        rotate(path, dies)
    assert read_or_make_keyring(path).open(sealed, about="t/p") == b"x"
    kept: list[str] = []

    def works(again: Callable[[str, str, str], str]) -> int:
        kept.append(again("t", "p", sealed))
        return 1

    assert rotate(path, works) == 1
    assert read_or_make_keyring(path).open(kept[0], about="t/p") == b"x"


def test_the_verb_rotates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What an operator types; with the relay running it is refused by the database."""
    (tmp_path / "towline.toml").write_text(RULES, encoding="utf-8")
    file = tmp_path / "relay.toml"
    file.write_text(
        '[[tenants]]\nid = "nordwind"\nrules = "towline.toml"\n'
        '[tenants.shopify]\nshop = "demo.myshopify.com"\n',
        encoding="utf-8",
    )
    database = open_database(load_config(file, secrets=False))
    assert main(["secrets", "rotate", "--config", str(file)]) == 1
    database.close()
    assert main(["secrets", "rotate", "--config", str(file), "--json"]) == 0
    assert '"secrets": 0' in capsys.readouterr().out


_KILLED = """
import os, sys
from pathlib import Path
from tests.unit.relay.test_secrets_box import config
from towline_relay import secrets_box
from towline_relay.app import open_database
from towline_relay.store.vault import Vault
from towline_shared.clock import ManualClock

folder, step = Path(sys.argv[1]), sys.argv[2]
database = open_database(config(folder))
vault = Vault(database, clock=ManualClock())
write, writes = secrets_box.write_keyring, []


def written(path, ring):
    if step == "last write" and writes:
        os._exit(9)
    write(path, ring)
    writes.append(ring)
    if step == "first write":
        os._exit(9)


def rewrapped(again):
    def one(tenant, purpose, sealed):
        if step == "in the middle" and tenant == "b":
            os._exit(9)
        return again(tenant, purpose, sealed)

    return vault.rewrap(one)


secrets_box.write_keyring = written
secrets_box.rotate(folder / "secrets.key", rewrapped)
"""


@pytest.mark.parametrize("step", ["first write", "in the middle", "last write"])
def test_rotation_that_was_killed_is_ended_by_the_next_one(tmp_path: Path, step: str) -> None:
    """At any step everything opens; after the next one the old key is worth nothing."""
    path = tmp_path / "secrets.key"
    old = read_or_make_keyring(path)

    def each(ring: Keyring) -> list[str]:
        database = open_database(config(tmp_path))
        vault = Vault(database, clock=ManualClock())

        async def load() -> list[str]:
            return [
                await Secret(vault, ring, tenant=tenant, purpose="p").load() or ""
                for tenant in "abc"
            ]

        try:
            return asyncio.run(load())
        finally:
            database.close()

    database = open_database(config(tmp_path))
    vault = Vault(database, clock=ManualClock())
    for tenant in "abc":
        asyncio.run(Secret(vault, old, tenant=tenant, purpose="p").save(f"of {tenant}"))
    database.close()
    before = _sealed_texts(tmp_path)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path), step],
        timeout=60, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert killed.returncode == 9
    between = read_or_make_keyring(path)
    assert old.keys[0] in between.keys, "what is still under it must open"
    assert each(between) == ["of a", "of b", "of c"]
    database = open_database(config(tmp_path))
    assert rotate(path, Vault(database, clock=ManualClock()).rewrap) == 3
    database.close()
    new = read_or_make_keyring(path)
    assert len(new.keys) == 1
    assert not set(new.keys) & set(between.keys)
    assert each(new) == ["of a", "of b", "of c"]
    with pytest.raises(Unopenable):
        each(old)
    on_disk = b"".join(each.read_bytes() for each in tmp_path.glob("relay.db*"))
    assert not [text for text in before if text.encode() in on_disk], "nor in free pages"


def _sealed_texts(folder: Path) -> list[str]:
    """Return the wrapped data keys as they stand in the database."""
    with contextlib.closing(sqlite3.connect(folder / "relay.db")) as file:
        rows = file.execute("SELECT sealed FROM sealed_secret").fetchall()
    found = [text.split(".")[2] for (text,) in rows]
    assert len(found) == 3
    return found


def test_a_lost_key_file_is_said_and_not_replaced(tmp_path: Path) -> None:
    """A new key in its place would hide the loss until the first order can't be read."""
    path = tmp_path / "secrets.key"
    ring = read_or_make_keyring(path)
    database = open_database(config(tmp_path))
    try:
        vault = Vault(database, clock=ManualClock())
        assert not vault.holds_any()
        asyncio.run(Secret(vault, ring, tenant="a", purpose="p").save("x"))
        path.unlink()
        with pytest.raises(Misconfigured, match="is lost") as caught:
            read_or_make_keyring(path, in_use=vault.holds_any)
        assert "Restore it" in caught.value.hint
        assert not path.exists()
    finally:
        database.close()
