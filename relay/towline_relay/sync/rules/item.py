"""Rules for items beyond single fields: groups with options, metafields, what buyers can see."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from towline_relay.sync.rules.expressions import Expression
from towline_shared.config import Section

__all__ = ["ItemShape", "MetafieldRules", "read_item_shape"]

Compile = Callable[[Section, str], Expression]

_MOST_OPTIONS = 3  # https://shopify.dev/docs/apps/build/graphql/migrate/new-product-model
_NAME = re.compile(r"[A-Za-z0-9_$:-]{3,255}\.[A-Za-z0-9_-]{2,64}")  # "namespace.key"
_OF_PRODUCT = ("title", "vendor", "product_type", "tags")


@dataclass(frozen=True, slots=True)
class MetafieldRules:
    """A metafield that the ERP owns.

    Attributes:
        on: ``product`` or ``variant``.
        type: Shopify's type name, such as ``single_line_text_field``.
    """

    namespace: str
    key: str
    on: str
    type: str
    source: Expression


@dataclass(frozen=True, slots=True)
class ItemShape:
    """What items become together, and what is seen of them.

    Attributes:
        group: items of which this is the same text are variants of one product; blank groups
            nothing. None makes every item a product.
        options: name -> expression of its value, in order; only with a group.
        status: gives ``ACTIVE``, ``DRAFT`` or ``ARCHIVED``; None leaves it to the merchant.
        publish: names of the publications an active product is published to.
        gone: ``keep``, ``draft`` or ``archive``: what becomes of the product of an item that is
            gone or that ``when`` leaves out.
    """

    group: Expression | None = None
    options: Mapping[str, Expression] = field(default_factory=lambda: MappingProxyType({}))
    metafields: tuple[MetafieldRules, ...] = ()
    status: Expression | None = None
    publish: tuple[str, ...] = ()
    gone: str = "keep"

    @property
    def owns_status(self) -> bool:
        """Tell whether the rules ever write a product's status."""
        return self.status is not None or self.gone != "keep"


def read_item_shape(section: Section, compile_field: Compile, *, kept: frozenset[str]) -> ItemShape:
    """Read what ``[entities.item]`` says beyond its fields.

    Args:
        kept: fields that are kept in step after the product was made.

    Raises:
        Misconfigured: options without a group or too many, a field or metafield of the product
            that several items of a group would write, or a status without an owner.
    """
    group = compile_field(section, "group") if "group" in section.data else None
    options = section.section("options")
    if bool(options.data) != (group is not None):
        raise section.wrong("group", section.data.get("group", ""), "and options go together")
    if len(options.data) > _MOST_OPTIONS:
        raise section.wrong("options", sorted(options.data), f"are more than {_MOST_OPTIONS}")
    shared = sorted(kept & set(_OF_PRODUCT)) if group else []
    if shared:
        raise section.wrong(
            "fields", shared[0], "belongs to the product, which several items share: create_only"
        )
    if "tags" in kept:
        # an update would replace the whole list, and with it what the merchant added
        raise section.wrong(
            "fields", "tags", "are the shop's once the product is there: create_only"
        )
    shape = ItemShape(
        group=group,
        options={name: compile_field(options, name) for name in options.data},
        metafields=tuple(
            _metafield(name, part, compile_field, grouped=group is not None)
            for name, part in section.sections("metafields").items()
        ),
        status=compile_field(section, "status") if "status" in section.data else None,
        publish=section.texts("publish", ()),
        gone=section.text("gone", "keep", among=("keep", "draft", "archive")),
    )
    if shape.publish and shape.status is None:
        raise section.wrong("publish", list(shape.publish), "needs a status: only what is ACTIVE")
    return shape


def _metafield(
    name: str, part: Section, compile_field: Compile, *, grouped: bool
) -> MetafieldRules:
    part.only("from", "on", "type")
    if not _NAME.fullmatch(name):
        raise part.wrong("from", name, "is no namespace.key of a metafield")
    namespace, _, key = name.partition(".")
    on = part.text("on", "variant" if grouped else "product", among=("product", "variant"))
    if grouped and on == "product":
        raise part.wrong("on", on, "is shared by the items of a group: variant")
    kind = part.text("type", "single_line_text_field")
    return MetafieldRules(namespace, key, on, kind, compile_field(part, "from"))
