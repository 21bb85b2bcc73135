"""The ``[entities.customer]`` table: whom the shop knows, by what, and who owns which field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline_relay.shopify.models_customers import ADDRESS_FIELDS, NumberField
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

if TYPE_CHECKING:
    from towline_relay.sync.rules.tenant import Field, When

__all__ = ["CUSTOMER_FIELDS", "DOWN", "USUAL_NUMBER", "CustomerRules", "read_customer_number"]
__all__ += ["read_customers"]

CUSTOMER_FIELDS = (
    "first_name", "last_name", "email", "phone", "note", "locale", "tax_exempt", *ADDRESS_FIELDS,
)  # fmt: skip
#: Which of the shop's customers, or companies, the ERP is told about.
DOWN = ("never", "with_orders", "always")
#: The metafield with the ERP's number, when the rules name no other.
USUAL_NUMBER = NumberField("ibmi", "customer_number")
_NUMBER = "{ERP_CUSTOMER}"


@dataclass(frozen=True, slots=True)
class CustomerRules:
    """How customers of the ERP and of the shop are one.

    Attributes:
        fields: those owned by the IBM i are kept in step; those that are ``create_only`` are filled
            when the customer is made and then left to the shop.
        match: ``email``: a customer of the shop with the same e-mail and no number is the ERP's;
            ``number``: only one that has the number is.
        create: make those that the shop lacks.
        down: which customers of the shop the ERP is told about: ``never``, ``with_orders`` (those
            whose order is handed over) or ``always`` (whenever they change).
        tag: put on a customer the ERP knows; empty puts none.
        number: the metafield with the ERP's number.
    """

    when: When
    fields: Mapping[str, Field]
    match: str
    create: bool
    down: str
    tag: str
    number: NumberField

    @property
    def kept(self) -> frozenset[str]:
        """Names of the fields the IBM i owns."""
        return frozenset(name for name, field in self.fields.items() if not field.create_only)

    def tag_of(self, number: str) -> str:
        """Return the tag of a customer; empty when the rules name none."""
        return self.tag.replace(_NUMBER, number)


def read_customer_number(section: Section) -> NumberField:
    """Read ``metafield``, which has a default."""
    part = section.section("metafield")
    part.only("namespace", "key")
    return NumberField(
        part.text("namespace", USUAL_NUMBER.namespace), part.text("key", USUAL_NUMBER.key)
    )


def read_customers(
    section: Section,
    *,
    fields: Callable[[Section, tuple[str, ...]], Mapping[str, Field]],
    when: Callable[[Section], When],
) -> CustomerRules:
    """Read the table.

    Args:
        fields: reads and compiles ``fields``; ``when``: reads the condition.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only(
        "when", "otherwise", "fields", "match", "create", "down", "tag", "metafield",
    )  # fmt: skip
    read = fields(section, CUSTOMER_FIELDS)
    match = section.text("match", "email", among=("email", "number"))
    if match == "email" and "email" not in read:
        raise Misconfigured(
            f"{section.file}: {section.name}.fields.email is missing.",
            hint='Name it, or find customers by their number alone: match = "number".',
        )
    return CustomerRules(
        when=when(section),
        fields=read,
        match=match,
        create=section.flag("create", True),
        down=section.text("down", "never", among=DOWN),
        tag=section.text("tag", ""),
        number=read_customer_number(section),
    )
