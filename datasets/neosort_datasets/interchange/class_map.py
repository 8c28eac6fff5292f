"""A class map: which kind of the catalogue a data set's class is, as TOML.

::

    # Classes that are not listed; left out: every class must be listed.
    others = ""

    [classes]
    "Mobile phone" = "phone"
    "0" = "hdd35"
    "3" = ""            # leave its boxes out
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from neosort_hardware.config import ConfigError, Section, load_toml


class ClassMap(Section):
    """``classes``: external class → kind, "" drops its boxes. ``others``: the same for all that are not listed."""

    classes: dict[str, str]
    others: str | None = None

    def kind_of(self, label: str) -> str | None:
        """The kind, "" where boxes of ``label`` are to be dropped, None where the map does not say."""
        return self.classes.get(label, self.others)

    def require(self, labels: Iterable[str], named_in: Path) -> None:
        """Raises `ConfigError`, naming them, where it does not say what some of ``labels`` are."""
        unknown = sorted({label for label in labels if self.kind_of(label) is None})
        if unknown:
            names = ", ".join(f"'{label}'" for label in unknown)
            raise ConfigError(f'{named_in}: does not say what the source\'s {names} are ("" drops a class)')


def read_class_map(path: Path, kinds: Collection[str]) -> ClassMap:
    """The map in a TOML file; ``kinds``: those of the catalogue. Raises `ConfigError`."""
    class_map = load_toml(path, ClassMap)
    named = {*class_map.classes.values(), class_map.others or ""} - {""}
    if strange := sorted(named - set(kinds)):
        raise ConfigError(f"{path}: no kind '{strange[0]}' in the catalogue; kinds are {', '.join(kinds)}")
    return class_map
