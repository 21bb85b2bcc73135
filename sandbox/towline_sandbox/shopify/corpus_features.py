"""The corpus that proves orders: each feature alone, then combined, then changed afterwards.

Three currencies of the shop and three the buyer may see, prices with and without tax, and after
that edits, refunds with and without lines, returns, exchanges and cancellations on every second
order. The same seed makes the same corpus.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from towline_shared.money import exponent, plain

__all__ = ["EARLY", "LATE", "Act", "Case", "cases"]

Order = dict[str, Any]
_RATES = {"EUR": "1", "USD": "1.0837", "JPY": "163.21"}  # of a euro
_AMOUNTS = frozenset({"shipping", "price", "duty", "amount", "tip", "rounding", "gift_card_payment",
                      "shipping_discount", "pay"})  # fmt: skip
_MONEY = frozenset({"free_shipping", "percent", "amount", "shipping_off", "tip", "duty", "fee",
                    "rounding", "gift_card", "gift_card_payment", "custom_line"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """What the merchant does to an order: an action of the control API and its body."""

    action: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """An order, what happens to it before anything of it leaves, and after everything has."""

    name: str
    order: Order
    early: tuple[Act, ...] = ()
    late: tuple[Act, ...] = ()
    tags: frozenset[str] = field(default_factory=frozenset)


def _line(number: int, **more: Any) -> Callable[[Order], None]:
    """Return something that gives a line of the order more."""

    def change(order: Order) -> None:
        order["lines"][number].update(more)

    return change


def _with(**more: Any) -> Callable[[Order], None]:
    """Return something that gives the order more."""
    return lambda order: order.update(more)


def _bundle(order: Order) -> None:
    group = {"number": 900_001, "title": "Starter kit", "quantity": 1, "sku": "KIT-1"}
    for line in order["lines"]:
        line["group"] = group


def _custom(order: Order) -> None:
    sku = order["lines"][0]["sku"]
    order["lines"].append({"title": "Made to measure", "price": "17.35", "quantity": 2, "sku": sku})


def _gift_card(order: Order) -> None:
    sku = order["lines"][0]["sku"]
    order["lines"].append(
        {"title": "Gift card", "price": "25.00", "quantity": 1, "sku": sku, "gift_card": True}
    )


_COMPANY = {"number": "5150", "name": "Nordwind GmbH", "external_id": "100234",
            "location": "Werk Nord", "location_id": "7"}  # fmt: skip

FEATURES: dict[str, Callable[[Order], None]] = {
    "plain": _with(),
    "free_shipping": _with(shipping="0.00"),
    "percent": _with(discount={"code": "SOMMER15", "percent": "15"}),
    "amount": _with(discount={"title": "Treue", "amount": "3.33"}),
    "shipping_off": _with(shipping_discount="2.45"),
    "tip": _with(tip="2.50"),
    "duty": _line(0, duty="6.66"),
    "fee": _with(fees={"Recycling": "0.99", "Handling": "1.50"}),
    "rounding": _with(rounding="-0.02"),
    "gift_card": _gift_card,
    "gift_card_payment": _with(gift_card_payment="1.00"),
    "company": _with(company=_COMPANY, po_number="PO-2026-77"),
    "terms": _with(terms=30, paid=False),
    "custom_line": _custom,
    "attributes": _with(attributes={"Geschenk": "ja"}),
    "line_attributes": _line(0, attributes={"Gravur": "Zur Hochzeit"}),
    "bundle": _bundle,
    "selling_plan": _line(0, selling_plan="Every month"),
    "localized": _with(localized={"TAX_CREDENTIAL_BR": "123.456.789-09"}),
    "risky": _with(risk="HIGH"),
    "unjudged": _with(risk="PENDING"),
    "test": _with(test=True),
    "pos": _with(source="pos"),
    "tagged": _with(tags=["VIP", "Messe"]),
    "note": _with(note="Bitte beim Nachbarn abgeben"),
    "authorized": _with(authorized=True),
    "no_customer_phone": _with(customer={"email": "käthe@example.com", "first_name": "Käthe",
                                         "last_name": "Łuczak"}),
}  # fmt: skip

EARLY: dict[str, tuple[Act, ...]] = {
    "edit_fewer": (Act("edit", {"set": {"0": 2}}),),
    "edit_removed": (Act("edit", {"set": {"1": 0}}),),
    "edit_added": (Act("edit", {"add": [{"sku": "{other}", "quantity": 2}]}),),
    "edit_twice": (Act("edit", {"set": {"0": 4}}), Act("edit", {"set": {"0": 1}})),
    "refund_pieces": (
        Act("refund", {"lines": [{"position": 0, "quantity": 2, "restock": "CANCEL"}]}),
    ),
    "refund_shipping": (Act("refund", {"shipping": "1.11", "note": "late"}),),
    "refund_money": (Act("refund", {"amount": "0.77"}),),
    "refund_tip": (Act("refund", {"tip": True}),),
    "refund_duty": (
        Act(
            "refund",
            {
                "lines": [{"position": 0, "quantity": 2, "restock": "CANCEL"}],
                "duties": [{"position": 0, "type": "PROPORTIONAL"}],
            },
        ),
        Act("refund", {"duties": [{"position": 0, "type": "FULL"}]}),
    ),
    "refund_fee": (Act("refund", {"fees": ["Recycling"], "note": "no recycling"}),),
    "refund_all_kinds": (
        Act(
            "refund",
            {
                "lines": [{"position": 1, "quantity": 1, "restock": "CANCEL"}],
                "duties": [{"position": 0, "type": "FULL"}],
                "fees": ["Handling", "Recycling"],
                "shipping": "0.99",
                "tip": True,
                "amount": "0.41",
            },
        ),
    ),
    "refund_less": (
        Act(
            "refund",
            {"lines": [{"position": 0, "quantity": 1, "restock": "CANCEL"}], "pay": "0.50"},
        ),
    ),
    "cancel": (Act("cancel", {}),),
    "cancel_all_kinds": (Act("cancel", {}),),
    "cancel_unstocked": (Act("cancel", {"restock": False, "reason": "FRAUD"}),),
}

LATE: dict[str, tuple[Act, ...]] = {
    "came_back": (
        Act("refund", {"lines": [{"position": 0, "quantity": 1, "restock": "RETURN"}]}),
    ),
    "kept_and_paid": (
        Act("refund", {"lines": [{"position": 0, "quantity": 2, "restock": "NO_RESTOCK"}]}),
    ),
    "money_later": (Act("refund", {"amount": "1.23", "note": "scratch"}),),
    "money_pending": (
        Act("refund", {"amount": "2.34", "pending": True}),
        Act("settle", {"status": "SUCCESS"}),
    ),
    "money_failed": (
        Act("refund", {"amount": "0.56", "note": "sorry", "pending": True}),
        Act("settle", {"status": "FAILURE"}),
    ),
    "return_open": (
        Act("return", {"lines": [{"position": 0, "quantity": 1, "reason": "too small"}]}),
        Act("refund", {"lines": [{"position": 0, "quantity": 1, "restock": "RETURN"}]}),
    ),
    "return_asked": (
        Act("return", {"status": "REQUESTED", "lines": [{"position": 0, "quantity": 1}]}),
    ),
    "return_disposed": (
        Act("return", {"lines": [{"position": 0, "quantity": 3}, {"position": 1, "quantity": 1}],
                       "fees": {"shipping": "3.50", "restocking": "1.25"}}),
        Act("return_update", {"lines": [{"position": 1, "quantity": 1}]}),
        Act("dispose", {"lines": [{"position": 0, "quantity": 1, "type": "RESTOCKED"},
                                  {"position": 0, "quantity": 1, "type": "MISSING"}]}),
        Act("refund", {"lines": [{"position": 0, "quantity": 2, "restock": "NO_RESTOCK"}]}),
        Act("dispose", {"lines": [{"position": 0, "quantity": 1, "type": "NOT_RESTOCKED"}]}),
        Act("return_status", {"status": "CLOSED"}),
    ),
    "return_reopened": (
        Act("return", {"status": "REQUESTED", "lines": [{"position": 1, "quantity": 2}]}),
        Act("return_status", {"status": "OPEN"}),
        Act("return_status", {"status": "CLOSED"}),
        Act("return_status", {"status": "OPEN"}),
        Act("dispose", {"lines": [{"position": 1, "quantity": 2, "type": "RESTOCKED"}]}),
    ),
    "exchange": (
        Act("return", {"lines": [{"position": 0, "quantity": 1}],
                       "exchange": [{"sku": "{other}", "quantity": 1}]}),
    ),
}  # fmt: skip

#: What an order must have for an act to make sense.
_NEEDS = {
    "refund_tip": ("tip",),
    "refund_duty": ("duty",),
    "refund_fee": ("fee",),
    "refund_all_kinds": ("tip", "duty", "fee"),
    "cancel_all_kinds": ("tip", "duty", "fee"),
}

_UNPAID = frozenset({"terms", "authorized"})
_PAID = frozenset({"money_pending", "money_failed"})  # acts on money that was taken

_COMBINED = (
    ("percent", "tip", "duty"),
    ("amount", "shipping_off", "fee"),
    ("company", "terms", "percent"),
    ("gift_card", "gift_card_payment", "note"),
    ("bundle", "line_attributes", "rounding"),
    ("custom_line", "percent", "tip", "fee"),
    ("duty", "fee", "tip", "rounding", "shipping_off"),
    ("authorized", "amount", "pos"),
)


def cases(skus: list[str], *, seed: int, currency: str = "EUR", short: bool = False) -> list[Case]:
    """Return the corpus over these SKUs: at least 60 cases.

    Args:
        currency: the shop's own.
        short: leave out features that move no money, and every act a second time; at least 30.
    """
    rng = random.Random(f"features:{seed}:{currency}")
    alone = [(name,) for name in FEATURES if name in _MONEY or not short]
    acts = [*EARLY, *LATE]
    wanted = [(names, "") for names in (*alone, *(() if short else _COMBINED))]
    if not short:
        wanted += [(("plain", *_NEEDS.get(act, ())), act) for act in acts]
    for place, act in enumerate(acts):
        names: tuple[str, ...] = _COMBINED[place % len(_COMBINED)]
        if act in _PAID:
            names = tuple(name for name in names if name not in _UNPAID)
        wanted.append(((*names, *(n for n in _NEEDS.get(act, ()) if n not in names)), act))
    return [_case(rng, skus, names, act, place, currency)
            for place, (names, act) in enumerate(wanted)]  # fmt: skip


def _case(
    rng: random.Random, skus: list[str], names: tuple[str, ...], act: str, place: int, currency: str
) -> Case:
    chosen = rng.sample(skus, 3)
    order: Order = {
        "lines": [{"sku": chosen[0], "quantity": 5}, {"sku": chosen[1], "quantity": 3}],
        "shipping": rng.choice(("4.90", "7.95")),
        "taxes_included": place % 2 == 0,
        "force": True,
        "customer": {"email": f"corpus{place:03d}@example.com", "first_name": "Cora",
                     "last_name": f"Pus {place}"},
    }  # fmt: skip
    for name in names:
        FEATURES[name](order)
    order = _filled(order, chosen[2], currency)
    seen = list(_RATES)[place % len(_RATES)]
    rate = Decimal(_RATES[seen]) / Decimal(_RATES[currency])
    order["presentment"] = {"currency": seen, "rate": plain(rate.quantize(Decimal("0.000001")))}

    def filled(acts: tuple[Act, ...]) -> tuple[Act, ...]:
        return tuple(Act(each.action, _filled(each.body, chosen[2], currency)) for each in acts)

    return Case(
        name="+".join((*names, *([act] if act else []))),
        order=order,
        early=filled(EARLY.get(act, ())),
        late=filled(LATE.get(act, ())),
        tags=frozenset({*names, act} - {""}),
    )


def _filled(value: Any, other: str, currency: str, name: str = "") -> Any:
    """Put a SKU where another item is meant, and amounts in the shop's currency."""
    if isinstance(value, Mapping):
        inside = "amount" if name == "fees" else ""
        return {
            key: _filled(part, other, currency, inside or str(key)) for key, part in value.items()
        }
    if isinstance(value, list):
        return [_filled(part, other, currency) for part in value]
    if value == "{other}":
        return other
    return _minor(value, currency) if name in _AMOUNTS and isinstance(value, str) else value


def _minor(amount: str, currency: str) -> str:
    """Write an amount, given with two digits, in a currency of that many units to the cent."""
    return plain(Decimal(amount).scaleb(2 - exponent(currency)))
