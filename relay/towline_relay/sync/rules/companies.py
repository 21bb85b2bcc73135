"""The ``[entities.company]`` table: how businesses of the ERP become companies of the shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline_relay.shopify.models_companies import COMPANY_FIELDS, PLACE_FIELDS
from towline_relay.sync.rules.customers import DOWN
from towline_relay.sync.rules.expressions import Expression
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

if TYPE_CHECKING:
    from towline_relay.sync.rules.tenant import Field, When

__all__ = ["CompanyRules", "read_companies"]


@dataclass(frozen=True, slots=True)
class CompanyRules:
    """How a business and its places are written.

    Attributes:
        fields: of the company and of its locations; ``terms`` gives the name of a payment terms
            template of the shop.
        place: the ERP's number of the place a row is about; None when a business has one place,
            which then has the number of the business.
        contact: the ERP's number of the customer who buys for it; None sets no contact.
        down: which companies of the shop the ERP is told about: ``never``, ``with_orders`` (those
            whose order is handed over) or ``always`` (whenever they change).
        gid: Shopify's gid of the company, where the ERP has kept it from the document it was told;
            so a company that was born in the shop gets its number. ``place_gid`` likewise.
        role: name of the role the contact gets at each place where it has none; empty gives none.
    """

    when: When
    fields: Mapping[str, Field]
    place: Expression | None
    contact: Expression | None
    role: str = ""
    down: str = "never"
    gid: Expression | None = None
    place_gid: Expression | None = None

    @property
    def kept(self) -> frozenset[str]:
        """Names of the fields the IBM i owns."""
        return frozenset(name for name, field in self.fields.items() if not field.create_only)


def read_companies(
    section: Section,
    *,
    fields: Callable[[Section, tuple[str, ...]], Mapping[str, Field]],
    when: Callable[[Section], When],
    expression: Callable[[Section, str], Expression],
) -> CompanyRules:
    """Read the table; the callables read and compile its parts.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only(
        "when", "otherwise", "fields", "place", "contact", "role", "down", "gid", "place_gid"
    )
    read = fields(section, (*COMPANY_FIELDS, *PLACE_FIELDS))
    if "name" not in read:
        raise Misconfigured(f"{section.file}: {section.name}.fields.name is missing.")
    role = section.text("role", "")
    if role and "contact" not in section.data:
        raise Misconfigured(
            f"{section.file}: {section.name}.role gives the contact a role, but names no contact.",
            hint=f"Set {section.name}.contact, or leave role out.",
        )

    def maybe(name: str) -> Expression | None:
        return expression(section, name) if name in section.data else None

    return CompanyRules(
        when=when(section),
        fields=read,
        place=maybe("place"),
        contact=maybe("contact"),
        role=role,
        down=section.text("down", "never", among=DOWN),
        gid=maybe("gid"),
        place_gid=maybe("place_gid"),
    )
