"""A tenant with a pair, in the whole relay: who works, and what stands behind the fence."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.link_world import client, prices, running, until
from tests.unit.relay import test_app
from tests.unit.relay.test_app import operator, with_relay
from towline_agent.buffer import Buffer
from towline_agent.identity import Identity, enrol
from towline_relay.app import Relay
from towline_relay.cli import main
from towline_relay.config import load_config
from towline_relay.store.fenced import REASON
from towline_shared.clock import SystemClock

config_file = test_app.config_file


def test_a_pair_works_by_turns(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page names the roles; what the standby sends is skipped with its reason and is whole."""
    text = config_file.read_text(encoding="utf-8")
    config_file.write_text(text.replace('rules = "', 'pair = true\nrules = "'))
    config = load_config(config_file)

    def code(name: str) -> str:
        words = ["enrol", "--tenant", "nordwind", "--name", name, "--json"]
        main([*words, "--config", str(config_file)])
        said = capsys.readouterr().out
        return str(json.loads(said[said.index("{\n") :])["code"])

    async def enrolled(relay: Relay, name: str) -> tuple[Identity, Buffer]:
        (tmp_path / name).mkdir()
        identity = await enrol(
            url=f"ws://127.0.0.1:{relay.port}/link",
            code=await asyncio.to_thread(code, name), name=name, folder=tmp_path / name,
        )  # fmt: skip
        return identity, Buffer(tmp_path / name / "buffer.db", clock=SystemClock())

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        async def said(path: str) -> Any:
            async with session.get(path, headers=operator(config)) as answer:
                assert answer.status == 200
                return await answer.json()

        url = f"ws://127.0.0.1:{relay.port}/link"
        (one, works), (two, waits) = await enrolled(relay, "one"), await enrolled(relay, "two")
        try:
            async with running(client(url, two, waits)) as second:
                await until(lambda: second.state.connected)
                async with running(client(url, one, works)) as first:
                    await until(lambda: first.state.connected)
                    works.capture(stream="changes", events=prices(1, 1)).result()
                    first.nudge()
                    await until(lambda: works.backlog().result().unacked == 0)
                    found = {each["name"]: each["role"] for each in
                             (await said("/admin/api/agents"))["agents"]}  # fmt: skip
                    assert found == {"two": "active", "one": "standby"}
                    where = ["--config", str(config_file)]
                    give = ["agents", "hand-over", "--agent", one.agent_id, *where]
                    assert await asyncio.to_thread(main, give) == 0
                    assert "takes over" in capsys.readouterr().out
                    assert await asyncio.to_thread(main, ["agents", "list", *where]) == 0
                    assert "standby" in capsys.readouterr().out
            (event,) = (await said("/admin/events.json"))["events"]
            assert (event["state"], event["reason"]) == ("skipped", REASON)
        finally:
            works.close()
            waits.close()

    with_relay(config, work)
    assert main(["verify", "--config", str(config_file), "--file", str(config.database)]) == 0
