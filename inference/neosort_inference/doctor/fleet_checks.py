"""The way to the plant's broker: reached, let in, and how much waits to be told."""

from __future__ import annotations

from pathlib import Path

from neosort_hardware.config import ConfigError, LineConfig
from neosort_inference.doctor.finding import Finding, fault, warning, well
from neosort_inference.state import State, state_folder

MANY_WAITING = 1000
_REMEDIES = {
    "unreachable": "is the broker on, and does a firewall let this machine through? (nc -vz HOST PORT)",
    "refused": "user, password and certificates: see [broker] in that file and the broker's own log",
    "silent": "it takes the connection and says nothing: look at the broker",
    "garbled": "is that an MQTT 5 broker? With TLS its port is mostly 8883 and the URL begins with mqtts://",
}


def examine_fleet(file: Path, config: LineConfig) -> list[Finding]:
    """What a run with that file would meet. The line itself may publish meanwhile: this is another client."""
    from neosort_inference.fleet.link import setup_of  # noqa: PLC0415 (most lines stand by themselves)
    from neosort_inference.fleet.settings import load_fleet_config  # noqa: PLC0415

    try:
        setup = setup_of(load_fleet_config(file), config.name, State(folder=state_folder()), None)
    except ConfigError as error:
        return [fault("fleet", str(error), "mend that; without --fleet nobody is told")]
    from neosort_inference.fleet.connection import ConnectionLostError, reach  # noqa: PLC0415
    from neosort_inference.fleet.outbox import OutboxError, waiting_in  # noqa: PLC0415

    name = f"broker {setup.config.broker.url}, as {setup.place_in_fleet}"
    try:
        reach(setup.config.broker, f"{setup.client_id}-doctor")
        found = well("fleet", f"{name}: lets us in")
    except (ConnectionLostError, ConfigError) as error:
        state = error.state if isinstance(error, ConnectionLostError) else "refused"
        found = warning("fleet", f"{name}: {state}, {error}", _REMEDIES.get(state, "see the broker's own log"))
    try:
        return [found, _waiting(waiting_in(setup.outbox))]
    except OutboxError as error:
        return [found, fault("outbox", str(error), "move that file away; what it held is lost")]


def _waiting(count: int) -> Finding:
    said = f"{count:,} alarms and lots wait for the broker"
    if count >= MANY_WAITING:
        return warning("outbox", said, "they are safe, and told when it is there again: look at the broker")
    return well("outbox", said)
