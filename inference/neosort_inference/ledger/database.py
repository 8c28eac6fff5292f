"""A ledger's database: SQLite or PostgreSQL by URL, its schema brought up to date when it is opened.

SQLite runs with a write-ahead log that is forced to the disk at every commit (synchronous=FULL), so that neither the
end of a process nor of the power takes a committed record away. PostgreSQL does so by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from neosort_inference.ledger.records import LedgerError

NEWEST = "0002"  # the last revision in `migrations`, held to it by a test
BUSY_S = 10.0  # how long one writer waits for another on SQLite
CONNECT_S = 5
_UPGRADE_LOCK = 0x6E656F  # PostgreSQL: one process at a time brings the schema up to date
_MIGRATIONS = "neosort_inference.ledger.migrations"


class Database:
    """Connections to one ledger. Raises `LedgerError` when it cannot be opened, in one sentence without a password."""

    def __init__(self, url: str) -> None:
        self.url = parsed(url)
        self.name = self.url.render_as_string(hide_password=True)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        try:
            self.engine = _sqlite(self.url) if self.sqlite else _postgresql(self.url)
        except OSError as error:
            raise LedgerError(f"ledger {self.name}: cannot be opened ({error.strerror})") from error
        try:
            self._bring_up_to_date()
        except SQLAlchemyError as error:
            self.close()
            raise LedgerError(f"ledger {self.name}: cannot be opened ({cause_of(error)})") from error
        except LedgerError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the ledger, however long it reads."""
        with self.engine.connect() as connection:
            yield connection if self.sqlite else connection.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, rolled back when that is not reached."""
        with self.engine.connect() as connection, connection.execution_options(writes=True).begin():
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def _bring_up_to_date(self) -> None:
        if self._revision() == NEWEST:
            return
        with self.writing() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            _upgrade(connection, self.name)

    def _revision(self) -> str | None:
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def parsed(url: str) -> URL:
    """``sqlite:///FILE``, ``postgresql+psycopg://…`` (also without ``+psycopg``), or a file's path for SQLite.

    Raises `LedgerError` for anything else.
    """
    if "://" not in url:
        return URL.create("sqlite", database=str(Path(url).expanduser()))
    try:
        made = make_url(url)
        backend = made.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise LedgerError(f"ledger {url!r}: not a database URL") from error
    if backend == "postgresql":
        return made.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise LedgerError(f"ledger {made.drivername}://…: only sqlite and postgresql are known")
    if made.database in (None, "", ":memory:"):
        raise LedgerError("ledger sqlite: wants a file, like sqlite:////var/lib/neosort/ledger.db")
    return made


def cause_of(error: Exception) -> str:
    """What went wrong, on one line, without the statement that met it."""
    told = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
    return told.strip().partition("\n")[0] or type(error).__name__


def _sqlite(url: URL) -> Engine:
    assert url.database is not None
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where the module guesses
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock at once: one that reads first and then wants to write may be refused for ever.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, connect_args={"connect_timeout": CONNECT_S}, pool_pre_ping=True)
    except ImportError as error:
        raise LedgerError(
            f"ledger {url.render_as_string(hide_password=True)}: PostgreSQL needs the extra 'postgresql' "
            "(pip install 'neosort[postgresql]')"
        ) from error


def _upgrade(connection: Connection, name: str) -> None:
    """Run what revisions are missing. Alembic is imported where it is needed: once in a ledger's life, most often."""
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    script = ScriptDirectory(str(files(_MIGRATIONS)))

    def missing(revision: Any, _context: MigrationContext) -> Any:  # noqa: ANN401
        return script._upgrade_revs("head", revision)

    try:
        with EnvironmentContext(Config(), script, fn=missing) as environment:
            environment.configure(connection=connection, target_metadata=None)
            environment.run_migrations()
    except CommandError as error:
        raise LedgerError(f"ledger {name}: of a newer version of neosort ({error})") from error
