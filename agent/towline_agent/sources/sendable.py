"""An event that can't be written must not stop the ones behind it."""

from __future__ import annotations

from dataclasses import replace

from towline_shared.codec import Undecodable, encode
from towline_shared.events import Event, Unreadable

__all__ = ["sendable"]


def sendable(event: Event) -> Event:
    """Return the event, or what is known of it where the codec refuses it.

    It refuses an event that is too large, and a key that holds half a surrogate pair (a UCS-2
    column, CCSID 13488, may). Such an event would be refused at every attempt for ever; as
    :class:`Unreadable` it is parked at the relay with its sentence, and the rest flows on.
    """
    try:
        encode(event)
    except Undecodable as error:
        key = event.key.encode("utf-8", "backslashreplace").decode("utf-8")[:200]
        return replace(
            event,
            key=key,
            body=Unreadable(
                entity=event.entity,
                source=event.origin.removeprefix("ibmi:"),
                keys=(key,),
                field="",
                raw_hex=event.key.encode("utf-16-be", "surrogatepass").hex().upper()[:400],
                reason=f"{event.entity} {key}: {error}",
            ),
        )
    return event
