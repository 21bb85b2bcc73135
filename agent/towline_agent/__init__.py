"""The light agent inside the customer's firewall, beside the IBM i or in PASE."""

from __future__ import annotations
