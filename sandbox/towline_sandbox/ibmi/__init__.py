"""A simulated IBM i: ERP files, triggers, an outbox, data queues and the programs that use them.

One SQLite file holds everything, so that another process may open it and check. What is modelled
and what is not stands at the head of each module, with the source of each assumption; a line marked
"general knowledge" is listed in docs/unverified.md until somebody has seen it on a real machine.
"""

from __future__ import annotations
