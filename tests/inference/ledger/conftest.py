"""The same ledger on SQLite and on PostgreSQL: a private server, or the one that PG_URL names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from neosort_inference.bench.private_postgresql import NoServerError, own_schema, private_postgresql
from neosort_inference.ledger.place import Place

MEMORY = Path("/dev/shm")


@pytest.fixture
def place():
    """An empty folder for a ledger; in memory where there is such a disk, for every commit waits for it."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Place(folder=Path(folder) / "ledger")


@pytest.fixture(scope="session")
def postgresql():
    """A server's URL; the test skips where there is none."""
    if given := os.environ.get("PG_URL"):
        yield given
        return
    pytest.importorskip("psycopg", reason="PostgreSQL's client is not installed (extra postgresql)")
    try:
        with private_postgresql(durable=False) as url:
            yield url
    except NoServerError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgresql_url(postgresql):
    """An empty ledger there, gone afterwards."""
    with own_schema(postgresql) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, place):
    """An empty ledger's URL, on each database."""
    return place.url if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
