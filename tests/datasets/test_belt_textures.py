"""`neosort-data synth --belts --clutter`: real belts and real waste in the pictures; the store tells of them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from neosort_datasets.cli import app
from neosort_datasets.store import WindowStore
from neosort_datasets.synthesis import SynthPlan
from neosort_datasets.synthetic import labelled_windows
from neosort_hardware.config import ConfigError, LineConfig


@pytest.fixture
def belts(tmp_path):
    folder = tmp_path / "belts"
    folder.mkdir()
    stripes = np.clip(90 + 60 * np.sin(np.arange(240) / 2)[:, None] + np.zeros((240, 240)), 0, 255)
    cv2.imwrite(str(folder / "stripes.png"), stripes.astype(np.uint8))
    return folder


def test_real_belts_change_the_pictures_and_nothing_else(belts):
    differ = []
    for seed in range(4):
        (plain,), (shown,) = (
            tuple(labelled_windows(LineConfig(), "train", seed, 1, folder)) for folder in (None, belts)
        )
        differ.append(not np.array_equal(plain.window.picture, shown.window.picture))
        assert np.array_equal(plain.window.field_ut, shown.window.field_ut)
        assert plain.items == shown.items
    assert any(differ)


def test_the_command_takes_a_folder_and_refuses_one_without_pictures(belts, tmp_path):
    store = tmp_path / "store"
    arguments = ["synth", str(store), "--windows", "2", "--workers", "1", "--belts"]
    assert CliRunner().invoke(app, [*arguments, str(belts)]).exit_code == 0
    assert "belts" in WindowStore(store).entries[0].origin
    (tmp_path / "none").mkdir()
    refused = CliRunner().invoke(app, ["synth", str(tmp_path / "other"), *arguments[2:], str(tmp_path / "none")])
    assert isinstance(refused.exception, ConfigError)
    assert "no pictures of belts" in str(refused.exception)


def test_clutter_changes_what_foreign_matter_is_and_the_store_tells_of_it(tmp_path):
    folder = tmp_path / "clutter" / "kind"
    folder.mkdir(parents=True)
    for number in range(12):
        picture = np.full((192, 256, 3), 225, np.uint8)
        cv2.rectangle(picture, (90, 60), (170, 120), (40, 60, 200), cv2.FILLED)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    models = {
        item.model
        for labelled in labelled_windows(LineConfig(), "train", 3, 30, clutter=tmp_path / "clutter")
        for item in labelled.items
        if item.kind == "foreign"
    }
    assert any(name.startswith("foreign-kind.") for name in models)
    plan = SynthPlan(line=LineConfig(), split="train", seed=1, windows=9)
    with_clutter = replace(plan, clutter=tmp_path / "clutter").origin
    assert with_clutter.startswith(plan.origin)
    (folder / "0.png").unlink()
    assert replace(plan, clutter=tmp_path / "clutter").origin != with_clutter
