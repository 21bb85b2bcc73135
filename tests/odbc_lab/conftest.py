"""One stand-in for all tests of a run; each test has a library of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from tests.odbc_lab.partition import Partition
from towline_sandbox.odbc.lab import LabServer, find_lab

os.environ.setdefault("LC_ALL", "C.UTF-8")  # IBM's driver takes its code page from here

_numbers = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """The server; a test that kills it starts one of its own."""
    state = tmp_path_factory.mktemp("odbc-lab")
    with LabServer(find_lab(), state, lock_wait_s=1) as running:
        yield running


@pytest.fixture
def partition(server: LabServer) -> Iterator[Partition]:
    """A library of the test's own, and connections that are closed after it."""
    with ExitStack() as closing:
        made = Partition(server, f"LAB{next(_numbers):03}", closing)
        made.run(f"CREATE SCHEMA {made.library}")
        yield made
