"""Every configuration that is shipped loads, so that nobody's first run starts with a broken example."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neosort_datasets.interchange.class_map import read_class_map
from neosort_datasets.synthetic import KINDS
from neosort_hardware.config import ConfigError, load_line_config, load_toml
from neosort_inference.fleet.settings import load_fleet_config
from neosort_inference.plant.settings import load_plant_config
from neosort_inference.recipe import load_recipe
from neosort_training.config import TrainConfig

pytestmark = pytest.mark.computes

REPOSITORY = Path(__file__).resolve().parents[1]

# A new folder of configurations gets its loader here; without one the test fails.
LOADERS: dict[str, Callable[[Path], object]] = {
    "datasets/configs": lambda path: read_class_map(path, KINDS),
    "hardware/configs": load_line_config,
    "inference/configs": load_recipe,
    "inference/configs/fleet": load_fleet_config,
    "inference/configs/plant": load_plant_config,
    "training/configs": lambda path: load_toml(path, TrainConfig),
}

SHIPPED = sorted(path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("[!.]*/configs/**/*.toml"))


def test_there_is_something_to_load() -> None:
    assert "hardware/configs/twin.toml" in SHIPPED
    assert {name.rpartition("/")[0] for name in SHIPPED} == set(LOADERS)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_config_loads(name: str) -> None:
    folder = name.rpartition("/")[0]
    assert folder in LOADERS, f"{folder} holds configurations but no loader is known for it: add it to LOADERS"
    LOADERS[folder](REPOSITORY / name)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_unknown_key_is_refused_by_name(name: str, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.toml"
    spoilt.write_text("no_such_key = 1\n" + (REPOSITORY / name).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ConfigError, match="no_such_key") as caught:
        LOADERS[name.rpartition("/")[0]](spoilt)
    assert "\n" not in str(caught.value)
