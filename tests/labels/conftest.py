"""What the tests of labels share: one PostgreSQL server, and a database for each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from postgres import Server, binaries, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = binaries()
    if programs is None or os.name == "nt":
        pytest.skip("PostgreSQL is not installed and could not be (see bootstrap.py)")
    with running(programs) as started:
        yield started
