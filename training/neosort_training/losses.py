"""What a prediction costs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss

from neosort_training.config import LossWeights
from neosort_training.data import Batch
from neosort_training.model import FeatureMaps, NeoNet, boxes_px, gather_features


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
    return -(batch.heat_weight * (hit + quiet)).sum() / batch.items.clamp(min=1.0)


def magnet_loss(mean: Tensor, log_sigma: Tensor, batch: Batch) -> Tensor:
    """Gaussian negative log likelihood of log(1 + grams), over the cells whose item bears NdFeB."""
    squared = ((mean - batch.magnet_log1p_g) * torch.exp(-log_sigma)) ** 2
    each = 0.5 * squared.clamp(max=100.0) + log_sigma
    return (each * batch.bears).sum() / batch.bears.sum().clamp(min=1.0)


def all_losses(net: NeoNet, maps: FeatureMaps, batch: Batch, weights: LossWeights) -> Losses:
    """Losses of one batch, in float32. Cells that answer for no item cost only at the heat map."""
    centre = centre_loss(maps.heat.float(), batch)
    if len(batch.row):
        items = net.describe_items(gather_features(maps, batch.sample, batch.row, batch.col))
        boxes = boxes_px(batch.row, batch.col, items.reach_px)
        box = generalized_box_iou_loss(boxes, batch.box_px, reduction="mean")
        kind = F.cross_entropy(items.kind, batch.kind)
        ndfeb = F.binary_cross_entropy_with_logits(items.ndfeb, batch.bears)
        magnet = magnet_loss(items.magnet_log1p_g, items.magnet_log_sigma, batch)
    else:
        box = kind = ndfeb = magnet = centre.new_zeros(())
    total = weights.centre * centre + weights.box * box + weights.kind * kind
    total = total + weights.ndfeb * ndfeb + weights.magnet * magnet
    return Losses(total, centre, box, kind, ndfeb, magnet)
