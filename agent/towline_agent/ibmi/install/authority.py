"""Differences in profiles, owners and authorities. Pure.

What a profile has through its group or through *PUBLIC is not looked at: it is the site's own rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from towline_agent.ibmi.install import ddl
from towline_agent.ibmi.install.difference import Difference, Kind
from towline_agent.ibmi.install.objects import Grant, Wanted
from towline_agent.ibmi.install.present import Present
from towline_agent.ibmi.install.render import render
from towline_agent.ibmi.install.script import Statement

__all__ = ["grants", "needed", "owned", "owners", "profiles"]

_NEEDS = {"SELECT": "*READ", "INSERT": "*ADD", "UPDATE": "*UPD", "DELETE": "*DLT"}
_WITHIN = re.compile(r"[A-Z]+")


def profiles(wanted: Wanted, present: Present) -> Iterator[Difference]:
    for profile in (wanted.owner, wanted.agent):
        if profile.name not in present.profiles:
            continue
        there = present.profiles[profile.name]
        if there is None:
            yield Difference(Kind.MISSING, profile.part, f"Profile {profile.name} does not exist.")
            continue
        if there.special:
            yield Difference(
                Kind.DIFFERS, profile.part,
                f"Profile {profile.name} has {' '.join(there.special)}; it needs no special"
                f" authority: CHGUSRPRF USRPRF({profile.name}) SPCAUT(*NONE).", closes=False,
            )  # fmt: skip
        if profile.signs_on and not (there.enabled and there.has_password):
            lack = "no password yet" if there.enabled else "been disabled"
            yield Difference(
                Kind.WARNING, f"sign-on of {profile.name}",
                f"Profile {profile.name} has {lack}: CHGUSRPRF, by a security officer.",
                closes=False,
            )  # fmt: skip
    if wanted.order_entry and present.profiles.get(wanted.order_entry, ...) is None:
        yield Difference(
            Kind.REFUSED, f"profile {wanted.order_entry}",
            f"Profile {wanted.order_entry} of [install] order_entry does not exist.", closes=False,
        )  # fmt: skip
    if present.profiles.get(wanted.library) is not None:
        yield Difference(
            Kind.REFUSED, f"library {wanted.library}",
            f"A profile is named {wanted.library}, as the library: SQL would treat the library as"
            " that profile's own. Choose another name for the library.", closes=False,
        )  # fmt: skip


def owners(wanted: Wanted, present: Present) -> Iterator[Difference]:
    for (name, kind), owner in (present.owners or {}).items():
        part = f"owner of {wanted.library}/{name} {kind}"
        if owner and owner != wanted.owner.name and part in owned(wanted):
            yield Difference(
                Kind.DIFFERS, part,
                f"{wanted.library}/{name} {kind} belongs to {owner}, not to {wanted.owner.name}.",
            )  # fmt: skip


def owned(wanted: Wanted) -> frozenset[str]:
    """Return the parts that say whose an object is."""
    return frozenset(
        part
        for statement in render(wanted).changing
        for part in statement.parts
        if part.startswith("owner of")
    )


def grants(wanted: Wanted, present: Present) -> Iterator[Difference]:
    for grant in (*wanted.agent_grants, *wanted.order_entry_grants):
        if grant.part not in present.rights:
            continue
        has, needs = present.rights[grant.part], needed(grant)
        where = f"{grant.library}/{grant.name} {grant.type}"
        if needs - has:
            lacks = " ".join(sorted(needs - has))
            yield Difference(Kind.MISSING, grant.part, f"{grant.profile} lacks {lacks} on {where}.")
        # Column privileges do not show here, so a right to update columns is not held against one.
        extra = has - needs
        if extra and grant.profile == wanted.agent.name:
            words = " ".join(sorted(extra))
            take = ddl.command(
                f"QSYS/RVKOBJAUT OBJ({grant.library}/{grant.name}) OBJTYPE({grant.type})"
                f" USER({grant.profile}) AUT({words})"
            )
            yield Difference(
                Kind.EXTRA, f"more than the {grant.part}",
                f"{grant.profile} also has {words} on {where}.",
                extra=(Statement(take, (f"more than the {grant.part}",)),),
            )  # fmt: skip


def needed(grant: Grant) -> frozenset[str]:
    """Return the system's authorities behind a grant; rights to single columns don't show there."""
    if grant.type != "*FILE":
        return frozenset(grant.rights)
    plain = [_WITHIN.match(each) for each in grant.rights if "(" not in each]
    return frozenset({"*OBJOPR", *(_NEEDS[found[0]] for found in plain if found)})
