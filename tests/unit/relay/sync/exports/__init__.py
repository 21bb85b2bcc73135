"""Exports: the engine, and who uses it."""
