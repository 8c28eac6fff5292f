"""What a line is told of its plant's broker: a small TOML file of its own (``neosort run --fleet FILE``).

It is apart from the line's configuration because that goes into every recording, where nobody's broker belongs.
Passwords stand in files of their own and never in a configuration, a URL or a list of processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from neosort_hardware.section import ConfigError, Section, load_toml
from neosort_inference.fleet.topics import level

PORTS = {"mqtt": 1883, "mqtts": 8883}
EVERYBODY = 0o007  # what a password's file must not grant
CONTAINERS_OWN = Path("/run/secrets")  # whose files a container engine shows to one container, with the host's mode


def _broker_url(url: str) -> str:
    """Checked; raises ValueError in words for a technician."""
    parts = urlsplit(url)
    if parts.password is not None:
        raise ValueError("a broker's URL takes no password; write it into a file and name that in password_file")
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"{url!r} is no broker: mqtt://HOST, mqtt://USER@HOST:PORT, or mqtts://… for TLS")
    _ = parts.port  # raises ValueError for a number that is none
    return url


class BrokerConfig(Section):
    """An MQTT 5 broker, and who one is there."""

    url: Annotated[str, AfterValidator(_broker_url)] = Field(description="mqtt://USER@HOST:PORT, mqtts://… for TLS")
    password_file: Path | None = Field(None, description="holds the user's password, and is nobody else's to read")
    ca_file: Path | None = Field(None, description="TLS: who vouches for the broker (PEM); left out: the system's own")
    certificate_file: Path | None = Field(None, description="TLS: this client's certificate (PEM)")
    key_file: Path | None = Field(None, description="TLS: its private key (PEM)")
    keepalive_s: int = Field(15, ge=2, le=600, description="a broker silent for longer counts as gone")
    longest_wait_s: float = Field(30.0, ge=0.1, le=3600, description="between two attempts to reach a broker")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.password_file is not None and not self.username:
            raise ValueError(f"password_file without a user: write url = '{urlsplit(self.url).scheme}://USER@…'")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together")
        if not self.tls and (self.ca_file or self.certificate_file):
            raise ValueError("ca_file and certificate_file need TLS: write url = 'mqtts://…'")
        return self

    @property
    def tls(self) -> bool:
        """Whether the way there is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        """Its name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port: 1883, 8883 with TLS, where the URL names none."""
        return urlsplit(self.url).port or PORTS[urlsplit(self.url).scheme]

    @property
    def username(self) -> str:
        """Who one is there; empty: nobody in particular."""
        return unquote(urlsplit(self.url).username or "")

    def password(self) -> str | None:
        """From its file; None where there is none. Raises `ConfigError`."""
        if self.password_file is None:
            return None
        try:
            mode, told = self.password_file.stat().st_mode, self.password_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"password_file {self.password_file}: cannot be read ({error})") from error
        if mode & EVERYBODY and self.password_file.parent != CONTAINERS_OWN:
            raise ConfigError(
                f"password_file {self.password_file}: everybody may read it (mode {mode & 0o777:04o}); "
                f"chmod 640 {self.password_file}"
            )
        return told.rstrip("\r\n")


class FleetConfig(Section):
    """What a line tells, and whom."""

    plant: Annotated[str, AfterValidator(level)] = Field("plant", description="first level of the topics")
    line: Annotated[str, AfterValidator(level)] | None = Field(
        None,
        description="second level; left out: the line's name. Unique in the plant, for it is the client's name too",
    )
    broker: BrokerConfig
    passport_within_s: float = Field(
        20.0, ge=0, le=600, description="a closed lot is told with its passport, or without one after so long"
    )
    telemetry_every_s: float = Field(5.0, ge=0.2, le=3600, description="how the line stands; at once when that changes")


def load_fleet_config(path: Path) -> FleetConfig:
    """From a TOML file. Raises `ConfigError`."""
    return load_toml(path, FleetConfig)
