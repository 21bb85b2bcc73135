"""What a driver says when a verb fails: six ways to be told apart, each with its own reaction.

Table (the facts behind it are IBM's SQL messages, https://www.ibm.com/docs/en/i/7.5?topic=codes-sql):

    InUse        SQL0913, SQL0911    the connection is sound; the same call may succeed later
    LinkLost     08S01, 40003...     the connection is dead; the outcome of a write is unknown
    Restricted   connection refused  full save or restricted state: normal, for hours
    SiteFault    SQL0551, SQL0204    a right or an object is missing: documents wait for it
    SignOnRefused  28000, CWBSY...   stop: repeating it disables the profile (QMAXSIGN)
    PositionLost   CPF7053, CPF9801  a journal position aged out: stop loudly, load anew

A driver may raise plain ``Retryable`` where it can't tell; the agent then asks the connection
whether it lives and opens it anew when it does not.
"""

from __future__ import annotations

from towline_shared.errors import Permanent, Retryable

__all__ = ["InUse", "LinkLost", "PositionLost", "Restricted", "SignOnRefused", "SiteFault"]


class InUse(Retryable):
    """A row or object is locked by another job; the connection itself is sound."""


class LinkLost(Retryable):
    """The connection broke; it must be opened anew and unknown outcomes be looked up."""


class Restricted(Retryable):
    """The system takes no connections now: a full save, restricted state, an IPL."""


class SiteFault(Permanent):
    """The site lacks something, whatever is asked of it: a right, an object, a journal.

    It says nothing about the document in hand, so that one must wait and not be refused.
    """


class SignOnRefused(SiteFault):
    """The profile, its password or its state was refused; a person has to act first."""


class PositionLost(Permanent):
    """A journal receiver that was not read to its end is gone: changes are missing from it."""
