"""Merges, deletions and e-mails that change hands: nobody is made twice, nobody is guessed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.customer_house import CUSTOMERS, CustomerHouse, fields
from tests.support.engine_house import RULES, raiser
from tests.support.fake_shop import Crash
from towline_relay.shopify.documents import document, names
from towline_relay.shopify.models_customers import CustomerSpec
from towline_relay.shopify.user_errors import Stale
from towline_relay.sync.rules.customers import CUSTOMER_FIELDS
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.errors import Misconfigured


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CustomerHouse]:
    """The lane, and the ERP's customer 1 in the shop."""
    house = CustomerHouse(tmp_path)
    house.feed("1", CUMAIL="a@example.com")
    house.settle()
    yield house
    house.house.close()


def told(house: CustomerHouse) -> list[tuple[str, str]]:
    """Return key and what stands in the shop, of each conflict."""
    rows = house.house.database.call(
        lambda db: db.execute("SELECT key, theirs FROM conflict ORDER BY rowid").fetchall()
    )
    return [(row["key"], row["theirs"]) for row in rows]


def merge(house: CustomerHouse, gone: str, kept: str) -> None:
    """Let the merchant merge one customer of the shop into another; the webhook comes later."""
    assert kept in house.shop.people
    house.shop.people.pop(gone)


def test_a_merge_while_the_statement_is_under_way_makes_nobody_anew(house: CustomerHouse) -> None:
    """The statement finds its customer gone before the shop has told why: it waits once."""
    (first,) = house.shop.people
    kept = house.shop.add(email="kept@example.com")
    merge(house, first, kept.gid)
    house.feed("1", CUMAIL="a@example.com", CUCTY="Bremen")
    asyncio.run(house.turn())
    row = house.rows()[-1]
    assert (row.state, "a merge may be under way" in row.reason) == ("waiting", True)
    house.ring(kept.gid, merged=first)
    house.settle()
    assert list(house.shop.people) == [kept.gid]
    assert fields(house, "1")["city"] == "Bremen"
    assert told(house) == []


def test_a_merge_between_reading_and_writing_is_decided_again(house: CustomerHouse) -> None:
    """The write meets nobody; what is read then is who was kept."""
    (first,) = house.shop.people
    kept = house.shop.add(email="kept@example.com")

    def merging() -> None:
        house.shop.before.clear()
        merge(house, first, kept.gid)
        raise Stale("Shopify refused customerSet: Customer does not exist (NOT_FOUND).")

    house.shop.before["write"] = merging
    house.feed("1", CUMAIL="a@example.com", CUCTY="Bremen")
    for _ in range(2):
        asyncio.run(house.turn())
        assert house.rows()[-1].state == "waiting"
        house.house.clock.advance(10)
    house.ring(kept.gid, merged=first)
    house.settle()
    assert list(house.shop.people) == [kept.gid]
    assert fields(house, "1")["city"] == "Bremen"


def test_a_chain_of_merges_is_followed_whatever_order_it_is_told_in(house: CustomerHouse) -> None:
    """The second merge's webhook may come first."""
    (first,) = house.shop.people
    middle, last = house.shop.add(email="m@example.com"), house.shop.add(email="l@example.com")
    merge(house, first, middle.gid)
    merge(house, middle.gid, last.gid)
    house.ring(last.gid, merged=middle.gid)
    house.settle()
    house.feed("1", CUMAIL="a@example.com", CUCTY="Bremen")
    asyncio.run(house.turn())
    assert house.rows()[-1].state == "waiting"
    house.ring(middle.gid, merged=first, minute=1)
    house.settle()
    assert list(house.shop.people) == [last.gid]
    assert fields(house, "1")["city"] == "Bremen"


def test_merges_in_a_circle_end(house: CustomerHouse) -> None:
    """No shop should tell that; who trusts it turns for ever."""
    (first,) = house.shop.people
    house.shop.people.clear()
    house.ring("gid://shopify/Customer/8", merged=first)
    house.ring(first, merged="gid://shopify/Customer/8", minute=1)
    house.feed("1", CUMAIL="a@example.com")
    house.settle()
    assert house.rows()[-1].state == "applied"
    assert len(house.shop.people) == 1


def test_a_deleted_customer_is_said_and_made_anew_after_the_wait(house: CustomerHouse) -> None:
    """No merge was told: somebody deleted it, and the IBM i owns it."""
    (first,) = house.shop.people
    house.shop.people.clear()
    house.feed("1", CUMAIL="a@example.com")
    house.settle()
    assert house.rows()[-1].state == "applied"
    (now,) = house.shop.people
    assert now != first
    assert told(house) == [("1", "deleted")]


def test_an_e_mail_of_another_customer_stops_in_front_of_somebody(house: CustomerHouse) -> None:
    """The sentence tells whose it is, and no e-mail; nothing is written."""
    house.feed("2", CUMAIL="b@example.com")
    house.settle()
    stranger = house.shop.add(email="c@example.com")
    for email, whose in (("B@example.com", "customer 2"), ("c@example.com", stranger.gid)):
        house.feed("1", CUMAIL=email, CUCTY="Bremen")
        house.settle()
        row = house.rows()[-1]
        assert (row.state, whose in row.reason, "@" in row.reason) == ("parked", True, False)
        assert fields(house, "1")["email"] == "a@example.com"
        assert fields(house, "1")["city"] == "Hamburg"
    house.shop.people.pop(stranger.gid)
    house.feed("1", CUMAIL="c@example.com", CUCTY="Bremen")
    house.settle()
    assert (fields(house, "1")["email"], fields(house, "1")["city"]) == ("c@example.com", "Bremen")


def test_an_e_mail_the_erp_does_not_have_is_kept_and_no_conflict(house: CustomerHouse) -> None:
    """It is how the buyer signs in; the webhook about our own write says nothing."""
    house.feed("1", CUMAIL="", CUCTY="Bremen")
    house.settle()
    assert fields(house, "1")["email"] == "a@example.com"
    (gid,) = house.shop.people
    house.ring(gid)
    house.settle()
    assert told(house) == []


def test_a_conflict_is_told_once_until_it_is_overwritten(house: CustomerHouse) -> None:
    """Every webhook and sweep shows it again; the log has it once, and once more after that."""
    (gid,) = house.shop.people

    def edit(city: str) -> None:
        held = house.shop.people[gid]
        house.shop.people[gid] = replace(held, fields={**held.fields, "city": city})

    edit("Atlantis")
    for minute in range(3):
        house.ring(gid, minute=minute)
        house.settle()
    assert len(told(house)) == 1
    house.feed("1", CUMAIL="a@example.com")
    house.settle()
    assert fields(house, "1")["city"] == "Hamburg"
    edit("Atlantis")
    house.ring(gid, minute=7)
    house.settle()
    assert len(told(house)) == 2


def test_the_tag_is_put_though_an_earlier_try_broke_off_before_it(tmp_path: Path) -> None:
    """The number stands there already, so the customer looks finished."""
    house = CustomerHouse(tmp_path)
    house.shop.after["write"] = raiser(Crash())
    house.feed("1")
    with pytest.raises(Crash):
        house.settle()
    house.restart()
    house.settle()
    (gid,) = house.shop.people
    assert house.shop.tags == {gid: ["ERP 1"]}
    house.feed("1", CUCTY="Kiel")
    house.settle()
    assert house.shop.calls.count("add_tag") == 1
    house.house.close()


def test_a_value_that_goes_back_is_told_again(tmp_path: Path) -> None:
    """The same content as the first document is another event, or the ERP kept the one between."""
    house = CustomerHouse(tmp_path)
    ref = house.shop.add(email="new@example.com", last_name="Neu")
    for minute, city in enumerate(("Ulm", "Bonn", "Ulm")):
        house.shop.people[ref.gid] = replace(ref, fields={**ref.fields, "city": city})
        house.ring(ref.gid, minute=minute)
        house.settle()
    assert len({event for _, _, event in house.house.sent()}) == 3
    house.house.close()


def test_consent_is_never_ours_to_send(tmp_path: Path) -> None:
    """No rule can name it, no field of a customer is it, and no document of ours speaks of it."""
    for name in ("accepts_marketing", "email_marketing_consent", "marketing_state"):
        assert name not in CUSTOMER_FIELDS
        path = tmp_path / f"{name}.toml"
        path.write_text(f'{RULES}{CUSTOMERS}\n{name} = {{ from = "CUSTS" }}', encoding="utf-8")
        with pytest.raises(Misconfigured, match=f"{name} is not a setting"):
            load_rules(path)
    for name in names():
        text = document(name).text.lower()
        assert "consent" not in text
        assert "marketing" not in text.replace("marketingregion", "")
    assert "consent" not in json.dumps(list(CustomerSpec.__dataclass_fields__))
