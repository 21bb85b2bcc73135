"""User-error codes of bulk operations, uploads and webhook subscriptions.

The lines of a bulk operation carry the codes of the mutation inside; these are about the run.
"""

from __future__ import annotations

from collections.abc import Mapping

from towline_relay.shopify.codes.table import WORDS_ONLY, Table, park
from towline_relay.shopify.models import Remedy

__all__ = ["TABLES"]

_RUN_MUTATION: Table = {
    "INTERNAL_FILE_SERVER_ERROR": Remedy.RETRY,
    "LIMIT_REACHED": Remedy.RETRY,  # five run already
    "OPERATION_IN_PROGRESS": Remedy.RETRY,
    "NO_SUCH_FILE": Remedy.REREAD,  # the upload has expired or never arrived: upload again
    "INVALID_STAGED_UPLOAD_FILE": Remedy.REREAD,
    **park("INVALID_MUTATION"),
}

_RUN_QUERY: Table = {
    "LIMIT_REACHED": Remedy.RETRY,
    "OPERATION_IN_PROGRESS": Remedy.RETRY,
    **park("INVALID"),
}

TABLES: Mapping[str, Table] = {
    "bulkOperationCancel": WORDS_ONLY,
    "bulkOperationRunMutation": _RUN_MUTATION,
    "bulkOperationRunQuery": _RUN_QUERY,
    "stagedUploadsCreate": WORDS_ONLY,
    "webhookSubscriptionCreate": WORDS_ONLY,
    "webhookSubscriptionDelete": WORDS_ONLY,
    "webhookSubscriptionUpdate": WORDS_ONLY,
}
