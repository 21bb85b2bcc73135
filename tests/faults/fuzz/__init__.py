"""Fuzzers for what comes from the wire: frames, sealed frames, events."""
