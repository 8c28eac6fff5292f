"""How the page's process is to serve: what the loop's process tells it at its start. Costs no library to import."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from neosort_inference.state import State, state_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """``simulated``: the line is a twin, nothing on it can hurt anybody. ``first_secret``: what the first admin's
    account can be made with, None: only on the command line. ``local_only``: served to this machine alone."""

    state: State = field(default_factory=lambda: State(folder=state_folder()))
    simulated: bool = False
    first_secret: str | None = None
    local_only: bool = True


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
