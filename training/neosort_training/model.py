"""NeoNet: one convolutional network over the picture and the field of a belt window.

The picture goes down to 1/8, 1/16 and 1/32; the field, which lives at 1/16, joins there. A heat map at 1/8 says where
items have their centres (after CenterNet, Zhou et al. 2019, "Objects as Points"); everything else about an item is
read off by a small perceptron *at* its centre alone, which costs next to nothing. Scaling, field compression and the
picking of peaks are part of the network, so that training and line cannot drift apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import BasicBlock
from torchvision.ops import Conv2dNormActivation

from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_training.config import ModelConfig

STRIDE = 8
FIELD_STRIDE = 16
ALIGNMENT = 32
PEAKS = 64
_FIELD_SCALES_UT = (0.5, 20.0)
_FIELD_CHANNELS = 4 * len(_FIELD_SCALES_UT) + 2
_CENTRE_PRIOR = 0.02


class FeatureMaps(NamedTuple):
    """``heat`` (B,1,h,w) logits and ``fine`` (B,neck,h,w) at 1/8, ``coarse`` (B,stride_16,h/2,w/2) at 1/16."""

    heat: Tensor
    fine: Tensor
    coarse: Tensor


class ItemPrediction(NamedTuple):
    """Of P items, all float32.

    ``reach_px`` (P,4): from the centre of the cell to the box's low edge along, low across, high along, high across.
    ``kind`` (P,K) logits; ``ndfeb`` (P,) logit; ``magnet_log1p_g`` and ``magnet_log_sigma`` (P,): mean and log of the
    standard deviation of log(1 + grams of NdFeB), *if* it bears any.
    """

    reach_px: Tensor
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


def scale_picture(picture: Tensor) -> Tensor:
    """(B,rows,cols,3) uint8 → (B,3,rows,cols) float32, a blind camera's grey at zero.

    Not brought to unit range: the first batch normalisation does that, and small integers are exact in bfloat16.
    """
    return picture.permute(0, 3, 1, 2).to(torch.float32) - BLIND_GREY


def compress_field(field_ut: Tensor, field_mask: Tensor) -> Tensor:
    """(B,3,r,c) µT and (B,2,r,c) → (B,10,r,c): asinh at two scales of each axis and of |B|, zero where unknown.

    Fields span 0.1 µT to 40 mT, where a second range takes over; asinh is linear below its scale and logarithmic above
    it, and keeps the sign.
    """
    known = field_mask[:, :1]
    strength = torch.sqrt((field_ut * field_ut).sum(dim=1, keepdim=True) + 1e-12)
    both = torch.cat([field_ut, strength], dim=1) * known
    return torch.cat([*(torch.asinh(both * (1 / scale)) * 0.5 for scale in _FIELD_SCALES_UT), field_mask], dim=1)


class NeoNet(nn.Module):
    """The network. Takes any window whose sides are multiples of 32 picture elements with field cells of 16."""

    def __init__(self, config: ModelConfig, kinds: int) -> None:
        super().__init__()
        conv = Conv2dNormActivation
        self.stem = nn.Sequential(conv(3, config.stem, 3, 2), conv(config.stem, config.stride_4, 3, 2))
        self.to_8 = nn.Sequential(
            conv(config.stride_4, config.stride_8, 3, 2), BasicBlock(config.stride_8, config.stride_8)
        )
        width = config.stride_16
        self.to_16 = nn.Sequential(
            conv(config.stride_8, width, 3, 2), InvertedResidual(width, width, stride=1, expand_ratio=2)
        )
        self.field = nn.Sequential(conv(_FIELD_CHANNELS, config.field, 3), conv(config.field, config.field, 3))
        self.fuse = nn.Sequential(conv(width + config.field, width, 1), BasicBlock(width, width))
        # Three 3×3 convolutions at 1/32 carry the view over a 3.5" disk and the whole of its field.
        self.context = nn.Sequential(
            conv(width, config.stride_32, 3, 2),
            BasicBlock(config.stride_32, config.stride_32),
            conv(config.stride_32, width, 1, activation_layer=None),
        )
        self.settle = InvertedResidual(width, width, stride=1, expand_ratio=2)
        self.lateral = conv(config.stride_8, config.neck, 1, activation_layer=None)
        self.upward = conv(width, config.neck, 1, activation_layer=None)
        self.neck = conv(config.neck, config.neck, 3)
        self.heat = nn.Conv2d(config.neck, 1, 1)
        self.item_head = nn.Sequential(
            nn.Linear(config.neck + width, config.item_head),
            nn.ReLU(),
            nn.Linear(config.item_head, config.item_head),
            nn.ReLU(),
        )
        self.reach = nn.Linear(config.item_head, 4)
        self.kind = nn.Linear(config.item_head, kinds)
        self.bearing = nn.Linear(config.item_head, 3)
        nn.init.constant_(self.heat.bias, -math.log((1 - _CENTRE_PRIOR) / _CENTRE_PRIOR))  # type: ignore[arg-type]
        nn.init.constant_(self.reach.bias, math.log(30.0 / STRIDE))

    def forward(self, picture: Tensor, field_ut: Tensor, field_mask: Tensor) -> FeatureMaps:
        """Maps of a batch: picture (B,rows,cols,3) uint8, field (B,3,·,·) µT, mask (B,2,·,·)."""
        eighth = self.to_8(self.stem(scale_picture(picture)))
        field = self.field(compress_field(field_ut, field_mask))
        fused = self.fuse(torch.cat([self.to_16(eighth), field], dim=1))
        coarse = self.settle(torch.relu(fused + F.interpolate(self.context(fused), scale_factor=2.0, mode="nearest")))
        up = F.interpolate(self.upward(coarse), scale_factor=2.0, mode="nearest")
        fine = self.neck(torch.relu(self.lateral(eighth) + up))
        return FeatureMaps(self.heat(fine), fine, coarse)

    def describe_items(self, features: Tensor) -> ItemPrediction:
        """(P, neck + stride_16) features gathered at centres → what each item is."""
        hidden = self.item_head(features)
        bearing = self.bearing(hidden)
        return ItemPrediction(
            reach_px=STRIDE * torch.exp(self.reach(hidden).clamp(-4.0, 4.0)),
            kind=self.kind(hidden),
            ndfeb=bearing[:, 0],
            magnet_log1p_g=bearing[:, 1],
            magnet_log_sigma=bearing[:, 2].clamp(-4.0, 2.0),
        )


def gather_features(maps: FeatureMaps, sample: Tensor, row: Tensor, col: Tensor) -> Tensor:
    """Features of cells (sample, row, col) of the 1/8 map, each (P,) int64 → (P, neck + stride_16) float32."""
    fine = maps.fine[sample, :, row, col]
    coarse = maps.coarse[sample, :, row // 2, col // 2]
    return torch.cat([fine, coarse], dim=1).float()


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
    """What is exported: one window of a fixed grid in, `PEAKS` detections in millimetres out."""

    def __init__(self, net: NeoNet, grid: WindowGrid) -> None:
        super().__init__()
        require_alignment(grid)
        self.net = net
        self._cols = grid.cols // STRIDE
        self._mm_per_px = grid.mm_per_px
        self._pick = PeakPicker()

    def forward(self, picture: Tensor, field_ut: Tensor, field_mask: Tensor) -> Detections:
        """picture (1,rows,cols,3) uint8, field_ut (1,3,·,·) float32, field_mask (1,2,·,·) float32."""
        maps: FeatureMaps = self.net(picture, field_ut, field_mask)
        score, index = self._pick(maps.heat)
        row, col = index // self._cols, index % self._cols
        coarse_index = (row // 2) * (self._cols // 2) + col // 2
        fine = maps.fine[0].flatten(1).index_select(1, index)
        coarse = maps.coarse[0].flatten(1).index_select(1, coarse_index)
        items = self.net.describe_items(torch.cat([fine, coarse], dim=0).transpose(0, 1))
        grams = torch.exp(items.magnet_log1p_g.clamp(0.0, 8.0))
        outputs = Detections(
            boxes_mm=boxes_px(row, col, items.reach_px) * self._mm_per_px,
            score=score,
            kind_p=torch.softmax(items.kind, dim=1),
            p_ndfeb=torch.sigmoid(items.ndfeb),
            magnet_g=grams - 1.0,
            magnet_g_sigma=grams * torch.exp(items.magnet_log_sigma),  # d(e^u − 1) = e^u du
        )
        return Detections(*(tensor.unsqueeze(0) for tensor in outputs))


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
