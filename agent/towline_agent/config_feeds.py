"""The tables ``[feeds."LIB/FILE"]`` and ``[install]``: what triggers write, and for whom.

Only ``towline-agent ibmi`` reads them; a running agent takes the outbox as it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from towline_agent.policy import FileName, parse_object
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

__all__ = [
    "MOST_KEYS",
    "FeedSettings",
    "InstallSettings",
    "KeyPart",
    "read_feeds",
    "read_install",
]

MOST_KEYS = 4  # KEY1 to KEY4 of the outbox
_OPERATIONS = ("", "I", "U", "D", "IU", "ID", "UD", "IUD")
_COLUMN = re.compile(r"[A-Z$#@][A-Z0-9$#@_]{0,127}", re.ASCII)
# A key becomes text by one of these; none depends on the decimal point or the date of a job.
_KEY = re.compile(r"(?:(?P<function>RTRIM|TRIM|DIGITS)\()?(?P<column>[A-Z0-9$#@_]+)\)?", re.ASCII)
_PROFILE = re.compile(r"[A-Z$#@][A-Z0-9$#@_]{0,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A key column of a fed file, and how it becomes text.

    Attributes:
        function: RTRIM, TRIM, DIGITS; empty: the install decides by the column's type.
    """

    column: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """What the trigger of one file does.

    Attributes:
        keys: columns for KEY1, KEY2...; empty: taken from the SELECT of the entity it feeds.
        watched: columns whose change is news; empty: taken from the SELECT.
        hex: those of them that hold numbers; they are compared as HEX. None: not said.
        operations: which of I, U, D are news, in this order; empty: no trigger at all.
    """

    file: FileName
    keys: tuple[KeyPart, ...] = ()
    watched: tuple[str, ...] = ()
    hex: tuple[str, ...] | None = None
    operations: str = "IUD"


@dataclass(frozen=True, slots=True)
class InstallSettings:
    """Profiles of the install.

    Attributes:
        owner: owns library, tables, queues and trigger programs; can't sign on.
        agent: the agent signs on with it; empty: ``[ibmi] user``, else TWAGENT.
        order_entry: the profile of the ERP's jobs that take orders; empty: nothing is granted.
    """

    owner: str = "TWOWNER"
    agent: str = ""
    order_entry: str = ""


def read_feeds(top: Section, fed: Sequence[FileName]) -> tuple[FeedSettings, ...]:
    """Read ``[feeds]``; ``fed`` are the files that feed an entity.

    Raises:
        Misconfigured: names file, field, value and what would be accepted.
    """
    return tuple(_feed(name, each, fed) for name, each in top.sections("feeds").items())


def _feed(name: str, section: Section, fed: Sequence[FileName]) -> FeedSettings:
    section.only("keys", "watched", "hex", "operations")
    try:
        file = FileName(*parse_object(name))
    except ValueError as error:
        raise Misconfigured(f"{section.file}: [{section.name}] {error}.") from None
    if file not in fed:
        raise Misconfigured(
            f"{section.file}: [{section.name}] describes a file that feeds no entity.",
            hint=f'Add "{file}" to fed_by of an entity, or remove the table.',
        )
    keys = tuple(_key(section, text) for text in section.texts("keys", ()))
    if len(keys) > MOST_KEYS:
        raise section.wrong("keys", len(keys), f"must be at most {MOST_KEYS} columns")
    watched = _columns(section, "watched")
    numbers = _columns(section, "hex") if "hex" in section.data else None
    strangers = sorted(set(numbers or ()) - set(watched)) if watched else []
    if strangers:
        raise section.wrong("hex", strangers, "must be among watched")
    return FeedSettings(
        file=file,
        keys=keys,
        watched=watched,
        hex=numbers,
        operations=section.text("operations", "IUD", among=_OPERATIONS),
    )


def _key(section: Section, text: str) -> KeyPart:
    found = _KEY.fullmatch(text.upper().replace(" ", ""))
    whole = found is not None and ("(" in text) == (")" in text)
    if found is None or not whole or not _COLUMN.fullmatch(found["column"]):
        raise section.wrong("keys", text, "must be COLUMN, RTRIM(COLUMN) or DIGITS(COLUMN)")
    return KeyPart(found["column"], found["function"] or "")


def _columns(section: Section, field: str) -> tuple[str, ...]:
    names = tuple(name.upper() for name in section.texts(field, ()))
    for name in names:
        if not _COLUMN.fullmatch(name):
            raise section.wrong(field, name, "is not a column name")
    return names


def read_install(section: Section) -> InstallSettings:
    """Read ``[install]``.

    Raises:
        Misconfigured: a name can't be a user profile.
    """
    section.only("owner", "agent", "order_entry")
    return InstallSettings(
        owner=_profile(section, "owner", "TWOWNER"),
        agent=_profile(section, "agent", ""),
        order_entry=_profile(section, "order_entry", ""),
    )


def _profile(section: Section, field: str, default: str) -> str:
    name = section.text(field, default).upper()
    if name and not _PROFILE.fullmatch(name):
        raise section.wrong(field, name, "is not a user profile's name (at most 10 characters)")
    if name.startswith("Q") and name not in ("", default):
        raise section.wrong(field, name, "is a profile of IBM's; make one of your own")
    return name
