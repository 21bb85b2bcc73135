"""The shop's bulk operations behind one face: client for the calls, file store for the files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from types import MappingProxyType

from towline_relay.shopify import bulk
from towline_relay.shopify.bulk import BulkState, Target
from towline_relay.shopify.bulk_files import BulkFiles
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.exports import Asked, document_of, text_of

__all__ = ["BulkShop"]

_DOCUMENTS: Mapping[str, Document] = MappingProxyType(
    {
        "create": document("bulkdoc_create_products"),
        "price": document("bulkdoc_set_prices"),
        "stock": document("bulkdoc_set_quantities"),
        # the same documents by call and in bulk: they have no connection and no key
        "list_price": document("price_list_update"),
        "volume_price": document("quantity_pricing"),
        "status": document("product_update"),
        "publish": document("publish"),
    }
)


class BulkShop:
    """See :class:`towline_relay.sync.bulk.port.BulkPort`; the kinds are those of a bulk run."""

    def __init__(self, client: Client, files: BulkFiles) -> None:
        self._client = client
        self._files = files

    async def stage(self, mark: str) -> Target:
        """Ask for a place for one file."""
        return await bulk.stage(self._client, f"{mark}.jsonl")

    async def upload(self, target: Target, content: bytes) -> None:
        """Upload a file; repeatable."""
        await self._files.upload(target, content)

    async def start(self, kind: str, *, path: str, mark: str) -> str:
        """Start a run of a kind; returns the operation's gid. Look with :meth:`find` first."""
        wanted = _DOCUMENTS[kind]
        # starting takes no scope of its own: a run without those of the document inside would end
        # with every line refused
        self._client.access.demand(wanted)
        text = bulk.marked(wanted, mark)
        return await bulk.start_mutation(self._client, text, path=path, mark=mark)

    async def export(self, asked: Asked, *, mark: str) -> str:
        """Start an export; returns the operation's gid. Look with :meth:`find` first."""
        wanted = document_of(asked)
        self._client.access.demand(wanted)
        text = bulk.marked(wanted, mark, text=text_of(asked))
        return await bulk.start_query(self._client, text, grouped=asked.grouped)

    async def find(self, mark: str, *, since: datetime) -> str:
        """Return the gid of the operation with our mark; empty when there is none."""
        return await bulk.find(self._client, mark, since=since)

    async def state(self, gid: str) -> BulkState | None:
        """Look at an operation."""
        return await bulk.bulk_state(self._client, gid)

    async def cancel(self, gid: str) -> None:
        """Ask for an operation's end."""
        await bulk.cancel(self._client, gid)

    def lines(self, url: str) -> AsyncIterator[bytes]:
        """Stream a result."""
        return self._files.lines(url)
