"""`neosort-data synth --belts`: real belts in the pictures, the same items and labels; the store tells of them."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from neosort_datasets.cli import app
from neosort_datasets.store import WindowStore
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
