"""NeoNet: one convolutional network over the picture and the field of a belt window.

The picture goes down to 1/8 and 1/16; the field, which lives at 1/16, joins there. A heat map at 1/8 says where items
have their centres (after CenterNet, Zhou et al. 2019, "Objects as Points"), and a small perceptron reads the box off
each centre. What an item *is* is then judged over its box: features of the picture inside it, of both senses and of
the field itself inside and around it, on a grid that follows the box (RoI align, He et al. 2017), beside the box's
size. So the head sees where under an item a field comes from and how strong it is for an item so large, which is what
tells NdFeB from ferrite. Small items fill three cells of the 1/8 map: what they look like is read off the picture
itself, brought to one size (`CloserLook`). Scaling, field compression and the picking of peaks are part of the network,
so that training and line cannot drift apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock
from torchvision.ops import Conv2dNormActivation, roi_align

from neosort_datasets.window import WindowGrid
from neosort_inference.bundle_metadata import PresenceOfScore
from neosort_training.backbones import centre_picture, make_backbone
from neosort_training.config import ModelConfig

STRIDE = 8
FIELD_STRIDE = 16
ALIGNMENT = 32
PEAKS = 40  # a: the fullest window of 20,000 varied ones holds 30 items
LOOK_CELLS = 5  # an item is looked at in 5 × 5 places
AROUND_PX = 24.0  # and its field so far beyond its box: half a height of the array, where a dipole is still felt
CLOSE_PX = 32  # an item as the closer look sees it, each way
_FIELD_SCALES_UT = (0.5, 20.0)
_FIELD_CHANNELS = 4 * len(_FIELD_SCALES_UT) + 2
_CENTRE_PRIOR = 0.02


class FeatureMaps(NamedTuple):
    """``heat`` (B,1,h,w) logits and ``fine`` (B,neck,h,w) at 1/8; at 1/16 ``both`` (B,neck,h/2,w/2) of both senses, and
    ``field`` (B,10,h/2,w/2) compressed; ``picture`` (B,8·h,8·w,3) uint8 as it came."""

    heat: Tensor
    fine: Tensor
    both: Tensor
    field: Tensor
    picture: Tensor


class ItemPrediction(NamedTuple):
    """Of P items, all float32.

    ``kind`` (P,K) logits; ``ndfeb`` (P,) logit; ``magnet_log1p_g`` and ``magnet_log_sigma`` (P,): mean and log of the
    standard deviation of log(1 + grams of NdFeB), *if* it bears any.
    """

    kind: Tensor
    ndfeb: Tensor
    magnet_log1p_g: Tensor
    magnet_log_sigma: Tensor


class Detections(NamedTuple):
    """The graph's outputs; leading axis 1, then `PEAKS` detections by falling score."""

    boxes_mm: Tensor
    score: Tensor
    kind_p: Tensor
    p_ndfeb: Tensor
    magnet_g: Tensor
    magnet_g_sigma: Tensor


def compress_field(field_ut: Tensor, field_mask: Tensor) -> Tensor:
    """(B,3,r,c) µT and (B,2,r,c) → (B,10,r,c): asinh at two scales of each axis and of |B|, zero where unknown.

    Fields span 0.1 µT to 40 mT, where a second range takes over; asinh is linear below its scale and logarithmic above
    it, and keeps the sign.
    """
    known = field_mask[:, :1]
    strength = torch.sqrt((field_ut * field_ut).sum(dim=1, keepdim=True) + 1e-12)
    both = torch.cat([field_ut, strength], dim=1) * known
    return torch.cat([*(torch.asinh(both * (1 / scale)) * 0.5 for scale in _FIELD_SCALES_UT), field_mask], dim=1)


class CloserLook(nn.Module):
    """Items cut out of the picture and brought to one size, each by itself: what a small one is shows in its pixels."""

    def __init__(self, width: int, features: int, dropout: float) -> None:
        super().__init__()
        conv = Conv2dNormActivation
        self.look = nn.Sequential(
            conv(3, width // 3, 3, 2), conv(width // 3, width, 3, 2), conv(width, width, 3, 2), nn.Flatten()
        )
        self.summary = nn.Sequential(nn.Linear(width * (CLOSE_PX // 8) ** 2, features), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, picture: Tensor, sample: Tensor, boxes_px: Tensor) -> Tensor:
        """``picture`` (B,rows,cols,3) uint8, ``sample`` (P,), ``boxes_px`` (P,4) → (P, features)."""
        features: Tensor = self.summary(self.look(centre_picture(cut_out(picture, sample, boxes_px))))
        return features


def cut_out(picture: Tensor, sample: Tensor, boxes_px: Tensor) -> Tensor:
    """Boxes (P,4) of samples (P,) of ``picture`` (B,rows,cols,3) uint8, each on `CLOSE_PX` × `CLOSE_PX` of its pixels
    → (P, `CLOSE_PX`, `CLOSE_PX`, 3) uint8.

    The nearest pixel, that of the border beyond it: bytes fetched as they are cost a fifth of what RoI align
    between them does.
    """
    rows, cols = picture.shape[1], picture.shape[2]
    step = (torch.arange(CLOSE_PX, device=boxes_px.device, dtype=torch.float32) + 0.5) / CLOSE_PX
    row, col = (
        (boxes_px[:, low, None] + (boxes_px[:, low + 2, None] - boxes_px[:, low, None]) * step)
        .clamp(0, size - 1)
        .long()
        for low, size in ((0, rows), (1, cols))
    )
    first = sample[:, None, None] * (rows * cols)
    place = first + row[:, :, None] * cols + col[:, None, :]
    return picture.reshape(-1, 3).index_select(0, place.flatten()).reshape(-1, CLOSE_PX, CLOSE_PX, 3)


class NeoNet(nn.Module):
    """The network. Takes any window whose sides are multiples of 32 picture elements with field cells of 16."""

    def __init__(self, config: ModelConfig, kinds: int) -> None:
        super().__init__()
        conv = Conv2dNormActivation
        self.backbone = make_backbone(config)
        channels_8, channels_16 = self.backbone.channels
        width, neck = config.stride_16, config.neck
        self.field = nn.Sequential(conv(_FIELD_CHANNELS, config.field, 3), conv(config.field, config.field, 3))
        self.fuse = nn.Sequential(conv(channels_16 + config.field, width, 1), BasicBlock(width, width))
        # Three 3×3 convolutions at 1/32 carry the view over a 3.5" disk and the whole of its field.
        self.context = nn.Sequential(
            conv(width, config.stride_32, 3, 2),
            BasicBlock(config.stride_32, config.stride_32),
            conv(config.stride_32, width, 1, activation_layer=None),
        )
        self.both = conv(width, neck, 1)
        self.lateral = conv(channels_8, neck, 1, activation_layer=None)
        self.upward = conv(width, neck, 1, activation_layer=None)
        self.neck = conv(neck, neck, 3)
        self.heat = nn.Conv2d(neck, 1, 1)
        sides = nn.Linear(config.item_head, 4)
        self.reach = nn.Sequential(nn.Linear(2 * neck, config.item_head), nn.ReLU(), sides)
        looked_at = 2 * neck + _FIELD_CHANNELS
        self.closer = CloserLook(config.closer, config.item_head, config.dropout)
        self.item_head = nn.Sequential(
            nn.Linear(looked_at * LOOK_CELLS**2 + 2 + config.item_head, config.item_head),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.item_head, config.item_head),
            nn.ReLU(),
        )
        self.kind = nn.Linear(config.item_head, kinds)
        self.bearing = nn.Linear(config.item_head, 3)
        nn.init.constant_(self.heat.bias, -math.log((1 - _CENTRE_PRIOR) / _CENTRE_PRIOR))  # type: ignore[arg-type]
        nn.init.constant_(sides.bias, math.log(30.0 / STRIDE))

    def forward(self, picture: Tensor, field_ut: Tensor, field_mask: Tensor) -> FeatureMaps:
        """Maps of a batch: picture (B,rows,cols,3) uint8, field (B,3,·,·) µT, mask (B,2,·,·)."""
        seen = self.backbone(picture)
        felt = compress_field(field_ut, field_mask)
        fused = self.fuse(torch.cat([seen.sixteenth, self.field(felt)], dim=1))
        coarse = torch.relu(fused + F.interpolate(self.context(fused), scale_factor=2.0, mode="nearest"))
        up = F.interpolate(self.upward(coarse), scale_factor=2.0, mode="nearest")
        fine = self.neck(torch.relu(self.lateral(seen.eighth) + up))
        return FeatureMaps(self.heat(fine), fine, self.both(coarse), felt, picture)

    def reach_px(self, at_centres: Tensor) -> Tensor:
        """(P, 2·neck) features gathered at centres → (P,4): from the centre of the cell to the box's low edge along,
        low across, high along, high across, px."""
        return STRIDE * torch.exp(self.reach(at_centres).clamp(-4.0, 4.0))

    def describe_items(self, maps: FeatureMaps, sample: Tensor, boxes_px: Tensor) -> ItemPrediction:
        """What lies in boxes (P,4) (low along, low across, high along, high across) of samples (P,) of a batch."""
        looked_at = look_at(maps, sample, boxes_px)
        hidden = self.item_head(torch.cat([looked_at, self.closer(maps.picture, sample, boxes_px)], dim=1))
        bearing = self.bearing(hidden)
        return ItemPrediction(
            kind=self.kind(hidden),
            ndfeb=bearing[:, 0],
            magnet_log1p_g=bearing[:, 1],
            magnet_log_sigma=bearing[:, 2].clamp(-4.0, 2.0),
        )


def gather_features(maps: FeatureMaps, sample: Tensor, row: Tensor, col: Tensor) -> Tensor:
    """Features of cells (sample, row, col) of the 1/8 map, each (P,) int64 → (P, 2·neck) float32."""
    fine = maps.fine[sample, :, row, col]
    both = maps.both[sample, :, row // 2, col // 2]
    return torch.cat([fine, both], dim=1).float()


def look_at(maps: FeatureMaps, sample: Tensor, boxes_px: Tensor) -> Tensor:
    """What the maps show in boxes (P,4) of samples (P,) → (P, (2·neck + 10)·25 + 2) float32.

    The picture inside the box; both senses and the field as far as `AROUND_PX` beyond; logarithms of the box's sides.
    """
    place = sample.to(torch.float32).unsqueeze(1)
    # roi_align wants (x, y) pairs: columns run across, rows along
    inside = torch.cat([place, boxes_px[:, [1, 0, 3, 2]]], dim=1)
    beyond = torch.tensor([0.0, -AROUND_PX, -AROUND_PX, AROUND_PX, AROUND_PX], device=boxes_px.device)
    cells = (LOOK_CELLS, LOOK_CELLS)
    fine = roi_align(maps.fine.float(), inside, cells, 1 / STRIDE, sampling_ratio=1, aligned=True)
    felt = torch.cat([maps.both.float(), maps.field.float()], dim=1)
    around = roi_align(felt, inside + beyond, cells, 1 / FIELD_STRIDE, sampling_ratio=1, aligned=True)
    sides = torch.log((boxes_px[:, 2:] - boxes_px[:, :2]).clamp(min=1.0) / 50.0)
    return torch.cat([fine.flatten(1), around.flatten(1), sides], dim=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakPicker:
    """Where a heat map has its peaks: a cell that is the highest of its 3×3, the `PEAKS` highest of them."""

    peaks: int = PEAKS

    def __call__(self, heat: Tensor) -> tuple[Tensor, Tensor]:
        """(1,1,h,w) logits → scores (peaks,) falling and flat cell indices (peaks,)."""
        p = torch.sigmoid(heat)
        highest = F.max_pool2d(p, kernel_size=3, stride=1, padding=1)
        score, index = torch.topk((p * (p == highest)).flatten(), self.peaks)
        return score, index


class WindowDetector(nn.Module):
    """What is exported: one window of a fixed grid in, `PEAKS` detections in millimetres out.

    ``presence``: what a score is worth; with it, P(NdFeB) is that an item lies there *and* bears NdFeB.
    """

    def __init__(self, net: NeoNet, grid: WindowGrid, presence: PresenceOfScore | None = None) -> None:
        super().__init__()
        require_alignment(grid)
        self.net = net
        self._cols = grid.cols // STRIDE
        self._mm_per_px = grid.mm_per_px
        self._pick = PeakPicker()
        self._presence = presence

    def forward(self, picture: Tensor, field_ut: Tensor, field_mask: Tensor) -> Detections:
        """picture (1,rows,cols,3) uint8, field_ut (1,3,·,·) float32, field_mask (1,2,·,·) float32."""
        maps: FeatureMaps = self.net(picture, field_ut, field_mask)
        score, index = self._pick(maps.heat)
        row, col = index // self._cols, index % self._cols
        both_index = (row // 2) * (self._cols // 2) + col // 2
        fine = maps.fine[0].flatten(1).index_select(1, index)
        both = maps.both[0].flatten(1).index_select(1, both_index)
        boxes = boxes_px(row, col, self.net.reach_px(torch.cat([fine, both], dim=0).transpose(0, 1)))
        items = self.net.describe_items(maps, torch.zeros_like(row), boxes)
        grams = torch.exp(items.magnet_log1p_g.clamp(0.0, 8.0))
        outputs = Detections(
            boxes_mm=boxes * self._mm_per_px,
            score=score,
            kind_p=torch.softmax(items.kind, dim=1),
            p_ndfeb=torch.sigmoid(items.ndfeb) * self._is_item(score),
            magnet_g=grams - 1.0,
            magnet_g_sigma=grams * torch.exp(items.magnet_log_sigma),  # d(e^u − 1) = e^u du
        )
        return Detections(*(tensor.unsqueeze(0) for tensor in outputs))

    def _is_item(self, score: Tensor) -> Tensor:
        """Scores (P,) → the probability that an item lies there."""
        if self._presence is None:
            return torch.ones_like(score)
        return torch.sigmoid(self._presence.slope * torch.logit(score, eps=1e-4) + self._presence.offset)


def boxes_px(row: Tensor, col: Tensor, reach_px: Tensor) -> Tensor:
    """Cells (P,) of the 1/8 map and reaches (P,4) → boxes (P,4): low along, low across, high along, high across."""
    centre = (torch.stack([row, col], dim=1).to(torch.float32) + 0.5) * STRIDE
    return torch.cat([centre - reach_px[:, :2], centre + reach_px[:, 2:]], dim=1)


def require_alignment(grid: WindowGrid) -> None:
    """Raise `ValueError` where the network cannot read windows of this grid."""
    if grid.cell_px != FIELD_STRIDE or grid.rows % ALIGNMENT or grid.cols % ALIGNMENT:
        raise ValueError(
            f"a window of {grid.rows} × {grid.cols} px with field cells of {grid.cell_px} px cannot be read: "
            f"sides must be multiples of {ALIGNMENT} px and cells {FIELD_STRIDE} px"
        )
