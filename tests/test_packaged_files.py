"""What lies in a package besides its modules goes along when it is installed."""

from __future__ import annotations

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "hardware/neosort_hardware",
    "datasets/neosort_datasets",
    "inference/neosort_inference",
    "training/neosort_training",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_installed_with_it(package: str) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"][Path(package).name]
    listed = subprocess.run(["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no checkout of git")
    files = [Path(name).relative_to(package).as_posix() for name in listed.stdout.splitlines() if name[-3:] != ".py"]
    assert files
    forgotten = [file for file in files if not any(_matches(file, pattern) for pattern in patterns)]
    assert not forgotten, "add them to package-data"


def _matches(file: str, pattern: str) -> bool:
    return fnmatch(file, pattern) and file.count("/") == pattern.count("/")
