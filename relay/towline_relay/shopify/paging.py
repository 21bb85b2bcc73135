"""Reading every page of a connection; a list that is cut off in silence is a wrong list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document
from towline_relay.shopify.throttle import Priority
from towline_shared.errors import Permanent

__all__ = ["MOST", "cursor_after", "pages", "pages_together"]

MOST = 250  # largest page, and largest input list: https://shopify.dev/docs/api/usage/limits

Pick = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def cursor_after(connection: Mapping[str, Any]) -> str | None:
    """Return the cursor of the next page, or None after the last one.

    Raises:
        Permanent: there is a next page but no cursor for it.
    """
    info = connection["pageInfo"]
    if not info["hasNextPage"]:
        return None
    cursor = info["endCursor"]
    if not isinstance(cursor, str) or not cursor:
        raise Permanent(
            "Shopify promised another page and gave no cursor for it.",
            hint="Nothing was taken from the incomplete list; retry.",
        )
    return cursor


async def pages(
    client: Client,
    document: Document,
    variables: Mapping[str, Any],
    *,
    pick: Pick,
    priority: Priority,
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the nodes of all pages of the connection that ``pick`` finds in the data.

    The document must take ``$after``; ``variables`` may hold the first one.

    Raises:
        Permanent: a cursor came twice: the list would never end.
    """
    sent = dict(variables)
    seen = {sent.get("after")}
    while True:
        answer = await client.execute(document, sent, priority=priority)
        connection = pick(answer.data)
        for node in connection["nodes"]:
            yield node
        cursor = cursor_after(connection)
        if cursor is None:
            return
        if cursor in seen:
            raise Permanent(f"Shopify gave the same cursor twice while paging {document.name}.")
        seen.add(cursor)
        sent["after"] = cursor


async def pages_together(
    ask: Callable[[Mapping[str, str | None]], Awaitable[Mapping[str, Any]]], names: Sequence[str]
) -> tuple[Mapping[str, Any], dict[str, list[Any]]]:
    """Read several connections of one object by one document, until every one has ended.

    Args:
        ask: reads the object with a cursor by name of connection, None for the first page.
        names: the connections.

    Returns:
        The object as first read, and the nodes of all pages by name of connection.

    Raises:
        Permanent: the same cursors came twice: a list would never end.
    """
    cursors: dict[str, str | None] = dict.fromkeys(names)
    first = page = await ask(cursors)
    found = {name: list(page[name]["nodes"]) for name in names}
    asked = set[tuple[str | None, ...]]()
    while any(cursor_after(page[name]) is not None for name in names):
        for name in names:
            # a list that has ended keeps its last cursor and answers with nothing more
            cursors[name] = page[name]["pageInfo"]["endCursor"] or cursors[name]
        if tuple(cursors.values()) in asked:
            raise Permanent(f"Shopify gave the same cursors twice while paging {', '.join(names)}.")
        asked.add(tuple(cursors.values()))
        page = await ask(dict(cursors))
        for name in names:
            found[name].extend(page[name]["nodes"])
    return first, found
