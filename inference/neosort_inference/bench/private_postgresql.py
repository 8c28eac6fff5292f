"""A PostgreSQL server of one's own, on a free port of the loopback address, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

DEBIAN = Path("/usr/lib/postgresql")
USER = "postgres"  # PostgreSQL refuses to run as root
START_WITHIN_S = 60.0


class NoServerError(Exception):
    """No server can be started here. The text says what is missing."""


@contextmanager
def private_postgresql(*, durable: bool = True) -> Iterator[str]:
    """The URL of an empty database on a server that runs meanwhile.

    ``durable``: commits are forced to the disk, as on a plant's server. Raises `NoServerError`.
    """
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="neosort-postgresql-"))
    try:
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            folder.chmod(0o755)
            shutil.chown(data, USER, USER)
        port = _free_port()
        _run([binaries / "initdb", "--no-sync", "-A", "trust", "-U", USER, "-D", data])
        yield from _serve(binaries, data, port, durable=durable)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_schema(url: str) -> Iterator[str]:
    """The URL of an empty schema in the database at ``url``, gone afterwards."""
    name = f"neosort_{uuid4().hex[:12]}"
    server = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        yield server.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def _serve(binaries: Path, data: Path, port: int, *, durable: bool) -> Iterator[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(data),
        "fsync": "on" if durable else "off",
        "max_connections": "20",
        "shared_buffers": "16MB",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (data.parent / "log").open("wb") as log:
        server = subprocess.Popen(_as_user([binaries / "postgres", "-D", data, *options]), stdout=log, stderr=log)
    try:
        _wait_for(server, [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], data.parent / "log")
        yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # its word for: now, whoever is still connected
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _binaries() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda file: float(file.parts[-3]))
    if not versions:
        raise NoServerError("no PostgreSQL server on this machine (Debian package postgresql)")
    return versions[-1].parent


def _as_user(command: Sequence[str | Path]) -> list[str]:
    """The command as somebody whom PostgreSQL serves."""
    words = [str(word) for word in command]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words] if os.geteuid() == 0 else words


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(_as_user(command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoServerError(
            f"{command[0]} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}"
        )


def _wait_for(server: subprocess.Popen[bytes], ready: Sequence[str | Path], log: Path) -> None:
    """Until the server takes connections; ``ready``: the command that says so."""
    give_up_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < give_up_s and server.poll() is None:
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise NoServerError(f"the PostgreSQL server did not start: {log.read_text(errors='replace').strip()[-400:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
