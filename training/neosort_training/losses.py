"""What a prediction costs."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss

from neosort_training.config import LossWeights
from neosort_training.data import Batch
from neosort_training.model import FeatureMaps, NeoNet, boxes_px, gather_features

STRAYS = 2  # per sample


class Losses(NamedTuple):
    """Each part unweighted, and their weighted sum; scalars."""

    total: Tensor
    centre: Tensor
    box: Tensor
    kind: Tensor
    ndfeb: Tensor
    magnet: Tensor


def centre_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Penalty-reduced focal loss (Law and Deng 2018, CornerNet, eq. 1; alpha 2, beta 4), per item."""
    p = torch.sigmoid(logits)
    is_centre = (batch.heat >= 0.9999).float()
    hit = is_centre * (1 - p) ** 2 * F.logsigmoid(logits)
    quiet = (1 - is_centre) * (1 - batch.heat) ** 4 * p**2 * F.logsigmoid(-logits)
    return -(batch.heat_weight * (hit + quiet)).sum() / batch.items


def magnet_loss(mean: Tensor, log_sigma: Tensor, batch: Batch) -> Tensor:
    """Gaussian negative log likelihood of log(1 + grams), over the cells whose item bears a known mass of NdFeB."""
    squared = ((mean - batch.magnet_log1p_g) * torch.exp(-log_sigma)) ** 2
    each = 0.5 * squared.clamp(max=100.0) + log_sigma
    return (each * batch.weighed).sum() / batch.weighings


def bearing_loss(logit: Tensor, batch: Batch) -> Tensor:
    """Binary cross entropy of P(NdFeB), over the cells of whose item it is known."""
    each = F.binary_cross_entropy_with_logits(logit, batch.bears, reduction="none")
    return (each * batch.judged).sum() / batch.judgements


def strays(heat: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """The cells (sample, row, col), each (B·STRAYS,), where the network sees an item most surely and none lies.

    At the line such a peak is a detection of nothing: it must at least not be taken for a magnet.
    """
    seen = torch.where(batch.vacant * batch.heat_weight > 0, heat.detach(), -math.inf)
    cell = seen.flatten(1).topk(STRAYS).indices.flatten()
    sample = torch.arange(len(heat), device=heat.device).repeat_interleave(STRAYS)
    return sample, cell // heat.shape[3], cell % heat.shape[3]


def stray_loss(net: NeoNet, maps: FeatureMaps, batch: Batch) -> Tensor:
    """Cross entropy of P(NdFeB) against none at stray peaks, each as far as it would be a detection."""
    sample, row, col = strays(maps.heat, batch)
    heat = maps.heat.detach()[sample, 0, row, col].float()
    reach_px = net.reach_px(gather_features(maps, sample, row, col)).detach()
    items = net.describe_items(maps, sample, boxes_px(row, col, reach_px))
    weight = torch.sigmoid(heat) * (batch.vacant * batch.heat_weight)[sample, 0, row, col]
    return (F.softplus(items.ndfeb) * weight).sum() / batch.samples


def all_losses(net: NeoNet, maps: FeatureMaps, batch: Batch, weights: LossWeights) -> Losses:
    """Losses of one batch, in float32. Cells that answer for no item cost only at the heat map.

    Sums over the batch's own cells are divided by its counts, which `Ranks.with_shared_counts` has made those of the
    global batch and at least 1: so what several processes learn from their parts is what one learns from the whole.
    """
    centre = centre_loss(maps.heat.float(), batch)
    reach_px = net.reach_px(gather_features(maps, batch.sample, batch.row, batch.col))
    boxes = boxes_px(batch.row, batch.col, reach_px)
    items = net.describe_items(maps, batch.sample, boxes.detach())
    box = generalized_box_iou_loss(boxes, batch.box_px, reduction="sum") / batch.cells
    kind = F.cross_entropy(items.kind, batch.kind, reduction="sum") / batch.cells
    ndfeb = bearing_loss(items.ndfeb, batch) + stray_loss(net, maps, batch)
    magnet = magnet_loss(items.magnet_log1p_g, items.magnet_log_sigma, batch)
    total = weights.centre * centre + weights.box * box + weights.kind * kind
    total = total + weights.ndfeb * ndfeb + weights.magnet * magnet
    return Losses(total, centre, box, kind, ndfeb, magnet)
