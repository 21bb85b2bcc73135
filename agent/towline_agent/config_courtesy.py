"""The tables ``[calendar]``, ``[courtesy]`` and ``[snapshot]`` of agent.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from towline_agent.calendar import (
    Calendar,
    Dates,
    Days,
    LastDays,
    LastWorkingDay,
    MonthDays,
    Weekdays,
    Window,
    Work,
)
from towline_agent.courtesy.budget import LoadBudget
from towline_agent.courtesy.fuse import FuseLimits
from towline_agent.courtesy.signals import DataArea, JobActive, Signal
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import Policy, parse_object
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

__all__ = [
    "CourtesySettings",
    "SnapshotSettings",
    "hold_signals",
    "read_courtesy",
    "read_snapshot",
]

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_LAST = re.compile(r"last (\d{1,2})", re.ASCII)
_MONTH_DAYS = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_JOB = re.compile(r"[A-Z#@$][A-Z0-9_#@$.]{0,9}", re.ASCII)
_MOST_DAYS = 28  # more "last days" than the shortest month has would mean every day
_SPAN = ".."
_MOST_DATES = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class CourtesySettings:
    """How the agent behaves as a guest.

    Attributes:
        ask_s: seconds between two questions to the signals.
        operator_messages: tell the operator about start, stop and trouble.
        messages: message queue the operator reads.
        restricted_alarm_h: hours without connections that are no longer a normal save.
    """

    calendar: Calendar = field(default_factory=Calendar)
    signals: tuple[Signal, ...] = ()
    ask_s: float = 30.0
    fuse: FuseLimits = field(default_factory=FuseLimits)
    operator_messages: bool = True
    messages: QueueName = field(default_factory=lambda: QueueName("QSYS", "QSYSOPR"))
    restricted_alarm_h: int = 12


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """Rows of one page of an initial load, and how fast it may go."""

    page: int
    budget: LoadBudget


def read_snapshot(section: Section) -> SnapshotSettings:
    """Read ``[snapshot]``."""
    section.only("page", "busy_percent", "rows_per_minute")
    return SnapshotSettings(
        page=section.number("page", 500, least=2),
        budget=LoadBudget(
            busy_percent=_percent(section, "busy_percent", 50),
            rows_per_minute=section.number("rows_per_minute", 120_000),
        ),
    )


def read_courtesy(calendar: Section, courtesy: Section) -> CourtesySettings:
    """Read ``[calendar]`` and ``[courtesy]``.

    Raises:
        Misconfigured: names file, field, value and what would be accepted.
    """
    calendar.only("time_zone", "ask_s", "windows", "signals")
    courtesy.only(
        "operator_messages", "message_queue", "restricted_alarm_h", "outbox_rows", "warn_percent",
        "warn_hours",
    )  # fmt: skip
    windows = tuple(_window(name, each) for name, each in calendar.sections("windows").items())
    queue = courtesy.text("message_queue", "QSYS/QSYSOPR")
    return CourtesySettings(
        calendar=Calendar(_zone(calendar, needed=bool(windows)), windows),
        signals=tuple(_signal(name, each) for name, each in calendar.sections("signals").items()),
        ask_s=calendar.seconds("ask_s", 30.0),
        fuse=FuseLimits(
            outbox_rows=courtesy.number("outbox_rows", 100_000, least=1),
            warn_percent=_percent(courtesy, "warn_percent", 60),
            warn_hours=float(courtesy.number("warn_hours", 4)),
        ),
        operator_messages=courtesy.flag("operator_messages", True),
        messages=QueueName(*_object(courtesy, "message_queue", queue)),
        restricted_alarm_h=courtesy.number("restricted_alarm_h", 12, least=1),
    )


def hold_signals(settings: CourtesySettings, policy: Policy) -> None:
    """Raise Permanent where a signal asks for something outside the customer's own list."""
    for signal in settings.signals:
        if isinstance(signal.sign, DataArea):
            policy.check_data_area(
                signal.sign.library, signal.sign.name, why=f"calendar.signals.{signal.name}"
            )


def _percent(section: Section, name: str, default: int) -> int:
    value = section.number(name, default, least=1)
    if value > 100:
        raise section.wrong(name, value, "must be at most 100")
    return value


def _object(section: Section, name: str, text: str) -> tuple[str, str]:
    try:
        return parse_object(text)
    except ValueError as error:
        raise section.wrong(name, text, str(error)) from None


def _zone(section: Section, *, needed: bool) -> tzinfo:
    name = section.text("time_zone", None if needed else "")
    if not name and not needed:
        return UTC  # no ZoneInfo: a bare Windows has none, and without windows nobody asks
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misconfigured(
            f"{section.file}: {section.name}.time_zone = {name!r} is not a time zone known here.",
            hint='Write an IANA name such as "Europe/Berlin"; on Windows run pip install tzdata.',
        ) from None


def _rests(section: Section) -> frozenset[Work]:
    """Read what rests; there is no default, because a forgotten order is found by a customer."""
    names = section.texts("rests")
    for name in names:
        if name not in {work.value for work in Work}:
            raise section.wrong("rests", name, "must be load, read or write")
    if not names:
        raise section.wrong("rests", [], "must name what rests: load, read, write")
    return frozenset(Work(name) for name in names)


def _window(name: str, section: Section) -> Window:
    section.only("days", "month", "dates", "from", "to", "rests")
    rules: list[Days] = []
    weekdays = section.texts("days", ())
    if weekdays:
        rules.append(Weekdays(frozenset(day for text in weekdays for day in _days(section, text))))
    rules += [_month(section, text) for text in section.texts("month", ())]
    dates = section.texts("dates", ())
    if dates:
        rules.append(Dates(frozenset(day for text in dates for day in _dates(section, text))))
    if not rules:
        raise Misconfigured(
            f"{section.file}: {section.name} names no day.",
            hint='Give it days = ["mon-fri"], month = ["last working day"] or dates = [...].',
        )
    return Window(
        name=name,
        rests=_rests(section),
        days=tuple(rules),
        start=_time(section, "from", "00:00"),
        end=_time(section, "to", "24:00"),
    )


def _days(section: Section, text: str) -> list[int]:
    """Read ``sat`` or ``mon-fri``; ``fri-mon`` goes over the weekend."""
    first, dash, last = text.lower().partition("-")
    if first not in _WEEKDAYS or (dash and last not in _WEEKDAYS):
        raise section.wrong("days", text, f"must be one of {', '.join(_WEEKDAYS)} or two with a -")
    begin = _WEEKDAYS.index(first)
    count = (_WEEKDAYS.index(last) - begin) % 7 + 1 if dash else 1
    return [(begin + step) % 7 for step in range(count)]


def _month(section: Section, text: str) -> Days:
    """Read ``last working day``, ``last 3``, ``15`` or ``1-3``."""
    if text == "last working day":
        return LastWorkingDay()
    last = _LAST.fullmatch(text)
    if last and 1 <= int(last[1]) <= _MOST_DAYS:
        return LastDays(int(last[1]))
    days = _MONTH_DAYS.fullmatch(text)
    if days and 1 <= int(days[1]) <= int(days[2] or days[1]) <= 31:
        return MonthDays(int(days[1]), int(days[2] or days[1]))
    raise section.wrong("month", text, 'must be "last working day", "last 3", "15" or "1-3"')


def _dates(section: Section, text: str) -> list[date]:
    """Read ``2026-12-31`` or ``2026-12-24..2027-01-01``."""
    first, dots, last = text.partition(_SPAN)
    try:
        begin = date.fromisoformat(first)
        end = date.fromisoformat(last) if dots else begin
    except ValueError:
        raise section.wrong("dates", text, 'must be "2026-12-31" or two with .. between') from None
    if not timedelta(0) <= end - begin <= _MOST_DATES:
        raise section.wrong("dates", text, "must go forward, over at most a year")
    return [begin + timedelta(days=step) for step in range((end - begin).days + 1)]


def _time(section: Section, name: str, default: str) -> time:
    text = section.text(name, default)
    found = _TIME.fullmatch(text)
    if found is None or (found[1] == "24" and found[2] != "00"):
        raise section.wrong(name, text, 'must be a time such as "22:30"')
    return time(int(found[1]) % 24, int(found[2]))


def _signal(name: str, section: Section) -> Signal:
    section.only("data_area", "equals", "job", "rests")
    area, job = section.text("data_area", ""), section.text("job", "")
    if bool(area) == bool(job):
        raise Misconfigured(f"{section.file}: {section.name} must name a data_area or a job.")
    if job:
        if not _JOB.fullmatch(job):
            raise section.wrong("job", job, "is not a job name (upper case, at most 10 characters)")
        return Signal(name, _rests(section), JobActive(job))
    library, object_name = _object(section, "data_area", area)
    return Signal(name, _rests(section), DataArea(library, object_name, section.text("equals")))
