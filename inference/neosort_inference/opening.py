"""What a command opens before it begins, and what it makes sure of: nobody waits an hour for a refusal."""

from __future__ import annotations

import tempfile
from pathlib import Path

from neosort_hardware.config import ConfigError, LineConfig, at_belt_speed, load_line_config
from neosort_inference.bundle import Bundle, load_bundle
from neosort_inference.bundle_choice import choose_bundle
from neosort_inference.recipe import Recipe, load_recipe


def bundle_path(path: Path | None, config: LineConfig | None = None) -> Path:
    """The bundle asked for, or of those that are shipped the one for that line (the simulated one as built in).

    Raises `BundleError`.
    """
    return choose_bundle(path, config or LineConfig()).path


def open_bundle(path: Path | None, config: LineConfig | None = None) -> Bundle:
    """The bundle that `bundle_path` names. Raises `BundleError`."""
    return load_bundle(bundle_path(path, config))


def open_recipe(path: Path | None) -> Recipe:
    """The recipe asked for, or the default. Raises `ConfigError`."""
    return Recipe() if path is None else load_recipe(path)


def open_config(path: Path | None, belt_speed_m_per_s: float | None = None) -> LineConfig:
    """The line asked for, or the simulated one as built in, at another belt speed where one is given.

    Raises `ConfigError`.
    """
    config = LineConfig() if path is None else load_line_config(path)
    return config if belt_speed_m_per_s is None else at_belt_speed(config, belt_speed_m_per_s)


def must_take_files(option: str, directory: Path) -> None:
    """Make ``directory`` where it is missing, and see that a file can be written there. Raises `ConfigError`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise ConfigError(f"{option} {directory}: cannot be written ({error.strerror})") from error


def must_be_new(option: str, file: Path) -> None:
    """See that ``file`` can be made and is not there yet. Raises `ConfigError`."""
    if file.exists():
        raise ConfigError(f"{option} {file}: exists already, and a recording is never overwritten")
    must_take_files(option, file.parent)
