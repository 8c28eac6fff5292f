"""How the page's process is to serve: what the loop's process tells it at its start. Costs no library to import."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, field

from neosort_hardware.config import ConfigError, LineConfig
from neosort_inference.access.database import AccountError, any_account
from neosort_inference.state import State, state_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """``config``: the line as it was configured. ``simulated``: it is a twin, nothing on it can hurt anybody.
    ``first_secret``: what the first admin's account can be made with, None: only on the command line. ``ledger``: as
    asked for, see `ledger.beginning.ledger_url`."""

    state: State = field(default_factory=lambda: State(folder=state_folder()))
    config: LineConfig = field(default_factory=LineConfig)
    simulated: bool = False
    first_secret: str | None = None
    ledger: str | None = field(default=None, repr=False)  # may hold a password


def serving_of(config: LineConfig, state: State, *, show_secret: bool, ledger: str | None = None) -> Serving:
    """How a line is served whose state that is. ``show_secret``: somebody looks on, to whom the one-time
    secret of a first start can be shown; it goes into no log. Raises `ConfigError`."""
    try:
        first = not any_account(state.accounts)
    except AccountError as error:
        raise ConfigError(str(error)) from error
    return Serving(
        state=state,
        config=config,
        simulated=is_simulated(config),
        first_secret=one_time_secret() if first and show_secret else None,
        ledger=ledger,
    )


def is_simulated(config: LineConfig) -> bool:
    """Whether every device of the line is the twin's."""
    slots = (config.encoder, config.camera, config.magnetometer, config.diverter, config.interlock)
    fitted = (slot for slot in (config.heavy_diverter, config.plant) if slot is not None)
    return all(slot.driver == "sim" for slot in (*slots, *fitted))


def one_time_secret() -> str:
    """Something that a person can copy from one screen to another: 100 random bits in groups of five."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    drawn = "".join(secrets.choice(letters) for _ in range(20))
    return "-".join(drawn[start : start + 5] for start in range(0, 20, 5))


def loopback(host: str) -> bool:
    """Whether that address or name is this machine's own, spoken to by itself."""
    name = host.strip("[]").partition("%")[0]
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool(address.is_loopback or (mapped is not None and mapped.is_loopback))
