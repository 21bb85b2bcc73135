"""Settings of quiet hours, fuse and load: read exactly, refused with a sentence."""

from __future__ import annotations

from datetime import UTC, date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.agent_site import write_site
from towline_agent.calendar import Dates, LastDays, LastWorkingDay, MonthDays, Weekdays, Work
from towline_agent.config import AgentConfig, load_config
from towline_agent.courtesy.budget import LoadBudget
from towline_agent.courtesy.fuse import FuseLimits
from towline_agent.courtesy.signals import DataArea, JobActive
from towline_agent.ibmi.port import QueueName
from towline_shared.errors import Misconfigured, Permanent

FULL = """
[snapshot]
page = 200
busy_percent = 25
rows_per_minute = 6000
[courtesy]
operator_messages = false
message_queue = "TOWLINE/OPERATOR"
restricted_alarm_h = 20
outbox_rows = 5000
warn_percent = 50
warn_hours = 8
[calendar]
time_zone = "Europe/Berlin"
ask_s = 10
[calendar.windows.night-batch]
days = ["mon-fri", "SUN"]
from = "22:00"
to = "02:30"
rests = ["load", "read"]
[calendar.windows.month-end]
month = ["last working day", "last 2", "1-3", "15"]
rests = ["write"]
[calendar.windows.inventory]
dates = ["2026-12-31", "2027-01-02..2027-01-04"]
from = "06:00"
to = "24:00"
rests = ["read", "write"]
[calendar.signals.close]
data_area = "DISTLIB/NIGHTRUN"
equals = "Y"
rests = ["read"]
[calendar.signals.billing]
job = "BILLRUN"
rests = ["write"]
"""


def load(folder: Path, more: str) -> AgentConfig:
    path = write_site(folder)
    path.write_text(path.read_text() + more)
    return load_config(path)


def test_everything_is_read(tmp_path: Path) -> None:
    """Windows by week, month and date, signals, limits, and the queue of messages."""
    config = load(tmp_path, FULL)
    courtesy = config.courtesy
    assert courtesy.calendar.zone == ZoneInfo("Europe/Berlin")
    night, month, inventory = courtesy.calendar.windows
    assert night.days == (Weekdays(frozenset({0, 1, 2, 3, 4, 6})),)
    assert (night.start, night.end) == (time(22), time(2, 30))
    assert night.rests == {Work.LOAD, Work.READ}
    assert month.days == (LastWorkingDay(), LastDays(2), MonthDays(1, 3), MonthDays(15, 15))
    assert (month.start, month.end) == (time(0), time(0))
    assert inventory.days == (
        Dates(
            frozenset({date(2026, 12, 31), date(2027, 1, 2), date(2027, 1, 3), date(2027, 1, 4)})
        ),
    )
    assert [signal.sign for signal in courtesy.signals] == [
        DataArea("DISTLIB", "NIGHTRUN", "Y"), JobActive("BILLRUN"),
    ]  # fmt: skip
    assert courtesy.fuse == FuseLimits(5000, 50, 8.0)
    assert (courtesy.ask_s, courtesy.restricted_alarm_h) == (10.0, 20)
    assert not courtesy.operator_messages
    assert config.site.messages == QueueName("TOWLINE", "OPERATOR")
    assert (config.snapshot.page, config.snapshot.budget) == (200, LoadBudget(25, 6000))


def test_defaults_are_calm(tmp_path: Path) -> None:
    """Nothing configured: no quiet hours, half of the time for a load, messages in QSYSOPR."""
    config = load(tmp_path, "")
    assert config.courtesy.calendar.zone is UTC
    assert config.courtesy.calendar.windows == ()
    assert config.snapshot.budget == LoadBudget(50, 120_000)
    assert config.courtesy.operator_messages
    assert config.site.messages == QueueName("QSYS", "QSYSOPR")


ZONE = '[calendar]\ntime_zone = "Europe/Berlin"\n'
WINDOW = "[calendar.windows.w]\n"
SIGNAL = "[calendar.signals.s]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (WINDOW + 'days = ["mon"]\nrests = ["read"]', r"calendar\.time_zone is missing"),
        ('[calendar]\ntime_zone = "Berlin"', "not a time zone known here"),
        ('[calendar]\ntime_zone = "../../etc/passwd"', "not a time zone known here"),
        (ZONE + WINDOW + 'rests = ["read"]', "names no day"),
        (ZONE + WINDOW + 'days = ["mon"]', r"w\.rests is missing"),
        (ZONE + WINDOW + 'days = ["mon"]\nrests = []', "must name what rests"),
        (ZONE + WINDOW + 'days = ["mon"]\nrests = ["sleep"]', "must be load, read or write"),
        (ZONE + WINDOW + 'days = ["someday"]\nrests = ["read"]', "must be one of mon"),
        (ZONE + WINDOW + 'days = ["mon-"]\nrests = ["read"]', "must be one of mon"),
        (ZONE + WINDOW + 'month = ["last 0"]\nrests = ["read"]', "last working day"),
        (ZONE + WINDOW + 'month = ["last 29"]\nrests = ["read"]', "last working day"),
        (ZONE + WINDOW + 'month = ["3-1"]\nrests = ["read"]', "last working day"),
        (ZONE + WINDOW + 'month = ["32"]\nrests = ["read"]', "last working day"),
        (ZONE + WINDOW + 'dates = ["2026-02-30"]\nrests = ["read"]', "2026-12-31"),
        (ZONE + WINDOW + 'dates = ["2026-02-03..2026-02-01"]\nrests = ["read"]', "go forward"),
        (ZONE + WINDOW + 'dates = ["2026-01-01..2099-01-01"]\nrests = ["read"]', "at most a year"),
        (ZONE + WINDOW + 'days = ["mon"]\nfrom = "24:30"\nrests = ["read"]', "must be a time"),
        (ZONE + WINDOW + 'days = ["mon"]\nto = "7"\nrests = ["read"]', "must be a time"),
        (ZONE + WINDOW + 'day = ["mon"]\nrests = ["read"]', "not a setting"),
        (SIGNAL + 'rests = ["read"]', "must name a data_area or a job"),
        (SIGNAL + 'data_area = "A/B"\njob = "J"\nequals = "Y"\nrests = ["read"]', "or a job"),
        (SIGNAL + 'data_area = "NIGHTRUN"\nequals = "Y"\nrests = ["read"]', "LIBRARY/NAME"),
        (SIGNAL + 'data_area = "DISTLIB/X"\nrests = ["read"]', r"s\.equals is missing"),
        (SIGNAL + 'job = "billing run"\nrests = ["read"]', "not a job name"),
        ("[snapshot]\nbusy_percent = 0", "at least 1"),
        ("[snapshot]\nbusy_percent = 101", "at most 100"),
        ("[courtesy]\nwarn_percent = 200", "at most 100"),
        ('[courtesy]\nmessage_queue = "QSYSOPR"', "LIBRARY/NAME"),
        ("[courtesy]\noutbox_rows = 0", "at least 1"),
    ],
)
def test_what_can_not_be_used_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """File, field and value, and what would be accepted."""
    with pytest.raises(Misconfigured, match=sentence) as caught:
        load(tmp_path, text)
    assert "agent.toml" in str(caught.value)


def test_a_data_area_outside_the_policy_is_refused(tmp_path: Path) -> None:
    """What may be asked is the customer's list too."""
    text = SIGNAL + 'data_area = "PAYROLL/STATE"\nequals = "Y"\nrests = ["read"]'
    with pytest.raises(Permanent, match=r"PAYROLL/STATE.*calendar\.signals\.s"):
        load(tmp_path, text)
