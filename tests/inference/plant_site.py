"""A loop that takes orders, an OPC UA server over it, and clients: what the tests of the plant's side are made of."""

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import argon2
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from tests.hardware.modbus_peers import free_port

from neosort_inference.access.accounts import Accounts
from neosort_inference.access.audit import AuditTrail
from neosort_inference.access.database import Database
from neosort_inference.access.passwords import Passwords
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import RefusedError, StartSorting
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.plant.certificate import make_certificate
from neosort_inference.plant.line_server import LineServer
from neosort_inference.plant.rights import der_of
from neosort_inference.plant.settings import PlantConfig
from neosort_inference.services.recipes import Recipes
from neosort_inference.state import State
from neosort_inference.telemetry import Telemetry

PASSWORD = "correct horse battery"
SNAPSHOT = Telemetry(started_ns=0).snapshot(10_000_000_000, 10_000.0, 1.0)


def alarmed(snapshot=SNAPSHOT):
    """A snapshot with the interlock open."""
    book = AlarmBook()
    book.raise_("interlock.opened", "guard 2", 1)
    return replace(snapshot, alarms=book.open, faults=("interlock open",), state="stopped", items_seen=7)


class Loop:
    """In the loop's place: keeps orders, refuses what it is told to."""

    def __init__(self):
        self.orders, self.refuses = [], None
        self._lock = threading.Lock()

    def ask(self, order, by, within_s=5.0):
        with self._lock:
            self.orders.append((order, by))
        if self.refuses is not None:
            raise RefusedError("not now", self.refuses)
        return {"stopped_by": "interlock open"} if isinstance(order, StartSorting) else {"acknowledged": 2}


def certified(folder: Path, uri: str) -> tuple[Path, Path]:
    return make_certificate(folder, uri, ("127.0.0.1", "localhost"), 30)


def peopled(folder: Path) -> Accounts:
    """Accounts, one of every role that matters here; their passwords cost nothing to check."""
    cheap = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts = Accounts(Database(State(folder=folder).accounts), cheap)
    for name, role in (("eve", Role.ENGINEER), ("otto", Role.OPERATOR), ("olga", Role.OPERATOR), ("vic", Role.VIEWER)):
        accounts.add(name, role, PASSWORD, "test")
    return accounts


def settings(folder: Path, **more) -> PlantConfig:
    """An encrypted server that knows one client, a panel, by its certificate, as otto's."""
    certificate, key = certified(folder / "server", "urn:neosort:line")
    panel, _ = certified(folder / "panel", "urn:test:panel")
    told = {"port": free_port(), "certificate": certificate, "private_key": key, "clients": {"otto": panel}}
    return PlantConfig.model_validate(told | {"recipes": {"fine": folder / "fine.toml"}} | more)


@asynccontextmanager
async def serving(config: PlantConfig, loop: Loop, accounts: Accounts, trail: AuditTrail, folder: Path):
    """A server that shows `SNAPSHOT`, over the recipes of a state ``folder``. It takes some seconds to start: tests
    share one where they can."""
    async with LineServer(config, loop, accounts, trail, Recipes(State(folder=folder).recipes, loop)) as server:
        await server.show(SNAPSHOT)
        yield server


def url_of(config: PlantConfig) -> str:
    return f"opc.tcp://127.0.0.1:{config.port}/"


@asynccontextmanager
async def client_of(config: PlantConfig, name=None, password=PASSWORD, *, certificate=None, shows=None, timeout=60):
    """Connected; encrypted where it has a certificate: a folder of `certified`. ``shows``: one on a plain channel."""
    client = Client(url_of(config), timeout=timeout, watchdog_intervall=60)
    client.session_timeout = 60_000
    if shows is not None:
        client.security_policy.host_certificate = der_of(shows / "certificate.pem")
    if certificate is not None:
        client.application_uri = "urn:test:panel"
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            str(certificate / "certificate.pem"),
            str(certificate / "private_key.pem"),
            server_certificate=str(config.certificate),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
    if name is not None:
        client.set_user(name)
        client.set_password(password)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def call(client, method, *arguments):
    root = client.get_node("ns=2;s=Line")
    return await root.call_method(f"2:{method}", *arguments)


async def shown(client, path):
    """A value with its status, whatever that is."""
    found = await client.get_node(f"ns=2;s=Line.{path}").read_data_value(raise_on_bad_status=False)
    return found.Value.Value, found.StatusCode.name


async def settled(what, seconds=60.0):
    """Waits until ``what()`` is true."""
    for _ in range(round(seconds / 0.05)):
        if found := what():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("did not come to pass")
