"""How the pages' templates are read: escaped, strict about names, with words for time."""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from towline_relay.admin import pages
from towline_relay.admin.facts import STATES
from towline_shared.clock import Clock, parse_utc

__all__ = ["page_templates"]


def page_templates(clock: Clock) -> Environment:
    """Return the environment of the pages; ages are told from this clock."""
    templates = Environment(
        loader=PackageLoader("towline_relay.admin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def ago(moment: str | None) -> str:
        if not moment:
            return "never"
        then: datetime = parse_utc(moment)
        return f"{pages.duration((clock.now() - then).total_seconds())} ago"

    templates.filters["ago"] = ago
    templates.filters["duration"] = pages.duration
    templates.filters["clock"] = lambda moment: str(moment)[:19].replace("T", " ") + " UTC"
    templates.globals["STATES"] = STATES
    return templates
