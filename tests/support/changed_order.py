"""An order of two screws at 9.50 with shipping, and what the merchant may do to it afterwards."""

from __future__ import annotations

from typing import Any

from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import money, shop_order
from tests.support.shop_history import agreement, sale
from towline_shared.codec import decode
from towline_shared.events import Order, OrderChange

__all__ = ["GID", "LINE", "SHIPPING", "bought", "handed_over", "one_less", "sent"]

GID = "gid://shopify/Order/1"
LINE = f"{GID}/line"
SHIPPING = f"{GID}/shipping"


def bought() -> dict[str, Any]:
    """Return the agreement the order began with."""
    ordered = sale(LINE, 2, "19.0", "3.03"), sale(SHIPPING, 0, "4.9", "0.78", kind="SHIPPING")
    return agreement(f"{GID}/agreed", *ordered)


def one_less(engine: EngineHouse, gid: str = "edit-1") -> None:
    """Take one of the two screws off, as the merchant's edit does."""
    order = shop_order(edited=True, currentTotalPriceSet=money("14.4"))
    order["currentTotalTaxSet"] = money("2.29")
    order["lineItems"]["nodes"][0]["currentQuantity"] = 1
    order["agreements"]["nodes"].append({"id": gid})
    engine.shop.orders[GID] = order
    off = sale(LINE, -1, "-9.5", "-1.52", action="UPDATE")
    edit = agreement(gid, off, reason="ORDER_EDIT", at="09:00")
    engine.shop.ledgers[GID] = [bought(), edit]


def handed_over(engine: EngineHouse) -> None:
    """Hand the order over as it was bought."""
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()


def sent(engine: EngineHouse) -> list[Order | OrderChange]:
    """Return the documents in the agent's stream, oldest first."""
    texts = engine.house.database.call(
        lambda db: [
            row[0] for row in db.execute("SELECT text FROM test_stream WHERE event_id <> ''")
        ]
    )
    bodies = [decode(text).body for text in texts]
    assert all(isinstance(body, Order | OrderChange) for body in bodies)
    return bodies  # type: ignore[return-value]
