"""The same ledger on SQLite and on PostgreSQL: a private server, or the one that PG_URL names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from neosort_inference.bench.private_postgresql import NoServerError, private_postgresql
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
    """An empty ledger there, in a schema of its own that is gone afterwards."""
    name = f"neosort_{uuid4().hex[:12]}"
    server = make_url(postgresql).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    yield server.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, place):
    """An empty ledger's URL, on each database."""
    return place.url if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
