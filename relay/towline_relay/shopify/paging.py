"""Reading every page of a connection; a list that is cut off in silence is a wrong list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document
from towline_relay.shopify.throttle import Priority
from towline_shared.errors import Permanent

__all__ = ["MOST", "cursor_after", "pages"]

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
