"""What speaks against a trigger on one of the ERP's files, or against reading it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from towline_agent.ibmi.install.difference import Difference, Kind
from towline_agent.ibmi.install.objects import KnownFile, Trigger, Wanted
from towline_agent.ibmi.install.present import Present

__all__ = ["hindrances"]

_KEY_LENGTH = 64  # KEY1 to KEY4 of the outbox


def hindrances(wanted: Wanted, present: Present) -> Iterator[Difference]:
    """Yield what speaks against a trigger or a SELECT on the ERP's files."""
    for file, columns in present.columns.items():
        if not columns:
            yield Difference(
                Kind.REFUSED, f"file {file}",
                f"{file} can't be seen: it does not exist, or the profile that asks has no right"
                " to its library.", closes=False,
            )  # fmt: skip
    for trigger in wanted.triggers:
        if present.columns.get(trigger.file):
            yield from _columns_of_trigger(trigger, present.columns[trigger.file])
        if present.members.get(trigger.file, 1) > 1:
            yield Difference(
                Kind.REFUSED, trigger.part,
                f"{trigger.file} has {present.members[trigger.file]} members: a trigger fires for"
                " all of them, but only the first is read. Feed the agent by a data queue, or from"
                " a file with one member.", closes=False,
            )  # fmt: skip
        if present.unique.get(trigger.file) is False:
            yield Difference(
                Kind.WARNING, f"key of {trigger.file}",
                f"{trigger.file} has no unique key: rows that share a key are read, and sent,"
                " together. Make sure the SELECT's key columns tell the rows apart.", closes=False,
            )  # fmt: skip


def _columns_of_trigger(trigger: Trigger, columns: KnownFile) -> Iterator[Difference]:
    named = [*(key.column for key in trigger.keys), *(each.column for each in trigger.watched)]
    absent = [name for name in dict.fromkeys(named) if name not in columns]
    if absent:
        yield Difference(
            Kind.REFUSED, trigger.part,
            f"{trigger.file} has no column {', '.join(absent)}; correct keys or watched under"
            f' [feeds."{trigger.file}"].', closes=False,
        )  # fmt: skip
    long = [
        key.column
        for key in trigger.keys
        if key.column in columns and columns[key.column].length > _KEY_LENGTH
    ]
    if long:
        yield Difference(
            Kind.REFUSED, trigger.part,
            f"Column {', '.join(long)} of {trigger.file} is longer than the {_KEY_LENGTH}"
            " characters of an outbox key.", closes=False,
        )  # fmt: skip
