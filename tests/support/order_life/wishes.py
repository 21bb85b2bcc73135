"""What buyers and merchants may wish for, as strategies; bodies are those of the control API."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.order_life.house import SKUS
from towline_shared.money import exponent

__all__ = ["amount", "disposed", "edit", "purchase", "refund", "returned"]

Body = dict[str, Any]
_RATES = {"EUR": "0.917", "USD": "1.0837", "JPY": "163.21", "KWD": "0.3331"}
_COMPANY = {"number": "5150", "name": "Nordwind GmbH", "external_id": "100234",
            "location": "Werk Nord", "location_id": "7"}  # fmt: skip
_PLACES = st.integers(0, 3)  # positions of lines; most orders have fewer
_RESTOCK = st.sampled_from(["CANCEL", "NO_RESTOCK", "RETURN"])


def amount(currency: str, most: int = 2_000, least: int = 1) -> st.SearchStrategy[str]:
    """Draw an amount of so many of the currency's smallest units."""
    digits = exponent(currency)

    def written(units: int) -> str:
        whole, part = divmod(units, 10**digits)
        return f"{whole}.{part:0{digits}d}" if digits else str(whole)

    return st.integers(least, most).map(written)


@st.composite
def _line(draw: st.DrawFn, currency: str, *, blank: bool) -> Body:
    kind = draw(st.sampled_from(["item"] * 6 + ["custom", "gift card"] + ["blank"] * blank))
    quantity = draw(st.integers(1, 6))
    if kind == "item":
        line: Body = {"sku": draw(st.sampled_from(SKUS)), "quantity": quantity}
    else:
        price = draw(amount(currency, 5_000))
        line = {"title": f"A {kind}", "price": price, "quantity": quantity, "sku": "NW-9"}
        line |= {"sku": ""} if kind == "blank" else {}
        line |= {"gift_card": True} if kind == "gift card" else {}
    if draw(st.integers(0, 5)) == 0 and kind != "gift card":
        line["duty"] = draw(amount(currency))
    if draw(st.integers(0, 7)) == 0:
        line["group"] = {"number": 900_001, "title": "Starter kit", "quantity": 1, "sku": "KIT-1"}
    return line


def _features(currency: str) -> dict[str, st.SearchStrategy[Any]]:
    """Name what an order may have; each is drawn once in a while."""
    return {
        "discount": st.one_of(
            st.integers(1, 100).map(lambda share: {"code": "X", "percent": str(share)}),
            st.fixed_dictionaries({"title": st.just("Treue"), "amount": amount(currency, 4_000)}),
        ),
        "shipping_discount": amount(currency, 900),
        "tip": amount(currency),
        "fees": st.dictionaries(st.sampled_from(["Recycling", "Handling"]), amount(currency),
                                min_size=1),
        "rounding": amount(currency, 4).map(lambda text: f"-{text}"),
        "gift_card_payment": amount(currency, 300),
        "company": st.just(_COMPANY),
        "terms": st.integers(1, 60),
        "attributes": st.just({"Geschenk": "ja"}),
        "risk": st.sampled_from(["MEDIUM", "HIGH", "PENDING"]),
        "test": st.just(True),
        "source": st.just("pos"),
        "tags": st.just(["VIP"]),
        "note": st.just("Bitte beim Nachbarn abgeben"),
        "po_number": st.just("PO-77"),
    }  # fmt: skip


@st.composite
def purchase(draw: st.DrawFn, currency: str, *, blank: bool = True) -> Body:
    """Draw an order; ``blank`` when it may have a line that no item of the ERP stands for."""
    body: Body = {
        "lines": draw(st.lists(_line(currency, blank=blank), min_size=1, max_size=3)),
        "shipping": draw(st.just("0") | amount(currency, 1_500)),
        "taxes_included": draw(st.booleans()),
        "force": True,
    }
    features = _features(currency)
    for name in draw(st.lists(st.sampled_from(sorted(features)), max_size=4, unique=True)):
        body[name] = draw(features[name])
    paid = draw(st.sampled_from(["paid", "paid", "authorized", "unpaid"]))
    body["paid"] = paid != "unpaid" and "terms" not in body
    body["authorized"] = paid == "authorized" and "terms" not in body
    seen = draw(st.sampled_from(sorted(_RATES)))
    if seen != currency and draw(st.booleans()):
        body["presentment"] = {"currency": seen, "rate": _RATES[seen]}
    return body


@st.composite
def edit(draw: st.DrawFn, currency: str) -> Body:
    """Draw an edit: fewer pieces, none, or more, a lower price, or lines more."""
    body: Body = {}
    if draw(st.booleans()):
        body["set"] = draw(
            st.dictionaries(_PLACES.map(str), st.integers(0, 8), min_size=1, max_size=2)
        )
    if draw(st.integers(0, 2)) == 0:
        body["discount"] = {str(draw(_PLACES)): draw(amount(currency, 1_500))}
    if not body or draw(st.booleans()):
        body["add"] = draw(st.lists(_line(currency, blank=False), min_size=1, max_size=2))
        for line in body["add"]:
            line.pop("duty", None)
    return body


def _pieces(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Body]]:
    line = st.fixed_dictionaries({"position": _PLACES, "quantity": st.integers(1, 3), **more})
    return st.lists(line, min_size=1, max_size=2, unique_by=lambda each: each["position"])


@st.composite
def refund(draw: st.DrawFn, currency: str) -> Body:
    """Draw a refund: of pieces, of what is beside them, of money, or of several at once."""
    body: Body = {}
    parts: dict[str, st.SearchStrategy[Any]] = {
        "lines": _pieces(restock=_RESTOCK),
        "shipping": amount(currency, 500),
        "tip": st.just(True),
        "fees": st.sampled_from([["Recycling"], ["Handling"]]),
        "duties": st.lists(
            st.fixed_dictionaries(
                {"position": _PLACES, "type": st.sampled_from(["FULL", "PROPORTIONAL"])}
            ),
            min_size=1,
            max_size=1,
        ),
        "amount": amount(currency, 300),
    }
    wanted = draw(st.lists(st.sampled_from(["lines", *sorted(parts)]), min_size=1, max_size=3))
    for name in wanted:
        body[name] = draw(parts[name])
    how = draw(st.sampled_from(["as it is"] * 4 + ["pay", "no money", "pending"]))
    if how == "pay" and "amount" not in body:
        body["pay"] = draw(amount(currency, 900))
    elif how != "as it is":
        body |= {"money": False} if how == "no money" else {"pending": True}
    return body


@st.composite
def returned(draw: st.DrawFn, currency: str) -> Body:
    """Draw a return of pieces that were shipped, perhaps with an exchange and fees."""
    body: Body = {
        "lines": draw(_pieces(reason=st.sampled_from(["", "too small"]))),
        "status": draw(st.sampled_from(["OPEN", "OPEN", "REQUESTED"])),
    }
    if draw(st.integers(0, 2)) == 0:
        body["exchange"] = [{"sku": draw(st.sampled_from(SKUS)), "quantity": 1}]
    if draw(st.integers(0, 2)) == 0:
        word = draw(st.sampled_from(["shipping", "restocking"]))
        body["fees"] = {word: draw(amount(currency, 400))}
    return body


def disposed() -> st.SearchStrategy[Body]:
    """Draw what becomes of pieces that came back."""
    kinds = ["RESTOCKED", "NOT_RESTOCKED", "MISSING", "PROCESSING_REQUIRED"]
    return st.fixed_dictionaries({"lines": _pieces(type=st.sampled_from(kinds))})
