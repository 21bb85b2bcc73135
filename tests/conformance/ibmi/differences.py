"""What a road can't show of the suite, each with its reason; everything else runs on every road.

A line here is a promise about the *stand-in*, never about the driver: a driver that fails a check
is mended.
"""

from __future__ import annotations

from collections.abc import Mapping

from towline_agent.conformance.bench import Capability

__all__ = ["DIFFERENCES"]

DIFFERENCES: Mapping[str, Mapping[Capability, str]] = {
    "in process": {},
    "over TCP": {},
    "ODBC lab": {
        Capability.UNREADABLE_CELLS: "SQL can't write bytes that are no number into a number.",
        Capability.BINARY_KEYS: "The SQL services of data queues take keys as text only.",
    },
}
