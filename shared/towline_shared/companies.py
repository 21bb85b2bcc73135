"""Parts of a business customer of the shop: its places, and the people who buy for it."""

from __future__ import annotations

from dataclasses import dataclass

from towline_shared.orders import Address

__all__ = ["CompanyContact", "CompanyPlace"]


@dataclass(frozen=True, slots=True)
class CompanyPlace:
    """A location of a company of the shop.

    Attributes:
        number: the ERP's, Shopify's external id; empty while the ERP does not know the place.
        terms: name of the payment terms, such as ``Net 30``; empty when it has none.
        tax_exempt: the shop charges no tax there.
        bill_to: empty when bills go where goods go.
    """

    place_gid: str
    number: str = ""
    name: str = ""
    phone: str = ""
    tax_id: str = ""
    tax_exempt: bool = False
    terms: str = ""
    ship_to: Address = Address()  # noqa: RUF009 - it is frozen
    bill_to: Address = Address()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True, slots=True)
class CompanyContact:
    """A customer of the shop who buys for a company.

    Attributes:
        customer_gid: who it is; ``number`` the ERP's number of that customer, if it has one.
        main: the company's main contact.
    """

    contact_gid: str
    customer_gid: str
    number: str = ""
    main: bool = False
    title: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
