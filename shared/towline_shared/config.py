"""Settings from TOML and the environment into frozen dataclasses.

An error names the file, the field, the value and what would be accepted. Secrets are never values
in a file that is shared: a setting that ends in ``_file`` names the file that holds one, and an
environment variable ``TOWLINE_...`` may carry one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from towline_shared.errors import Misconfigured

__all__ = ["Section", "load_toml", "read_secret"]

T = TypeVar("T")
_MOST_SECONDS = 1_000_000_000  # 31 years; whoever means "never" has no setting for it


def load_toml(path: Path) -> Section:
    """Read a TOML file.

    Raises:
        Misconfigured: it is missing, unreadable or not TOML (with line and column).
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misconfigured(
            f"{path} does not exist.", hint="Name another file with --config."
        ) from None
    except OSError as error:
        raise Misconfigured(f"{path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.") from None
    return Section(data, file=str(path), name="")


@dataclass(frozen=True)
class Section:
    """One table of a settings file that knows where it stands and what was asked of it."""

    data: Mapping[str, Any]
    file: str
    name: str

    def text(self, field: str, default: str | None = None, *, among: Sequence[str] = ()) -> str:
        """Return a text; without a default it is required."""
        value = self._get(field, str, default)
        if among and value not in among:
            raise self.wrong(field, value, f"must be one of {', '.join(among)}")
        return value

    def number(self, field: str, default: int | None = None, *, least: int = 0) -> int:
        """Return a whole number that is at least ``least``."""
        value = self._get(field, int, default)
        if value < least:
            raise self.wrong(field, value, f"must be at least {least}")
        return value

    def seconds(self, field: str, default: float) -> float:
        """Return a duration in seconds, greater than zero; TOML can also say inf and nan."""
        value = self.data.get(field, default)
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if not numeric or not 0 < value <= _MOST_SECONDS:  # nan is in no range
            raise self.wrong(
                field,
                value,
                f"must be a number of seconds greater than zero, up to {_MOST_SECONDS}",
            )
        return float(value)

    def flag(self, field: str, default: bool) -> bool:
        """Return true or false."""
        return self._get(field, bool, default)

    def texts(self, field: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._get(field, list, None if default is None else list(default))
        if not all(isinstance(item, str) for item in value):
            raise self.wrong(field, value, "must be a list of texts")
        return tuple(value)

    def path(self, field: str, default: str | None = None) -> Path:
        """Return a path; a relative one starts at the settings file's folder."""
        value = Path(self.text(field, default)).expanduser()
        return value if value.is_absolute() else Path(self.file).parent / value

    def section(self, field: str, *, required: bool = False) -> Section:
        """Return a table; an absent one is empty unless it is required."""
        value = self._get(field, dict, None if required else {})
        return Section(value, file=self.file, name=self._full(field))

    def sections(self, field: str) -> dict[str, Section]:
        """Return a table of tables by name."""
        table = self.section(field)
        return {name: table.section(name) for name in table.data}

    def array(self, field: str) -> list[Section]:
        """Return an array of tables."""
        value = self._get(field, list, [])
        if not all(isinstance(item, dict) for item in value):
            raise self.wrong(field, value, "must be an array of tables")
        return [
            Section(item, file=self.file, name=f"{self._full(field)}[{i}]")
            for i, item in enumerate(value)
        ]

    def only(self, *known: str) -> None:
        """Refuse a field nobody reads: a typing error must not become a silent default."""
        for field in self.data:
            if field not in known:
                raise Misconfigured(
                    f"{self.file}: {self._full(field)} is not a setting Towline knows.",
                    hint=f"Known here: {', '.join(known)}.",
                )

    def wrong(self, field: str, value: object, why: str) -> Misconfigured:
        """Build the error for a value that can't be used; never call it with a secret."""
        return Misconfigured(f"{self.file}: {self._full(field)} = {value!r} {why}.")

    def _full(self, field: str) -> str:
        return f"{self.name}.{field}" if self.name else field

    def _get(self, field: str, kind: type[T], default: T | None) -> T:
        if field not in self.data:
            if default is None:
                raise Misconfigured(f"{self.file}: {self._full(field)} is missing.")
            return default
        value = self.data[field]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(field, value, f"must be a {_WORDS[kind]}")
        return value


_WORDS: Mapping[type, str] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    list: "list",
    dict: "table",
}


def read_secret(section: Section, field: str, *, variable: str) -> str:
    """Return a secret from the environment variable, else from the file named by ``<field>_file``.

    Raises:
        Misconfigured: neither is there, the file can't be read, or it is empty.
    """
    from_environment = os.environ.get(variable)
    if from_environment:
        return from_environment
    path = section.path(f"{field}_file")
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(
            f"{section.file}: the secret file {path} can't be read: {error.strerror}.",
            hint=f"Create it with mode 0600, or set {variable}.",
        ) from None
    if not secret:
        raise Misconfigured(f"{section.file}: the secret file {path} is empty.")
    return secret
