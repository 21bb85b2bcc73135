"""The relay in the cloud: the one door to Shopify and the meeting point of the agents."""

from __future__ import annotations
