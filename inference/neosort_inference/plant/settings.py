"""How the plant's control system may reach the line: address, certificate, who may command."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from neosort_hardware.section import ConfigError, Section, load_toml


class PlantConfig(Section):
    """The OPC UA server. Without a certificate it offers plain channels, on which everybody reads and nobody commands.

    ``uri``: the server's application URI, that of its certificate. ``anonymous``: may read. ``clients``: certificates
    of clients that need no password, and the accounts that they stand for.
    """

    host: str = Field("127.0.0.1", min_length=1, max_length=255, description="address to listen on; 0.0.0.0: every")
    port: int = Field(4840, ge=1, le=65_535)
    uri: str = Field("urn:neosort:line", min_length=1, max_length=255)
    certificate: Path | None = None
    private_key: Path | None = None
    anonymous: bool = True
    clients: dict[str, Path] = Field({}, max_length=100, description="by the name of an account of this machine")
    recipes: dict[str, Path] = Field({}, description="those that may be chosen from, by name")
    most_clients: int = Field(16, ge=1, le=200)
    fastest_ms: float = Field(100.0, ge=50, le=10_000, description="no subscription is published more often")
    most_memory_mb: float = Field(512.0, ge=200, le=8192, description="beyond, the server is started anew")

    @model_validator(mode="after")
    def _key_to_certificate(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together: make both with 'neosort opcua certificate'")
        if self.certificate is None and (self.clients or not self.anonymous):
            raise ValueError(
                "accounts are only let in over encrypted channels: that needs certificate and private_key, made with "
                "'neosort opcua certificate'"
            )
        return self


def load_plant_config(path: Path) -> PlantConfig:
    """The settings of a TOML file, files beside it found and readable. Raises `ConfigError` with one sentence."""
    config = load_toml(path, PlantConfig)
    base = path.resolve().parent
    found = config.model_copy(
        update={
            "certificate": None if config.certificate is None else base / config.certificate,
            "private_key": None if config.private_key is None else base / config.private_key,
            "clients": {name: base / certificate for name, certificate in config.clients.items()},
            "recipes": {name: base / recipe for name, recipe in config.recipes.items()},
        }
    )
    for file in (found.certificate, found.private_key, *found.clients.values(), *found.recipes.values()):
        if file is not None and not file.is_file():
            raise ConfigError(f"{path}: {file} is not there")
    return found
