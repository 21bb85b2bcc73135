"""A buyer's whole life in the shop, then a request to forget them: nothing of them is left.

A word of its own stands in every text field a buyer fills in. The order is edited, refunded,
shipped and sent back; then Shopify passes on that the buyer is to be forgotten. Afterwards every
byte of both state folders is looked through, and what is still sealed in them is opened with the
keys that are left.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.support.small_world import TENANT, SmallWorld, small_world

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

# Of everything a buyer or the merchant's staff writes about them: a word nobody else uses.
WORDS = {
    "first name": "Qzfirstname",
    "last name": "Qzlastname",
    "e-mail": "qzmail",
    "telephone": "4930712873",
    "company": "Qzcompany",
    "street": "Qzstreet",
    "city": "Qzcity",
    "note": "Qznote",
    "gift message": "Qzgift",
    "line's attribute": "Qzengraving",
    "PO number": "Qzpo",
    "tax number": "QZ815",
    "refund's note": "Qzrefund",
    "return's reason": "Qzreturn",
    "hold's note": "Qzhold",
    "B2B company": "Qzbtob",
}
BUYER = {
    "email": "qzmail@example.com",
    "first_name": WORDS["first name"],
    "last_name": WORDS["last name"],
    "phone": "+" + WORDS["telephone"],
    "company": WORDS["company"],
    "address1": WORDS["street"] + " 1",
    "city": WORDS["city"],
    "zip": "10115",
}
OTHER = {"email": "bert@example.com", "first_name": "Bert", "last_name": "Other"}


@dataclass(frozen=True, slots=True)
class Kept:
    """Every row of the streams' logs, opened: texts, and (direction, entity, text) at the agent."""

    at_relay: tuple[str, ...] = ()
    at_agent: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Found:
    """What was seen on the way, for the tests to judge.

    Attributes:
        exported: what was handed out to the buyer before they were forgotten.
        certificate: the text of the certificate file.
        kept: what both logs hold then; after_the_shop: and when the shop is forgotten as a whole.
        answers: what the relay's pages and figures said afterwards.
        said: everything the programs logged.
        backup_file: a copy of the database that was made afterwards.
        relay_key: the public key by which the relay is known.
    """

    folder: Path
    exported: str = ""
    certificate: str = ""
    answers: list[str] = field(default_factory=list)
    said: str = ""
    backup_file: str = ""
    kept: Kept = Kept()
    after_the_shop: Kept = Kept()
    relay_key: str = ""


async def _bought(
    world: SmallWorld, buyer: Mapping[str, Any], line: Mapping[str, Any] | None = None, **more: Any
) -> str:
    """Place an order of what the shop has, and wait until the ERP has taken it."""
    rows = world.shop.db.all("SELECT sku FROM variants v JOIN products p ON p.id = v.product_id")
    sku = next(row["sku"] for row in rows if _known(world, row["sku"]))
    lines = [{"sku": sku, "quantity": 3, **(line or {})}]
    wanted = {"lines": lines, "customer": dict(buyer), "force": True, **more}
    gid = str((await world.control("orders", wanted))["id"])

    async def accepted() -> bool:
        rows = await world.events("order")
        return any(row["key"] == gid and row["state"] == "applied" for row in rows)

    await world.until(accepted)
    return gid


def _known(world: SmallWorld, sku: str) -> bool:
    items = world.erp.call("items", count=100)
    return any(str(item["number"]).strip() == sku for item in items)


async def _lived(world: SmallWorld, gid: str) -> None:
    """Everything that may happen to an order, each with a word in it where there is a field."""
    act = f"order/{gid.rsplit('/', 1)[1]}"
    await world.control(f"{act}/hold", {"notes": WORDS["hold's note"]})
    await world.until(lambda: _told(world, "HOLD"))
    await world.control(f"{act}/release", {})
    await world.control(f"{act}/edit", {"set": {"0": 2}})
    await world.control(f"{act}/refund", {"amount": "0.50", "note": WORDS["refund's note"]})
    await world.until(lambda: _told(world, "REFUND"))
    world.erp.call("start_program", name="WHSHIP")

    async def shipped() -> bool:
        return any(row["state"] == "applied" for row in await world.events("shipment"))

    await world.until(shipped)
    line = {"position": 0, "quantity": 1, "reason": WORDS["return's reason"]}
    await world.control(f"{act}/return", {"lines": [line]})
    await world.until(lambda: _told(world, "RETURN"))


def _told(world: SmallWorld, kind: str) -> bool:
    """Tell whether the ERP was given a change document of a kind."""
    with closing(sqlite3.connect(f"file:{world.folder}/ibmi.db?mode=ro", uri=True)) as erp:
        return any(
            kind in map(str.strip, map(str.upper, map(str, row)))
            for row in erp.execute('SELECT * FROM "TOWLINE.WEBCHG"')
        )


async def _forgotten(world: SmallWorld, gid: str, found: Found) -> None:
    """Ask for the data first, then to be forgotten; wait for the certificate."""
    customer = world.shop.db.scalar("SELECT id FROM customers WHERE email = ?", BUYER["email"])
    about = {"customer": f"gid://shopify/Customer/{customer}", "orders": [gid]}
    await world.control("compliance", {"topic": "customers/data_request", **about})
    await world.until(lambda: _request(world, "data_request"))
    number = (await _request(world, "data_request"))["number"]
    export = await world.operator("POST", f"/admin/api/privacy/{number}/export", {})
    found.exported = json.dumps(export, ensure_ascii=False)
    await world.control("compliance", {"topic": "customers/redact", **about})
    found.certificate = await _certified(world, "redact_customer")
    found.kept = await _kept(world)


async def _certified(world: SmallWorld, kind: str) -> str:
    """Wait for the certificate of a request; return the text of its file."""
    folder = world.relay.config.state / "erasures"
    upkeep = world.relay._tenants[TENANT].upkeep

    async def there() -> bool:
        await upkeep.privacy()  # what the schedule does by itself, every minute
        return any(folder.glob(f"*{kind}*.json"))

    await world.until(there)
    (file,) = folder.glob(f"*{kind}*.json")
    return file.read_text("utf-8")


async def _kept(world: SmallWorld) -> Kept:
    """Open every row of both logs with the keys the programs have."""
    documents, log = world.relay._documents, world.agent._buffer._log

    def relay(db: sqlite3.Connection) -> tuple[str, ...]:
        rows = db.execute("SELECT text FROM stream_row").fetchall()
        return tuple(documents.show(db, row["text"]) for row in rows)

    def agent(db: sqlite3.Connection) -> tuple[tuple[str, str, str], ...]:
        rows = db.execute("SELECT * FROM stream_row").fetchall()
        return tuple((row["direction"], row["entity"], log._row(row).text) for row in rows)

    at_relay = await asyncio.wrap_future(world.relay._database.submit(relay))
    return Kept(at_relay, await asyncio.wrap_future(world.agent._buffer._database.submit(agent)))


async def _request(world: SmallWorld, kind: str) -> Any:
    rows = (await world.operator("GET", "/admin/api/privacy"))["requests"]
    return next((row for row in rows if row["kind"] == kind), None)


async def _looked_at(world: SmallWorld, found: Found) -> None:
    """Read what people and machines are shown, and make a backup."""
    for path in ("/admin/events.json", "/admin/checks.json", "/admin/agents.json"):
        found.answers.append(json.dumps(await world.operator("GET", path)))
    async with world.session.get(f"http://127.0.0.1:{world.relay.port}/metrics") as answer:
        found.answers.append(await answer.text())
    made = await world.operator("POST", "/admin/api/backup", {})
    found.backup_file = str(made["file"])
    found.relay_key = world.relay._link.identity.current.public


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Live the life once; the programs are stopped as an operator stops them."""
    folder = tmp_path_factory.mktemp("forgotten")
    found = Found(folder)

    async def life() -> None:
        async with small_world(folder, items=15) as world:
            world.erp.call("end_program", name="WHSHIP")
            gid = await _bought(
                world,
                BUYER,
                {"attributes": {"engraving": WORDS["line's attribute"]}},
                note=WORDS["note"],
                attributes={"gift_message": WORDS["gift message"]},
                po_number=WORDS["PO number"],
                localized={"TAX_CREDENTIAL_IT": WORDS["tax number"]},
                company={"number": "77", "name": WORDS["B2B company"]},
            )
            await _lived(world, gid)
            await _bought(world, OTHER)
            await _forgotten(world, gid, found)
            await _looked_at(world, found)
            await world.control("compliance", {"topic": "shop/redact"})
            await _certified(world, "redact_shop")
            found.after_the_shop = await _kept(world)

    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        asyncio.run(life())
    found.said = heard.getvalue()
    return found


@pytest.fixture(scope="module")
def files(found: Found) -> Mapping[str, bytes]:
    """Every file of both state folders, as it lies on the disk."""
    return {
        f"{part}/{path.relative_to(found.folder / part)}": path.read_bytes()
        for part in ("relay/state", "agent/state")
        for path in (found.folder / part).rglob("*")
        if path.is_file()
    }


def _left(content: bytes) -> set[str]:
    """Return whose words stand in some bytes, in whatever case they were written."""
    return {what for what, word in WORDS.items() if word.lower().encode() in content.lower()}


def test_the_words_did_travel(found: Found) -> None:
    """Else the other tests would pass for nothing: the buyer was handed every word of theirs."""
    missing = {what for what, word in WORDS.items() if word not in found.exported}
    assert missing == set()
    assert BUYER["email"] in found.exported


def test_the_erp_was_told(found: Found) -> None:
    """The ERP's own copy is the merchant's, and stays: the staging tables hold the words."""
    content = b"".join(path.read_bytes() for path in found.folder.glob("ibmi.db*"))
    assert {"last name", "street", "note", "refund's note", "return's reason"} <= _left(content)


def test_no_byte_of_either_state_folder_holds_a_word(files: Mapping[str, bytes]) -> None:
    """Database, log, backup, keys, certificate: whatever file there is."""
    assert {"relay/state/relay.db", "agent/state/buffer.db"} <= set(files)
    assert {name: left for name, content in files.items() if (left := _left(content))} == {}


def test_what_is_still_sealed_holds_no_word(found: Found) -> None:
    """Opened with every key that is left: the documents of others are there, theirs are not.

    But for the row the ERP made of the buyer, which is its own: order entry writes a row of the
    customer file, and the agent keeps what it sent for a week. The certificate says so.
    """
    kept = found.kept
    assert any(OTHER["email"] in text for text in kept.at_relay)
    assert "" in kept.at_relay, "what was emptied stays as an empty place in its stream"
    assert _left(" ".join(kept.at_relay).encode()) == set()
    assert any(OTHER["email"] in text for way, _, text in kept.at_agent if way == "in")
    own = {(way, entity) for way, entity, text in kept.at_agent if _left(text.encode())}
    assert own == {("out", "customer")}
    said = json.loads(found.certificate)["certificate"]["kept"]
    assert any("for a week" in each for each in said)


def test_a_shop_that_left_takes_everybody_along(found: Found) -> None:
    """48 hours after the app was uninstalled Shopify asks for all of it: nobody's order is left."""
    kept = found.after_the_shop
    assert not any(OTHER["email"] in text for text in kept.at_relay)
    assert not any(OTHER["email"] in text for way, _, text in kept.at_agent if way == "in")
    assert not any(text.startswith("sealed:") for text in kept.at_relay)


def test_no_page_no_figure_and_no_log_line_holds_a_word(found: Found) -> None:
    """Neither before nor after: nothing that people or machines read names the buyer."""
    assert _left(" ".join(found.answers).encode()) == set()
    assert _left(found.said.encode()) == set()
    assert len(found.said) > 10_000


def test_a_backup_made_afterwards_holds_no_word(found: Found) -> None:
    """What an operator carries away from then on."""
    content = Path(found.backup_file).read_bytes()
    assert len(content) > 50_000
    assert _left(content) == set()


def test_the_certificate_can_be_checked_without_towline(found: Found) -> None:
    """Its own public key, Ed25519 over the JSON as docs/webhooks.md says; one change breaks it."""
    whole = json.loads(found.certificate)
    content = whole["certificate"]
    signed = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(whole["key"]))
    signature = base64.urlsafe_b64decode(whole["signature"])
    key.verify(signature, signed.encode("utf-8"))
    with pytest.raises(InvalidSignature):
        key.verify(signature, signed.replace('"written"', '"nothing"').encode("utf-8"))
    assert whole["key"] == found.relay_key
    assert content["documents_emptied"] >= 6  # the order and what happened to it
    assert [report["outcome"] for report in content["agents"]] == ["written"]
    assert content["erp_orders"]
