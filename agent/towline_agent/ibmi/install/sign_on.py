"""A connection for the install: an administrator's own sign-on, or the agent's for a look.

The password comes from a prompt or the environment, is used for one sign-on, and is kept nowhere.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from towline_agent.config import AgentConfig
from towline_agent.ibmi.install.present import Asked
from towline_agent.ibmi.port import Purpose
from towline_shared.errors import Misconfigured

__all__ = ["PASSWORD", "password_of", "signed_on", "takes_sql"]

PASSWORD = "TOWLINE_INSTALL_PASSWORD"  # noqa: S105  (the variable's name)
_ODBC = "odbc"


def takes_sql(config: AgentConfig) -> bool:
    """Tell whether the configured driver lets an administrator's SQL through."""
    return config.driver == _ODBC


@contextmanager
def signed_on(config: AgentConfig, user: str, *, changing: bool) -> Iterator[tuple[Asked, str]]:
    """Open a connection for the length of a block; yields it and the name of who signed on.

    Args:
        user: an administrator; empty for the agent's own profile.
        changing: statements that change something are to follow.

    Raises:
        SignOnRefused: never repeated by itself, for each attempt counts towards QMAXSIGN.
        Misconfigured: there is no password, or a setting is wrong.
    """
    # Only here, and only for this driver: pyodbc need not be installed anywhere else.
    try:
        from towline_agent.ibmi.odbc.door import Door
        from towline_agent.ibmi.odbc.settings import read_settings
    except ImportError as error:
        raise Misconfigured(
            f"The driver {_ODBC} can't be loaded: {error}.",
            hint="Install what it needs, for example with pip install 'towline[odbc]'.",
        ) from None
    person = (user, password_of(user)) if user else None
    settings = read_settings(config.ibmi, config.site, person=person)
    purpose = Purpose.WRITE if changing else Purpose.READ
    door = Door.open(settings, purpose, autocommit=True)
    try:
        yield door, settings.user or "the current user"
    finally:
        door.close()


def password_of(user: str) -> str:
    """Return an administrator's password, from the environment or a prompt.

    Raises:
        Misconfigured: there is none.
    """
    found = os.environ.get(PASSWORD, "")
    if not found and sys.stdin.isatty():
        found = getpass.getpass(f"Password of {user}: ")
    if not found:
        raise Misconfigured(
            f"There is no password for {user}.", hint=f"Set {PASSWORD}, or use a terminal."
        )
    return found
