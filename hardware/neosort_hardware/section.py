"""What every configuration is made of: frozen sections read from TOML, refused in one sentence where they are wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

_Section = TypeVar("_Section", bound=BaseModel)


class ConfigError(Exception):
    """A configuration cannot be used. The text names file, key, value and limit in one sentence."""


class Section(BaseModel):
    """Base of every section: frozen, and strict about what it is given."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def load_toml(path: Path, section: type[_Section]) -> _Section:
    """Read a TOML file into ``section``. Raises `ConfigError` with one sentence for the first thing wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML ({error})") from error
    try:
        return section.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe_invalid(error)}") from error


def describe_invalid(error: ValidationError) -> str:
    """The first thing wrong, as 'key = value: limit', and how many more there are."""
    first, *others = error.errors(include_url=False)
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        text = f"unknown key '{key}' = {first['input']!r}"
    elif first["type"] == "missing":
        text = f"{key} is missing"
    elif key:
        text = f"{key} = {first['input']!r}: {first['msg']}"
    else:
        text = str(first["msg"]).removeprefix("Value error, ")
    return text + (f" (and {len(others)} more)" if others else "")
