"""Emptying the agent's copies of documents about people, when the relay asks for it.

A document that was applied stays in the buffer for a while, so that a look back is possible. Its
text is emptied here; number and chain stay, so the stream goes on as before. What the ERP made of
the documents is the ERP's: its owner answers for it, and is told which orders it is about.
"""

from __future__ import annotations

import sqlite3

from towline_shared.events import Erase, Event

__all__ = ["erase_if_asked"]

_PEOPLE = ("order", "order_change", "customer", "company")


def erase_if_asked(db: sqlite3.Connection, peer: str, event: Event | None) -> bool:
    """Empty the applied documents an event names, if it is such a wish; runs in its commit.

    Returns whether it was. Documents that have no effect yet stay: they stand behind the wish and
    are about news.
    """
    if event is None or not isinstance(event.body, Erase):
        return False
    db.execute("PRAGMA secure_delete=ON")  # overwrites the old text in the file's pages
    wish = event.body
    keys = ("",) if wish.everything else (*wish.orders, *wish.customers)
    marks = ", ".join("?" * len(_PEOPLE))
    for key in keys:
        db.execute(
            f"""UPDATE stream_row SET text='' WHERE peer=? AND direction='in'
                AND entity IN ({marks}) AND ? IN ('', key) AND seq <= (
                    SELECT consumed FROM stream_head AS h WHERE h.peer=stream_row.peer
                    AND h.name=stream_row.name AND h.direction='in')""",  # noqa: S608 - constants
            (peer, *_PEOPLE, key),
        )
    return True
