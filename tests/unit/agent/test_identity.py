"""The agent's own key: made on site, kept in one private file, pinned to one relay."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from towline_agent.identity import (
    Identity,
    enrol,
    enrolment_url,
    load_identity,
    save_identity,
)
from towline_shared.errors import Misconfigured, Permanent, Refused, Retryable
from towline_shared.sealing import SigningKey, fingerprint

RELAY = SigningKey.generate().public
ANSWER = {"agent_id": "a1", "tenant": "nordwind", "name": "store room", "relay_keys": [RELAY]}


def identity() -> Identity:
    return Identity(
        "a1", "nordwind", "store room", "wss://relay/link", (RELAY,), SigningKey.generate()
    )


def enrol_at(
    folder: Path, answer: Callable[[web.Request], web.StreamResponse]
) -> tuple[Identity, list[dict[str, Any]]]:
    """Enrol at a server that answers as told; return what it was sent, too."""
    asked: list[dict[str, Any]] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return answer(request)

    async def story() -> Identity:
        app = web.Application()
        app.router.add_post("/link/enrol", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            return await enrol(
                url=f"ws://127.0.0.1:{port}/link", code=" ABCDE-FGHIJ \n", name="n", folder=folder
            )
        finally:
            await runner.cleanup()

    return asyncio.run(story()), asked


# -- the file ------------------------------------------------------------------------------------


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """All of it, the key included."""
    made = identity()
    path = save_identity(tmp_path / "state", made)
    loaded = load_identity(tmp_path / "state")
    assert replace(loaded, key=made.key) == made
    assert loaded.key.public == made.key.public
    assert loaded.words == fingerprint(made.key.public)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert os.listdir(tmp_path / "state") == ["identity.json"]


def test_saving_replaces_a_draft_that_a_crash_left(tmp_path: Path) -> None:
    """Kill -9 between writing and renaming must not stop the next enrolment."""
    (tmp_path / "identity.json.new").write_text("half an id")
    made = identity()
    save_identity(tmp_path, made)
    assert load_identity(tmp_path).key.public == made.key.public


def test_the_private_key_shows_nowhere(tmp_path: Path) -> None:
    """Not in a log, a traceback or a debugger's list of variables."""
    made = identity()
    assert made.key.secret_text() not in repr(made) + str(made) + repr(made.key)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw.pop("key"),
        lambda raw: raw.update(key="AAAA"),
        lambda raw: raw.update(key=7),
        lambda raw: raw.update(relay_keys=None),
        lambda raw: raw.clear(),
    ],
)
def test_a_damaged_identity_is_named(tmp_path: Path, damage: Callable[[Any], None]) -> None:
    """One sentence with the file and what to do, never a traceback, never the key."""
    path = save_identity(tmp_path, identity())
    raw = json.loads(path.read_text())
    secret = raw["key"]
    damage(raw)
    path.write_text(json.dumps(raw))
    with pytest.raises(Misconfigured, match=r"identity\.json can't be read") as caught:
        load_identity(tmp_path)
    assert secret not in str(caught.value)


def test_without_enrolment_the_way_in_is_named(tmp_path: Path) -> None:
    """The first thing a new user sees."""
    with pytest.raises(Misconfigured, match="towline-agent enrol"):
        load_identity(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    """Group or world: it may have been copied."""
    save_identity(tmp_path, identity()).chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        load_identity(tmp_path)


# -- enrolment -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "enrolment"),
    [
        ("wss://relay.example.com/link", "https://relay.example.com/link/enrol"),
        ("wss://relay.example.com:8443/link/", "https://relay.example.com:8443/link/enrol"),
        ("ws://127.0.0.1:8480/link?x=1", "http://127.0.0.1:8480/link/enrol"),
    ],
)
def test_the_enrolment_stands_beside_the_link(link: str, enrolment: str) -> None:
    """Same host, same port, so IT opens one thing."""
    assert enrolment_url(link) == enrolment


@pytest.mark.parametrize("url", ["https://relay/link", "relay/link", "wss:///link", ""])
def test_what_is_no_link_is_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(Misconfigured, match="wss://"):
        enrolment_url(url)


def test_enrolling_sends_the_public_key_and_keeps_the_private_one(tmp_path: Path) -> None:
    """The relay learns a code, a name, a version and a public key."""
    made, asked = enrol_at(tmp_path / "state", lambda _: web.json_response(ANSWER))
    assert asked == [
        {
            "code": "ABCDE-FGHIJ", "public_key": made.key.public, "name": "n",
            "version": asked[0]["version"],
        }
    ]  # fmt: skip
    assert made.key.secret_text() not in json.dumps(asked)
    assert load_identity(tmp_path / "state").key.public == made.key.public
    assert made.relay_keys == (RELAY,)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: web.Response(text="<html>Welcome to our guest network", content_type="text/html"),
        lambda _: web.json_response({}),
        lambda _: web.json_response([]),
        lambda _: web.json_response(ANSWER | {"agent_id": None}),
        lambda _: web.json_response(ANSWER | {"relay_keys": []}),
        lambda _: web.json_response(ANSWER | {"relay_keys": "x"}),
        lambda _: web.json_response(ANSWER | {"relay_keys": [RELAY, "x"]}),
        lambda _: web.json_response(ANSWER | {"relay_keys": [7]}),
        lambda _: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        lambda _: web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"}),
    ],
)
def test_who_is_no_relay_is_not_pinned(
    tmp_path: Path, answer: Callable[[web.Request], web.StreamResponse]
) -> None:
    """A portal, a proxy's page or a redirect: one sentence, and nothing is kept."""
    with pytest.raises(Permanent, match="is not a relay"):
        enrol_at(tmp_path / "state", answer)
    assert not (tmp_path / "state").exists()


def test_a_refusal_carries_the_relays_words(tmp_path: Path) -> None:
    """What and what to do, as the relay said it."""
    answer = {"error": "The code is not valid.", "hint": "Ask for a new one."}
    with pytest.raises(Refused) as caught:
        enrol_at(tmp_path / "state", lambda _: web.json_response(answer, status=403))
    assert (caught.value.what, caught.value.hint) == tuple(answer.values())


def test_a_relay_in_trouble_is_tried_again(tmp_path: Path) -> None:
    """Its database is full, or a proxy can't reach it: that says nothing about the code."""
    with pytest.raises(Retryable, match="status 503"):
        enrol_at(tmp_path / "state", lambda _: web.Response(status=503, text="no"))


def test_a_relay_that_is_not_there_leaves_the_code_good(tmp_path: Path) -> None:
    """The sentence says so, since a code is typed by hand from a telephone call."""
    with pytest.raises(Retryable, match="still good"):
        asyncio.run(enrol(url="ws://127.0.0.1:1/link", code="x", name="n", folder=tmp_path / "s"))
    assert not (tmp_path / "s").exists()


def test_a_folder_that_can_not_be_written_costs_no_code(tmp_path: Path) -> None:
    """It is tried before the code is sent."""
    (tmp_path / "state").write_text("a file, not a folder")
    asked: list[str] = []

    def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response(ANSWER)

    with pytest.raises(Misconfigured, match="can't hold the agent's identity"):
        enrol_at(tmp_path / "state", answer)
    assert asked == []
