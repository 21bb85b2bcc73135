"""Secrets and buyers' data stay out of logs, error texts and the relay's own tables."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from towline_sandbox.processes import script
from towline_sandbox.world import World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A small world after both journeys, with kills and refusals."""
    folder = tmp_path_factory.mktemp("leaks") / "world"
    run = subprocess.run(
        [
            script("towline-sandbox"), "run", "--once", "--json", "--state", str(folder),
            "--items", "60", "--orders", "12", "--patience", "120", "--seed", "5", "--faults",
        ],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    opened = World.open(folder)
    assert opened is not None
    return opened


def _buyers(world: World) -> set[str]:
    """Everything that tells who a buyer is, read from the shop's own file."""
    with closing(sqlite3.connect(f"file:{world.shop_file}?mode=ro", uri=True)) as shop:
        rows = shop.execute(
            "SELECT email, first_name, last_name, address FROM customers"
        ).fetchall()
        ordered = {number for (number,) in shop.execute("SELECT customer_id FROM orders")}
    assert rows
    assert ordered
    found: set[str] = set()
    for email, first, last, address in rows:
        found |= {email, f"{first} {last}"}
        found |= {v for k, v in json.loads(address).items() if k in ("address1", "phone") and v}
    return {text for text in found if len(text) > 5}


def _secrets(world: World) -> dict[str, str]:
    """Every secret of the world by name."""
    identity = json.loads((world.folder / "agent/state/identity.json").read_text())
    relay = json.loads((world.folder / "relay/state/identity.json").read_text())
    found = {
        "shop token": world.token,
        "webhook secret": world.webhook_secret,
        "operator's token": world.admin_token,
        "agent's key": identity["key"],
    }
    for name, value in relay.items():
        if isinstance(value, str) and len(value) > 40 and "public" not in name:
            found[f"relay {name}"] = value
    assert len(found) >= 5
    return found


def _logs(world: World) -> dict[str, str]:
    return {path.name: path.read_text("utf-8", "replace") for path in world.logs.glob("*.log")}


def test_no_secret_is_in_a_log(world: World) -> None:
    """Tokens and keys are never written, whole or in an error."""
    for name, text in _logs(world).items():
        for what, secret in _secrets(world).items():
            assert secret not in text, f"{what} in {name}"


def test_no_buyer_is_in_a_log(world: World) -> None:
    """Neither mail nor name, street nor telephone of anybody who ordered."""
    buyers = _buyers(world)
    for name, text in _logs(world).items():
        assert not {buyer for buyer in buyers if buyer in text}, name


def test_no_program_lost_its_temper(world: World) -> None:
    """Kills, cuts and refusals are normal: no traceback in any log."""
    for name, text in _logs(world).items():
        assert "Traceback" not in text, f"{name}: {text[text.find('Traceback') :][:1500]}"


def test_the_relay_keeps_no_buyer_in_its_own_tables(world: World) -> None:
    """Not by name in a column, and so in no answer of a page."""
    buyers = _buyers(world)
    with closing(sqlite3.connect(world.relay_file)) as relay:
        tables = [
            name
            for (name,) in relay.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("stream_", "sqlite_"))
        ]
        assert "event" in tables
        for table in tables:
            for row in relay.execute(f'SELECT * FROM "{table}"'):
                text = " ".join(map(str, row))
                assert not {buyer for buyer in buyers if buyer in text}, table


def test_files_with_secrets_are_for_their_owner_alone(world: World) -> None:
    """Mode 0600, whoever made them."""
    for name in (
        "agent/state/identity.json",
        "relay/state/identity.json",
        "relay/state/admin.token",
        "relay/shop.token",
        "relay/shop.secrets",
    ):
        assert (world.folder / name).stat().st_mode & 0o077 == 0, name


def test_the_enrolment_code_is_nowhere(world: World) -> None:
    """Only its hash is kept, and no log shows a code."""
    for name, text in _logs(world).items():
        assert not re.search(r"\b[A-Z2-7]{5}(-[A-Z2-7]{5}){4}\b", text), name


def _described(world: World) -> set[str]:
    """What the ERP calls its items, and its prices as rows carry them: from its own file."""
    with closing(sqlite3.connect(f"file:{world.ibmi_file}?mode=ro", uri=True)) as erp:
        found = {str(text).strip() for (text,) in erp.execute('SELECT ITDSC FROM "DISTLIB.ITMMST"')}
    found = {text for text in found if len(text) > 12}
    assert found
    return found


def _bytes(folder: Path) -> dict[str, bytes]:
    """Every file under a folder."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found
    return found


def test_the_agents_folder_holds_no_payload(world: World) -> None:
    """Buffer, its log and all else: no buyer, no item's description, no row with a price."""
    canaries = _buyers(world) | _described(world) | {'"PRICE"', '"lines"', '"email"', '"row"'}
    files = _bytes(world.folder / "agent/state")
    assert any(name.startswith("buffer.db") for name in files)
    for name, content in files.items():
        assert not {each for each in canaries if each.encode() in content}, name


def test_the_relays_folder_holds_no_buyer_and_no_secret(world: World) -> None:
    """Every byte of database and log, free pages too; secrets stand in their own files alone."""
    buyers, secrets = _buyers(world), _secrets(world)
    own = {"identity.json": {"relay current", "relay next"}, "admin.token": {"operator's token"}}
    for name, content in _bytes(world.folder / "relay/state").items():
        assert not {each for each in buyers if each.encode() in content}, name
        for what, secret in secrets.items():
            if what not in own.get(name, set()):
                assert secret.encode() not in content, f"{what} in {name}"


def test_a_backup_of_the_relay_holds_no_buyer_and_no_secret(world: World, tmp_path: Path) -> None:
    """What operators carry away, made by the verb itself."""
    done = subprocess.run(
        [script("towline-relay"), "backup", "--config", str(world.relay_config), "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    content = Path(json.loads(done.stdout)["file"]).read_bytes()
    assert len(content) > 50_000
    canaries = {*_buyers(world), *_secrets(world).values()}
    assert not {each for each in canaries if each.encode() in content}
