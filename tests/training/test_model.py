"""The network: shapes on any grid, fields compressed with their sign, peaks where the map is highest."""

from __future__ import annotations

import math

import pytest
import torch

from neosort_datasets.window import WindowGrid
from neosort_training.config import ModelConfig
from neosort_training.model import (
    CLOSE_PX,
    PEAKS,
    FeatureMaps,
    NeoNet,
    PeakPicker,
    WindowDetector,
    boxes_px,
    compress_field,
    cut_out,
    gather_features,
    look_at,
    require_alignment,
)

SMALL = ModelConfig(stem=8, stride_8=16, stride_16=32, stride_32=32, field=16, neck=16, item_head=32)


def inputs(rows, cols):
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randint(0, 256, (1, rows, cols, 3), dtype=torch.uint8, generator=generator),
        torch.randn(1, 3, rows // 16, cols // 16, generator=generator),
        torch.ones(1, 2, rows // 16, cols // 16),
    )


def test_shipped_size_stays_within_its_budget():
    net = NeoNet(ModelConfig(), 19)
    parameters = sum(parameter.numel() for parameter in net.parameters())
    assert 4 * parameters < 9e6, "the bundle would outgrow what the repository takes"


@pytest.mark.parametrize(("rows", "cols"), [(128, 160), (320, 320), (320, 1024)])
def test_detector_reads_any_aligned_grid(rows, cols):
    grid = WindowGrid(rows=rows, cols=cols, mm_per_px=2.0)
    with torch.no_grad():
        found = WindowDetector(NeoNet(SMALL, 5), grid).eval()(*inputs(rows, cols))
    assert found.boxes_mm.shape == (1, PEAKS, 4)
    assert found.kind_p.shape == (1, PEAKS, 5)
    assert torch.allclose(found.kind_p.sum(dim=2), torch.ones(1, PEAKS), atol=1e-5)
    assert (found.score.diff() <= 0).all()
    assert (found.magnet_g >= 0).all()
    assert (found.magnet_g_sigma > 0).all()
    assert (found.boxes_mm[..., 2:] > found.boxes_mm[..., :2]).all()


@pytest.mark.parametrize("grid", [WindowGrid(rows=500), WindowGrid(cols=650), WindowGrid(cell_px=8)])
def test_grid_out_of_step_is_refused(grid):
    with pytest.raises(ValueError, match="cannot be read"):
        require_alignment(grid)


def test_field_keeps_its_sign_and_unknown_cells_say_nothing():
    field = torch.zeros(1, 3, 2, 2)
    field[0, :, 0, 0] = torch.tensor([-300.0, 0.2, 5.0])
    field[0, :, 1, 1] = 99.0
    mask = torch.ones(1, 2, 2, 2)
    mask[0, :, 1, 1] = 0.0
    seen = compress_field(field, mask)
    assert seen[0, 0, 0, 0] < 0 < seen[0, 1, 0, 0]
    assert seen[0, 0, 0, 0].item() == pytest.approx(0.5 * math.asinh(-300 / 0.5), rel=1e-5)
    assert seen.abs().max() < 5
    assert not seen[0, :, 1, 1].any()


def test_same_scene_is_seen_whatever_window_it_is_cut_to():
    """Detections of a scene do not depend on where the window begins, once it is far enough from the border."""
    net = NeoNet(SMALL, 3).eval()
    picture, field, mask = inputs(1024, 64)
    with torch.no_grad():
        whole = net(picture, field, mask).heat
        part = net(picture[:, 32:992], field[:, :, 2:62], mask[:, :, 2:62]).heat
    torch.testing.assert_close(whole[:, :, 54:74], part[:, :, 50:70], rtol=1e-4, atol=1e-4)


def test_peaks_are_local_and_fall():
    heat = torch.full((1, 1, 16, 16), -9.0)
    heat[0, 0, 3, 4], heat[0, 0, 3, 5], heat[0, 0, 10, 10] = 2.0, 1.0, 3.0
    score, index = PeakPicker()(heat)
    assert index[:2].tolist() == [10 * 16 + 10, 3 * 16 + 4]
    assert score[0] > score[1] > 0.5 > score[2]


def test_boxes_reach_from_the_cells_centre():
    reach = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    assert boxes_px(torch.tensor([2]), torch.tensor([5]), reach).tolist() == [[19.0, 42.0, 23.0, 48.0]]


def test_training_and_detection_read_the_same_features():
    """The export's flat gather and the training's indexing agree at the best peak."""
    net = NeoNet(SMALL, 3).eval()
    grid = WindowGrid(rows=128, cols=160)
    with torch.no_grad():
        found = WindowDetector(net, grid)(*inputs(128, 160))
        maps = net(*inputs(128, 160))
        _, index = PeakPicker()(maps.heat)
        row, col = index // 20, index % 20
        sample = torch.zeros_like(row)
        boxes = boxes_px(row, col, net.reach_px(gather_features(maps, sample, row, col)))
        items = net.describe_items(maps, sample, boxes)
    torch.testing.assert_close(found.boxes_mm[0], boxes)
    torch.testing.assert_close(found.p_ndfeb[0], torch.sigmoid(items.ndfeb))


NO_PICTURE = torch.zeros(1, 128, 192, 3, dtype=torch.uint8)


def maps_that_tell_places(rows=16, cols=24):
    """Maps at 1/8 of a picture of 128 × 192 px: ``fine`` holds each cell's row and column, the field its own."""
    fine = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")).float()[None]
    felt = torch.zeros(1, 10, rows // 2, cols // 2)
    felt[0, 2, 5, 3] = 1.0
    return FeatureMaps(torch.zeros(1, 1, rows, cols), fine, torch.zeros(1, 2, rows // 2, cols // 2), felt, NO_PICTURE)


def test_an_item_is_looked_at_inside_its_box_and_its_field_beyond_it():
    box = torch.tensor([[32.0, 64.0, 72.0, 144.0]])  # rows 4..9, columns 8..18 at 1/8
    seen = look_at(maps_that_tell_places(), torch.zeros(1, dtype=torch.int64), box)[0]
    fine, around, sides = seen[:50].view(2, 5, 5), seen[50:350].view(12, 5, 5), seen[350:]
    torch.testing.assert_close(fine[0, :, 0], torch.tensor([4.0, 5.0, 6.0, 7.0, 8.0]))  # places run along the belt
    torch.testing.assert_close(fine[1, 0], torch.tensor([8.5, 10.5, 12.5, 14.5, 16.5]))  # and across it
    assert around[4].max() > 0.1, "a field cell at 80..96 px along, 48..64 px across lies just outside the box"
    torch.testing.assert_close(sides, torch.log(torch.tensor([40.0, 80.0]) / 50.0))


def test_wider_boxes_of_the_same_place_are_told_apart():
    narrow, wide = torch.tensor([[32.0, 64.0, 72.0, 144.0]]), torch.tensor([[32.0, 64.0, 72.0, 160.0]])
    sample = torch.zeros(1, dtype=torch.int64)
    maps = maps_that_tell_places()
    assert (look_at(maps, sample, narrow)[0, -2:] - look_at(maps, sample, wide)[0, -2:]).abs().max() > 0.1


def test_items_are_cut_out_of_the_picture_of_their_own_sample_and_brought_to_one_size():
    picture = torch.zeros(2, 64, 96, 3, dtype=torch.uint8)
    picture[1, 16:32, 32:64] = 200  # one item, 16 px along and 32 px across
    picture[1, 16:20, 32:64, 1] = 50  # greenish at its low end along the belt
    boxes = torch.tensor([[16.0, 32.0, 32.0, 64.0], [16.0, 32.0, 32.0, 64.0]])
    dark, item = cut_out(picture, torch.tensor([0, 1]), boxes)
    assert int(dark.max()) == 0
    assert item.shape == (CLOSE_PX, CLOSE_PX, 3)
    assert bool((item[..., 0] == 200).all())
    assert bool((item[: CLOSE_PX // 4, :, 1] == 50).all())
    assert bool((item[CLOSE_PX // 4 :, :, 1] == 200).all())


def test_what_a_box_holds_beyond_the_picture_is_the_border_again():
    picture = torch.arange(32, dtype=torch.uint8).view(1, 32, 1, 1).expand(1, 32, 32, 3).contiguous()
    (seen,) = cut_out(picture, torch.tensor([0]), torch.tensor([[-32.0, 0.0, 64.0, 32.0]]))
    assert int(seen[0, 0, 0]) == 0
    assert int(seen[-1, 0, 0]) == 31
    assert bool((seen[1:, 0, 0] >= seen[:-1, 0, 0]).all())


def test_pixels_alone_tell_items_of_one_size_apart():
    """Its maps being blind, only the closer look can have seen the difference."""
    torch.manual_seed(0)
    net = NeoNet(SMALL, 3).eval()
    maps, sample = maps_that_tell_places(), torch.zeros(1, dtype=torch.int64)
    blank = maps._replace(fine=torch.zeros(1, 16, 16, 24), both=torch.zeros(1, 16, 8, 12))
    bright = blank._replace(picture=torch.full_like(NO_PICTURE, 250))
    box = torch.tensor([[32.0, 64.0, 72.0, 144.0]])
    assert (net.describe_items(blank, sample, box).kind - net.describe_items(bright, sample, box).kind).abs().max() > 0
