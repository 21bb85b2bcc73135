"""``[policy]`` of agent.toml: the customer's allow-list."""

from __future__ import annotations

from towline_agent.config_formats import object_names
from towline_agent.ibmi.port import QueueName
from towline_agent.policy import DOCUMENTS, FileName, FunctionName, Policy, ProgramName
from towline_shared.config import Section

__all__ = ["read_policy"]


def read_policy(section: Section) -> Policy:
    """Read the table.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only("libraries", "files", "queues", "programs", "functions", "documents")
    return Policy(
        libraries=frozenset(section.texts("libraries")),
        files=frozenset(FileName(*pair) for pair in object_names(section, "files")),
        queues=frozenset(QueueName(*pair) for pair in object_names(section, "queues")),
        programs=frozenset(ProgramName(*pair) for pair in object_names(section, "programs")),
        functions=frozenset(FunctionName(*pair) for pair in _functions(section)),
        documents=_documents(section),
    )


def _functions(section: Section) -> list[tuple[str, str]]:
    """Read LIBRARY/NAME of functions, whose names may be as long as SQL allows."""
    pairs = []
    for text in section.texts("functions", ()):
        library, slash, name = text.upper().partition("/")
        if not (slash and library and name and "/" not in name):
            raise section.wrong("functions", text, "must be written LIBRARY/NAME")
        pairs.append((library, name))
    return pairs


def _documents(section: Section) -> frozenset[str]:
    kinds = section.texts("documents", sorted(DOCUMENTS))
    for kind in kinds:
        if kind not in DOCUMENTS:
            raise section.wrong("documents", kind, f"must be among {', '.join(sorted(DOCUMENTS))}")
    return frozenset(kinds)
