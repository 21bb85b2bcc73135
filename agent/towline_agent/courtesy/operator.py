"""When the operator is told something, and when not. Pure.

QSYSOPR is read by people: a message is informational, is sent once when a condition begins and once
when it is over, and a condition that flickers does not fill the queue. Limits of the medium: 512
characters (https://www.ibm.com/docs/en/i/7.3?topic=ssw_ibm_i_73/cl/sndmsg.html), and only the
characters that stand at one code point in nearly every EBCDIC CCSID
(https://www.ibm.com/docs/en/ssw_ibm_i_75/rtref/var9.htm).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from towline_shared.clock import parse_utc, utc_text

__all__ = [
    "Condition",
    "Memory",
    "Message",
    "due",
    "may_say",
    "observe",
    "plain_text",
    "said",
    "told",
]

_MOST_LENGTH = 512
_MOST_AN_HOUR = 6
_HOUR = timedelta(hours=1)
_CALM = timedelta(minutes=5)  # so long a condition must be gone to be over
_SAME = timedelta(minutes=10)  # start and stop of an agent that keeps dying
_PLAIN = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;:?'()-_/=+*%&<>"
)
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"})


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is so now and that an operator should know.

    Attributes:
        key: names it; stable.
        text: said when it has been so for ``settle_s`` seconds.
        over: said when it is so no longer.
        silent: only the end is said, because the beginning takes the way to the operator away.
    """

    key: str
    text: str
    over: str
    settle_s: float = 60.0
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send; hand it to :func:`told` when it was."""

    key: str
    text: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class _Watch:
    condition: Condition
    on_since: datetime | None
    off_since: datetime | None = None
    told: bool = False
    over_at: datetime | None = None  # when its end was last said


@dataclass(frozen=True, slots=True)
class Memory:
    """What was seen and said; survives restarts as text, so that nothing is said twice."""

    watches: Mapping[str, _Watch] = field(default_factory=dict)
    sent: tuple[datetime, ...] = ()
    events: Mapping[str, datetime] = field(default_factory=dict)

    def text(self) -> str:
        """Write down what has been said; what has not begins anew after a restart."""
        return json.dumps(
            {
                "told": {
                    key: {"over": watch.condition.over}
                    for key, watch in self.watches.items()
                    if watch.told
                },
                "sent": [utc_text(moment) for moment in self.sent],
                "events": {key: utc_text(moment) for key, moment in self.events.items()},
            }
        )

    @classmethod
    def parse(cls, text: str | None) -> Memory:
        """Read what :meth:`text` wrote; anything else is an empty memory."""
        try:
            raw = json.loads(text or "{}")
            watches = {
                key: _Watch(Condition(key, "", str(each["over"])), None, told=True)
                for key, each in raw.get("told", {}).items()
            }
            sent = tuple(parse_utc(moment) for moment in raw.get("sent", ()))
            events = {key: parse_utc(moment) for key, moment in raw.get("events", {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
        return cls(watches, sent, events)


def observe(memory: Memory, conditions: Iterable[Condition], now: datetime) -> Memory:
    """Note which conditions hold now."""
    present = {condition.key: condition for condition in conditions}
    watches: dict[str, _Watch] = {}
    for key in memory.watches.keys() | present.keys():
        watch = _seen(memory.watches.get(key), present.get(key), now)
        if watch is not None:
            watches[key] = watch
    return replace(
        memory,
        watches=watches,
        # a moment in the future comes from a clock that was set back; it must silence nobody
        sent=tuple(moment for moment in memory.sent if timedelta(0) <= now - moment < _HOUR),
        events={key: moment for key, moment in memory.events.items() if moment <= now},
    )


def _seen(watch: _Watch | None, condition: Condition | None, now: datetime) -> _Watch | None:
    if condition is None:
        if watch is None:
            return None
        if watch.told:
            return replace(watch, off_since=min(watch.off_since or now, now))
        recent = watch.over_at is not None and timedelta(0) <= now - watch.over_at < _HOUR
        return replace(watch, on_since=None) if recent else None
    if watch is None:
        watch = _Watch(condition, now)
    since = min(watch.on_since or now, now)
    watch = replace(watch, condition=condition, on_since=since, off_since=None)
    if condition.silent and now - since >= timedelta(seconds=condition.settle_s):
        return replace(watch, told=True)
    return watch


def due(memory: Memory, now: datetime) -> list[Message]:
    """Return what to say now: beginnings first, never more than the hour still allows."""
    begun: list[Message] = []
    over: list[Message] = []
    for key, watch in sorted(memory.watches.items()):
        condition = watch.condition
        if watch.told:
            if watch.off_since is not None and now - watch.off_since >= _CALM:
                over.append(Message(key, condition.over, is_over=True))
        elif watch.on_since is not None and not condition.silent:
            settled = now - watch.on_since >= timedelta(seconds=condition.settle_s)
            again = watch.over_at is None or now - watch.over_at >= _HOUR
            if settled and again:
                begun.append(Message(key, condition.text, is_over=False))
    return [*begun, *over][: max(0, _MOST_AN_HOUR - len(memory.sent))]


def told(memory: Memory, message: Message, now: datetime) -> Memory:
    """Note that a message was sent."""
    watches = dict(memory.watches)
    watch = watches[message.key]
    if message.is_over:
        watches[message.key] = replace(
            watch, told=False, on_since=None, off_since=None, over_at=now
        )
    else:
        watches[message.key] = replace(watch, told=True)
    return replace(memory, watches=watches, sent=(*memory.sent, now))


def may_say(memory: Memory, event: str, now: datetime) -> bool:
    """Tell whether a start or a stop may be said: not again at once, and within the hour's sum."""
    last = memory.events.get(event)
    recent = [moment for moment in memory.sent if timedelta(0) <= now - moment < _HOUR]
    fresh = last is None or not timedelta(0) <= now - last < _SAME
    return fresh and len(recent) < _MOST_AN_HOUR


def said(memory: Memory, event: str, now: datetime) -> Memory:
    """Note that a start or a stop was said."""
    return replace(memory, events={**memory.events, event: now}, sent=(*memory.sent, now))


def plain_text(text: str) -> str:
    """Write a text with invariant characters only, in one line of at most 512 characters."""
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    kept = "".join(
        each if each in _PLAIN else " "
        for each in spelled
        if not unicodedata.combining(each)
    )  # fmt: skip
    return " ".join(kept.split())[:_MOST_LENGTH]
