"""What must exist on the partition: worked out from agent.toml, written as SQL, compared, run."""

from __future__ import annotations
