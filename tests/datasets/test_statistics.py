"""The statistics page: right numbers, everything inside it, nothing of a source's text alive in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.datasets.data_sets import labelled
from tests.datasets.window_stores import GRID, item, window, writer

from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_store import PictureStore, PictureStoreWriter
from neosort_datasets.statistics import SourceCount, statistics_of
from neosort_datasets.statistics_page import write_statistics_page
from neosort_datasets.statistics_plots import logarithmic_bins, whole_bins
from neosort_datasets.store import WindowStore


@pytest.fixture
def windows(tmp_path):
    """Three windows: one empty, one with two phones, one with steel and a saturated field."""
    shape = (GRID.field_rows, GRID.field_cols)
    strong = np.zeros((3, *shape), dtype=np.float32)
    strong[:, 0, 0] = 100.0
    mask = np.stack([np.ones(shape), np.zeros(shape)]).astype(np.float32)
    mask[1, 0, 0] = 0.5
    blind = window(0, field_ut=np.zeros((3, *shape), np.float32), field_mask=np.zeros((2, *shape), np.float32))
    phones = [item(1), item(2, magnet_g=0.4, model="phone-04", across_lo_mm=20.0, across_hi_mm=30.0)]
    steel = [item(3, kind="steel", model="steel-01", magnet_g=0.0)]
    writer(tmp_path / "store", licence="Apache-2.0").append([blind, window(1, items=phones)])
    writer(tmp_path / "store").append([window(2, items=steel, field_ut=strong, field_mask=mask)])
    return WindowStore(tmp_path / "store")


def test_windows_are_counted(windows):
    told = []
    found = statistics_of(windows, lambda: told.append(1))
    assert len(told) == found.count == 3
    assert (found.holds, found.unit, found.models, found.saturated) == ("windows", "mm", 3, 1)
    assert found.kinds == {"phone": 2, "steel": 1}
    assert found.bearing == {"phone"}
    assert found.magnet_g == [0.7, 0.4]
    assert found.boxes_per_picture == [0, 2, 1]
    assert found.box_sizes == [18.0, 18.0, 18.0]
    assert len(found.peak_ut) == 2, "of the blind window nothing is known"
    assert found.peak_ut[1] == pytest.approx(100 * 3**0.5)
    assert found.sources == [
        SourceCount(origin="test", licence="Apache-2.0", detail="split train", count=2),
        SourceCount(origin="test", licence="not stated", detail="split train", count=1),
    ]


def test_a_kind_of_which_some_bear_is_not_called_bearing(tmp_path):
    writer(tmp_path / "store").append([window(1, items=[item(1), item(2, magnet_g=0.0)])])
    assert statistics_of(WindowStore(tmp_path / "store")).bearing == set()


class _Page(HTMLParser):
    """Tags, and what they fetch."""

    def __init__(self):
        super().__init__()
        self.tags, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "xlink:href")]


def page_of(store, path):
    write_statistics_page(store, statistics_of(store), path)
    text = path.read_text()
    page = _Page()
    page.feed(text)
    return text, page


def test_the_page_holds_everything_it_shows(windows, tmp_path):
    text, page = page_of(windows, tmp_path / "page.html")
    assert page.tags.count("img") == 3
    assert page.tags.count("svg") == 5
    assert all(value.startswith(("data:", "#")) for value in page.fetched)
    assert "script" not in page.tags
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    for said in ("Magnet mass", "Field range", "Apache-2.0", "not stated", "48 × 32 px"):
        assert said in text
    assert "#0a0b0c" not in text, "bars are in the page's own colours"


def test_a_page_of_pictures_shows_what_was_wrong_with_their_source_and_runs_nothing_of_it(tmp_path):
    nasty = '<script>alert("1")</script> $\\alpha$'
    picture = labelled([(nasty, 1, 1, 9, 9)], name=f"{nasty}.png", group=nasty, origin=nasty, licence=nasty)
    PictureStoreWriter(tmp_path / "store").append(
        [picture], source_format="coco", findings={"CAPTION": 3, "FINDING_OF_TOMORROW": 1}
    )
    text, page = page_of(PictureStore(tmp_path / "store"), tmp_path / "page.html")
    assert "script" not in page.tags
    assert "left out, it has no place in the picture" in text
    assert "Field range" not in text


def test_a_page_that_cannot_be_written_is_told(windows, tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        write_statistics_page(windows, statistics_of(windows), tmp_path / "nowhere" / "page.html")


@pytest.mark.parametrize("values", [[], [0.0], [3.0], [1e-9, 5e8], [2.0, 2.0]])
def test_bins_hold_every_value_above_nothing(values):
    bins = logarithmic_bins(values)
    assert np.all(np.diff(bins) > 0)
    assert all(bins[0] <= value <= bins[-1] for value in values if value > 0)


@pytest.mark.parametrize("values", [[], [0], [3, 7], [500, 0]])
def test_whole_numbers_lie_in_the_middle_of_bins(values):
    bins = whole_bins(values)
    counts, _ = np.histogram(values, bins)
    assert counts.sum() == len(values)
    assert len(bins) < 40
