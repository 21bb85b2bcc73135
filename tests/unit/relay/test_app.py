"""The relay as a whole on loopback: one port, operator commands, webhooks, graceful stop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.disk import put_disk
from tests.support.engine_house import RULES
from towline_agent.identity import enrol
from towline_relay.app import Relay
from towline_relay.cli import main
from towline_relay.config import RelayConfig, load_config
from towline_shared.errors import Misconfigured, Permanent
from towline_shared.storage import MIB

SHOP = "demo.myshopify.com"
CONFIG = """
[server]
port = {port}
[state]
ballast_mb = 0
[[tenants]]
id = "nordwind"
rules = "towline.toml"
[tenants.shopify]
shop = "demo.myshopify.com"
url = "http://127.0.0.1:9"
access_token_file = "token"
webhook_secrets_file = "secrets"
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    (tmp_path / "towline.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "token").write_text("shpat_secret\n", encoding="utf-8")
    (tmp_path / "secrets").write_text("new-secret\nold-secret\n", encoding="utf-8")
    path = tmp_path / "relay.toml"
    path.write_text(CONFIG.format(port=free_port()), encoding="utf-8")
    return path


def with_relay(config: RelayConfig, work: Callable[[Relay, Any], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Relay(config).running() as relay:
            base = f"http://127.0.0.1:{relay.port}"
            async with aiohttp.ClientSession(base) as session:
                await work(relay, session)

    asyncio.run(run())


def operator(config: RelayConfig) -> dict[str, str]:
    token = config.admin_token.read_text(encoding="ascii").strip()
    return {"Authorization": f"Bearer {token}"}


def test_everything_is_served_on_one_port(config_file: Path) -> None:
    """Health for machines, pages for people, figures for Prometheus."""
    config = load_config(config_file)

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        for path, status in {
            "/healthz": 200,
            "/metrics": 200,
            "/admin/sign-in": 200,
            "/link": 400,
            "/nowhere": 404,
        }.items():
            async with session.get(path) as answer:
                assert (path, answer.status) == (path, status)
        async with session.get("/metrics") as answer:
            assert 'towline_relay_check{check="lane nordwind/orders"} 0' in await answer.text()
        async with session.get("/admin/events.json", headers=operator(config)) as answer:
            assert (await answer.json())["events"] == []

    with_relay(config, work)


def test_a_signed_order_webhook_becomes_one_event(config_file: Path) -> None:
    """With either secret; the same body twice is a duplicate; a wrong signature is nothing."""
    body = json.dumps({"id": 7, "updated_at": "2026-11-23T08:00:00Z", "email": "a@b.c"}).encode()

    def headers(secret: str, webhook_id: str) -> dict[str, str]:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        return {
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Shop-Domain": SHOP,
            "X-Shopify-Webhook-Id": webhook_id,
        }

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        config = relay.config
        for secret, status in (("new-secret", 200), ("old-secret", 200), ("guessed", 401)):
            path = f"/webhooks/{SHOP}/orders/create"
            async with session.post(path, data=body, headers=headers(secret, secret)) as answer:
                assert answer.status == status
        async with session.get("/admin/api/verify", headers=operator(config)) as answer:
            assert (await answer.json())["by_entity"].keys() == {"order"}
        async with session.get("/admin/events.json", headers=operator(config)) as answer:
            text = await answer.text()
        assert text.count('"entity": "order"') >= 1
        assert "a@b.c" not in text

    config = load_config(config_file)
    with_relay(config, work)
    assert b"a@b.c" not in config.database.read_bytes()


def test_operator_commands_work_while_the_relay_runs_and_when_it_does_not(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file has one owner; the command asks the owner when there is one."""
    config = load_config(config_file)
    given = ["--config", str(config_file), "--json"]
    enrol = ["enrol", "--tenant", "nordwind", "--name", "Berlin", *given]

    def command(arguments: list[str]) -> tuple[int, Any]:
        code = main(arguments)
        said = capsys.readouterr().out
        return code, json.loads(said[said.index("{\n") :])  # logs of this process stand before

    code, answer = command(enrol)
    assert (code, len(answer["code"])) == (0, 29)

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        code, while_running = await asyncio.to_thread(command, enrol)
        assert code == 0
        assert while_running["code"] != answer["code"]
        code, report = await asyncio.to_thread(command, ["verify", *given])
        assert (code, report["final"], report["sound"]) == (0, True, True)
        assert (await asyncio.to_thread(command, ["verify", "--quick", *given]))[1]["final"]
        copy = config.state / "copy.db"
        copy.write_bytes(config.database.read_bytes())
        copy.with_name("copy.db-wal").touch()
        code, refused = await asyncio.to_thread(command, ["verify", "--file", str(copy), *given])
        assert (code, "write-ahead log" in refused["error"]) == (2, True)
        unsigned = {"tenant": "nordwind", "name": "x"}
        async with session.post("/admin/api/enrolment-codes", json=unsigned) as refused:
            assert refused.status == 401

    with_relay(config, work)
    assert command(["verify", *given])[0] == 0
    copy = config.state / "backup.db"
    copy.write_bytes(config.database.read_bytes())
    code, report = command(["verify", "--file", str(copy), *given])
    assert (code, report["sound"]) == (0, True)
    copy.write_bytes(b"no database" * 100)
    code, refused = command(["verify", "--file", str(copy), *given])
    assert (code, "can't be read as a relay's database" in refused["error"]) == (1, True)
    assert command(["rules", "check", *given])[0] == 0


def test_a_wrong_command_says_what_is_wrong(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one sentence and a hint on stderr, no traceback."""
    arguments = ["enrol", "--tenant", "nord", "--name", "x", "--config", str(config_file)]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "has no tenant 'nord'" in said
    assert "nordwind" in said
    assert main(["verify", "--config", str(config_file.parent / "none.toml")]) == 2


def test_two_relays_can_not_share_a_file(config_file: Path) -> None:
    """The second one refuses to start instead of damaging the first one's work."""
    config = load_config(config_file)

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        with pytest.raises(Permanent, match="in use by another process"):
            async with Relay(config).running():
                pass

    with_relay(config, work)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "nordwind"', 'id = "Nord Wind"', "must be lower-case letters"),
        ('shop = "demo.myshopify.com"', 'shop = "demo.de"', "must be a domain like"),
        ('"token"', '"missing"', "missing can't be read"),
        ("[server]", "[servr]", "servr is not a setting"),
        ("[[tenants]]", "[[tenant]]", "tenant is not a setting"),
    ],
)
def test_a_wrong_setting_is_one_sentence(config_file: Path, old: str, new: str, said: str) -> None:
    """File, field and value; never a secret."""
    text = config_file.read_text(encoding="utf-8")
    config_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load_config(config_file)
    assert said in str(caught.value)
    assert "shpat_secret" not in str(caught.value)
    assert "shpat_secret" not in repr(caught.value)


def test_agents_are_approved_and_the_key_is_rolled_from_the_command_line(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenant that wants approval; a roll that waits for its agents, or leaves them behind."""
    text = config_file.read_text(encoding="utf-8")
    config_file.write_text(text.replace('rules = "', 'approve_agents = true\nrules = "'))
    config = load_config(config_file)

    def command(*words: str) -> tuple[int, Any]:
        code = main([*words, "--config", str(config_file), "--json"])
        said = capsys.readouterr().out
        return code, json.loads(said[said.index("{\n") :])  # logs of this process stand before

    def lines(*words: str) -> str:
        main([*words, "--config", str(config_file)])
        return capsys.readouterr().out

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        _, made = await asyncio.to_thread(
            command, "enrol", "--tenant", "nordwind", "--name", "Berlin"
        )
        identity = await enrol(
            url=f"ws://127.0.0.1:{relay.port}/link", code=made["code"], name="n", folder=tmp_path
        )
        code, found = await asyncio.to_thread(command, "agents", "list")
        assert (code, found["agents"][0]["key"]) == (3, identity.words)
        assert "waiting" in await asyncio.to_thread(lines, "agents", "list")
        for changed in (True, False):
            code, answer = await asyncio.to_thread(
                command, "agents", "approve", "--agent", identity.agent_id
            )
            assert (code, answer["changed"]) == (0, changed)
        assert (await asyncio.to_thread(command, "agents", "list"))[0] == 0
        code, _ = await asyncio.to_thread(command, "agents", "approve", "--agent", "nobody")
        assert code == 1

        code, shown = await asyncio.to_thread(command, "key", "show")
        assert (code, [shown["current"], shown["next"]]) == (0, list(identity.relay_words))
        code, rolled = await asyncio.to_thread(command, "key", "roll")
        assert (code, rolled["rolled"], rolled["current"]) == (0, True, shown["next"])
        code, refused = await asyncio.to_thread(command, "key", "roll")
        assert (code, refused["rolled"], refused["behind"]) == (3, False, [identity.agent_id])
        assert refused["current"] == rolled["current"]
        code, left = await asyncio.to_thread(command, "key", "roll", "--leave-behind")
        assert (code, left["left"], left["current"]) == (0, [identity.agent_id], rolled["next"])
        code, out = await asyncio.to_thread(
            command, "agents", "shut-out", "--agent", identity.agent_id
        )
        assert (code, out["changed"]) == (0, True)
        assert "rolled" in (await asyncio.to_thread(command, "key", "roll"))[1]
        async with session.post("/admin/api/key/roll", json={}) as answer:
            assert answer.status == 401

    with_relay(config, work)
    assert "No relay listens" in lines("key", "show") + str(command("key", "show")[1])


def test_a_full_disk_refuses_what_is_new_alarms_everywhere_and_is_over_by_itself(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 to Shopify, a failed check on each page, 503 on readyz; nothing of it stays."""
    disk = put_disk(monkeypatch, free=500 * MIB)
    body = json.dumps({"id": 7, "updated_at": "2026-11-23T08:00:00Z"}).encode()
    digest = hmac.new(b"new-secret", body, hashlib.sha256).digest()
    headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        async def posted() -> int:
            path = f"/webhooks/{SHOP}/orders/create"
            async with session.post(path, data=body, headers=headers) as answer:
                return answer.status

        async def said(path: str) -> tuple[int, str]:
            async with session.get(path, headers=operator(relay.config)) as answer:
                return answer.status, await answer.text()

        disk.free = 5 * MIB
        assert await posted() == 503
        assert (await said("/readyz"))[0] == 503
        assert (await said("/healthz"))[0] == 200
        checks = json.loads((await said("/admin/checks.json"))[1])["checks"]
        found = {check["name"]: check for check in checks}
        assert found["disk full"]["status"] == "failed"
        assert "5 MiB are left" in found["disk full"]["detail"]
        figures = (await said("/metrics"))[1]
        assert "towline_relay_disk_full 1\n" in figures
        assert f"towline_relay_disk_free_bytes {5 * MIB}\n" in figures
        assert not relay._link.ready("any agent", "changes"), (
            "agents get no credit and keep what they have"
        )
        disk.free = 500 * MIB
        assert await posted() == 200
        assert relay._link.ready("any agent", "changes")
        assert "towline_relay_disk_full 0\n" in (await said("/metrics"))[1]

    with_relay(load_config(config_file), work)


def test_a_backup_is_made_while_the_relay_runs_and_when_it_does_not(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole database in the backups' folder, which starts as the relay's own."""
    config = load_config(config_file)
    given = ["backup", "--config", str(config_file), "--json"]

    def command() -> tuple[int, Any]:
        code = main(given)
        said = capsys.readouterr().out
        return code, json.loads(said[said.index("{\n") :])  # logs of this process stand before

    made: list[Path] = []

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        async with session.post("/admin/api/backup") as answer:
            assert answer.status == 401
        code, facts = await asyncio.to_thread(command)
        assert code == 0
        made.append(Path(facts["file"]))

    with_relay(config, work)
    assert made[0].parent == config.state / "backups"
    assert made[0].stat().st_mode & 0o077 == 0
    made[0].rename(made[0].with_name("first.db"))  # two of one second have one name
    code, facts = command()
    assert (code, facts["bytes"] > 0) == (0, True)
    config.database.write_bytes((config.state / "backups/first.db").read_bytes())

    async def lives(relay: Relay, session: aiohttp.ClientSession) -> None:
        async with session.get("/healthz") as answer:
            assert answer.status == 200

    with_relay(config, lives)


def test_a_damaged_database_is_left_alone_and_the_way_back_is_named(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No empty relay is begun beside it: it would send every order again."""
    config = load_config(config_file)
    config.state.mkdir()
    config.database.write_bytes(b"no database at all" * 1000)
    assert main(["serve", "--config", str(config_file)]) == 1
    said = capsys.readouterr().err
    assert "is damaged or not a Towline database" in said
    assert "newest file of" in said
    assert config.database.read_bytes().startswith(b"no database")
