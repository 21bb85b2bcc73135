"""From events to calls: rules, decisions and the engine that carries them out."""

from __future__ import annotations
