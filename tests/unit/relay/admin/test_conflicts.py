"""The page of conflicts: seen by who may, filtered, paged, escaped."""

from __future__ import annotations

import asyncio

from tests.unit.relay.admin.fakes import NASTY, TOKEN, FakeStore, conflict, event, served

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def store() -> FakeStore:
    """Three conflicts about two keys, and an event about one of them."""
    return FakeStore(
        [event(4, "applied")],
        disputed=[
            conflict(1),
            conflict(2, entity="item", field="title", theirs=NASTY),
            conflict(3, key="FA-10009", tenant="suedwind"),
        ],
    )


def test_conflicts_are_filtered_and_paged_by_their_address() -> None:
    """Newest first; a full page names where the next one starts, the last one names none."""

    async def story() -> None:
        async with served(store()) as client:

            async def ids(query: str) -> tuple[list[int], int | None]:
                answer = await client.get(f"/admin/conflicts.json?{query}", headers=BEARER)
                data = await answer.json()
                return [entry["id"] for entry in data["conflicts"]], data["next"]

            assert await ids("") == ([3, 2, 1], None)
            assert await ids("limit=2") == ([3, 2], 2)
            assert await ids("limit=2&before=2") == ([1], None)
            assert await ids("key=FA-10004&entity=item") == ([2], None)
            assert await ids("tenant=suedwind") == ([3], None)
            for wrong in ("before=x", "limit=0", "limit=501"):
                answer = await client.get(f"/admin/conflicts.json?{wrong}", headers=BEARER)
                assert answer.status == 400
                assert "must be" in (await answer.json())["error"]
            assert (await client.get("/admin/conflicts.json")).status == 401

    asyncio.run(story())


def test_an_events_page_tells_of_the_conflicts_about_its_key() -> None:
    """Whoever asks why a price is what it is finds who else wrote it, and what was done."""

    async def story() -> None:
        async with served(store()) as client:
            path = f"/admin/events/{event(4).event_id}.json"
            data = await (await client.get(path, headers=BEARER)).json()
            told = [(entry["id"], entry["theirs"]) for entry in data["conflicts"]]
            assert told == [(2, NASTY), (1, "9.99")]

    asyncio.run(story())
