"""Which of the installed bundles a line sorts by, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from neosort_datasets.window import WindowGrid
from neosort_hardware.config import LineConfig, load_line_config
from neosort_inference.bench.twin import rated
from neosort_inference.bundle import BundleError, read_metadata
from neosort_inference.bundle_choice import choose_bundle, cover_of, installed_bundles

pytestmark = pytest.mark.computes

WIDE_LINE = load_line_config(Path(__file__).parents[2] / "hardware" / "configs" / "twin-wide.toml")
NARROW, WIDE = WindowGrid(), WindowGrid(rows=320, cols=1024)


def test_how_windows_lie_on_a_belt():
    assert (cover_of(NARROW, LineConfig()).lanes, cover_of(NARROW, LineConfig()).hop_mm) == (1, 256.0)
    assert cover_of(WIDE, LineConfig()).passes_per_m == 2 * cover_of(NARROW, LineConfig()).passes_per_m
    assert (cover_of(NARROW, WIDE_LINE).lanes, cover_of(WIDE, WIDE_LINE).lanes) == (2, 1)
    assert cover_of(WIDE, WIDE_LINE).passes_per_m == 6.25


@pytest.mark.parametrize(("config", "name"), [(LineConfig(), "neosort.onnx"), (WIDE_LINE, "neosort-wide.onnx")])
def test_a_line_gets_the_installed_bundle_that_covers_its_belt_in_fewest_passes(config, name):
    choice = choose_bundle(None, config)
    assert choice.path.name == name
    assert (
        f"{config.belt.width_mm:g} mm takes {cover_of(read_metadata(choice.path).grid, config).passes_per_m:.1f}"
        in (choice.why)
    )
    assert all(path.name in choice.why for path in installed_bundles()), "the others' passes are told too"


def test_what_is_asked_for_is_taken_whatever_the_belt():
    asked = installed_bundles()[0]
    assert choose_bundle(asked, WIDE_LINE).path == asked
    assert "as asked for" in choose_bundle(asked, WIDE_LINE).why


def test_installed_bundles_are_of_one_network_and_know_the_same_kinds():
    narrow, wide = (read_metadata(path) for path in installed_bundles())
    assert narrow.kinds == wide.kinds
    assert (narrow.grid.rows, narrow.grid.cols) == (512, 640)
    assert (wide.grid.rows, wide.grid.cols) == (320, 1024)
    assert (narrow.training.command, narrow.training.steps) == (wide.training.command, wide.training.steps)
    assert narrow.training.datasets == wide.training.datasets


def test_a_torn_bundle_is_passed_over_and_named_and_without_any_there_is_none(tmp_path):
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(installed_bundles()[1].read_bytes()[:4_000_000])
    choice = choose_bundle(None, WIDE_LINE, (installed_bundles()[0], torn))
    assert choice.path == installed_bundles()[0]
    assert f"passed over: {torn}" in choice.why
    with pytest.raises(BundleError, match=r"torn\.onnx"):
        choose_bundle(None, WIDE_LINE, (torn,))
    with pytest.raises(BundleError, match="no model bundle is installed"):
        choose_bundle(None, WIDE_LINE, ())


def test_the_wide_line_is_the_rated_one():
    assert WIDE_LINE.model_copy(update={"name": "line"}) == rated(LineConfig()).model_copy(update={"name": "line"})
