"""An administrator's SQL script as single statements, the way RUNSQLSTM takes it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.labs import ROOT

__all__ = ["RULES", "UNDO", "statements"]

RULES = ROOT / "packaging/ibmi/sandbox_rules.sql"
UNDO = ROOT / "packaging/ibmi/sandbox_rules_undo.sql"

_BEGIN = re.compile(r"BEGIN\b", re.IGNORECASE)
_END = re.compile(r"END\s*;", re.IGNORECASE)


def statements(script: Path) -> list[str]:
    """Split at semicolons that end a line, outside the bodies of triggers; comments go."""
    found: list[str] = []
    lines: list[str] = []
    inside = False
    for raw in script.read_text(encoding="utf-8").splitlines():
        line = re.sub(r"\s*--.*$", "", raw)
        lines.append(line)
        inside = bool(_BEGIN.match(line)) or (inside and not _END.match(line))
        if line.rstrip().endswith(";") and not inside:
            text = "\n".join(lines).strip().rstrip(";").strip()
            lines = []
            if text:
                found.append(text)
    return found
