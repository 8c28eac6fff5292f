"""What a line-side device installs: no torch, no renderer, and small enough for its flash."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.computes

REPOSITORY = Path(__file__).resolve().parents[1]
EDGE_PACKAGES = {"neosort_hardware": "hardware", "neosort_datasets": "datasets", "neosort_inference": "inference"}
BLOCKED = ("torch", "torchvision", "onnx", "magpylib", "shapely", "mitsuba", "drjit", "pyoidn", "yaml", "defusedxml")
# What drivers talk through, each in an extra of its own or in `drivers`: a device carries what its line names, no more.
SDKS = ("serial", "cobs", "pymodbus", "gi", "pypylon", "harvesters", "genicam", "iio", "gpiod", "asyncua", "paho")
EDGE_LIMIT_MB = 600
# The sprite builder: of use where the extra `render` is installed, and imported by nobody else.
WORKSHOP = ("neosort_datasets.modelling", "neosort_datasets.rendering")

IMPORT_ALL_WITH_BLOCKED = """
import importlib, importlib.abc, pkgutil, sys

blocked, packages, workshop = set(sys.argv[1].split(",")), sys.argv[2].split(","), tuple(sys.argv[3].split(","))
sdks = sys.argv[4].split(",")

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {*blocked, *sdks}:
            raise ImportError(f"{name.partition('.')[0]} is not on an edge device")

sys.meta_path.insert(0, Block())

def fail(name):
    raise sys.exc_info()[1]

for package in packages:
    root = importlib.import_module(package)
    print(package)
    for found in pkgutil.walk_packages(root.__path__, package + ".", onerror=fail):
        if not found.name.endswith("__main__") and not found.name.startswith(workshop):
            try:
                importlib.import_module(found.name)
            except ImportError as error:
                if not str(error).startswith(tuple(f"{sdk} is" for sdk in sdks)):
                    raise
                print("driver", found.name, sep=":")
            else:
                print(found.name)
"""


def import_with_blocked(blocked: tuple[str, ...], packages: list[str]) -> subprocess.CompletedProcess[str]:
    """Imports every module of ``packages`` in a fresh interpreter that finds none of ``blocked``."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            IMPORT_ALL_WITH_BLOCKED,
            ",".join(blocked),
            ",".join(packages),
            ",".join(WORKSHOP),
            ",".join(SDKS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def modules_on_disk(package: str, folder: str) -> set[str]:
    """Dotted names of all modules of a package that an edge device may load, from its files."""
    root = REPOSITORY / folder
    names = set()
    for file in (root / package).rglob("*.py"):
        parts = file.relative_to(root).with_suffix("").parts
        if parts[-1] != "__main__":
            names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return {name for name in names if not name.startswith(WORKSHOP)}


def test_every_edge_module_imports_without_torch() -> None:
    result = import_with_blocked(BLOCKED, list(EDGE_PACKAGES))
    assert result.returncode == 0, result.stderr
    expected = set().union(*(modules_on_disk(package, folder) for package, folder in EDGE_PACKAGES.items()))
    said = set(result.stdout.split())
    drivers = {name.removeprefix("driver:") for name in said if name.startswith("driver:")}
    assert {name for name in said if ":" not in name} | drivers == expected
    assert "neosort_hardware.diverter_serial" in drivers, "the block blocks"
    assert {"neosort_hardware.line", "neosort_inference.cli"} <= said, "none of them is needed by a line without them"


def test_the_block_blocks() -> None:
    result = import_with_blocked(("numpy",), ["neosort_hardware"])
    assert result.returncode != 0
    assert "numpy is not on an edge device" in result.stderr


def required_by(name: str) -> set[str]:
    """What ``name`` asks for on this machine, without extras; nothing if it is not installed."""
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return set()
    requirements = [Requirement(line) for line in lines]
    return {need.name for need in requirements if need.marker is None or need.marker.evaluate({"extra": ""})}


def edge_distributions() -> set[str]:
    """Canonical names of everything that a plain installation of the product brings along."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = {Requirement(line).name for line in project["dependencies"]}
    found: set[str] = set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            waiting |= required_by(name)
    return found


def test_a_plain_installation_brings_no_torch() -> None:
    found = edge_distributions()
    assert {"numpy", "onnxruntime", "nicegui", "mcap"} <= found
    assert found.isdisjoint({*BLOCKED, "triton", "scipy", "plotly", "onnxscript"})
    assert not [name for name in found if name.startswith("nvidia-")]


def test_a_plain_installation_is_small() -> None:
    total = 0
    for name in edge_distributions():
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:
            continue
        total += sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())
    assert 100 < total / 1e6 < EDGE_LIMIT_MB


@pytest.mark.parametrize("name", ["torch", "torchvision", "onnxruntime", "numpy", "pydantic", "nicegui"])
def test_constraints_pin_what_is_installed(name: str) -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert distribution(name).version.split("+")[0] == pinned[name]
