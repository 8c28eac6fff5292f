"""Losses: zero or least where the prediction is right, blind to what is not asked."""

from __future__ import annotations

import pytest
import torch

from neosort_training.data import Batch
from neosort_training.losses import STRAYS, bearing_loss, centre_loss, magnet_loss, strays


def batch(**changes):
    heat = torch.zeros(1, 1, 4, 4)
    heat[0, 0, 1, 2] = 1.0
    fields = {
        "picture": torch.zeros(1, 32, 32, 3, dtype=torch.uint8),
        "field_ut": torch.zeros(1, 3, 2, 2),
        "field_mask": torch.zeros(1, 2, 2, 2),
        "heat": heat,
        "heat_weight": torch.ones(1, 1, 4, 4),
        "vacant": torch.ones(1, 1, 4, 4),
        "sample": torch.zeros(2, dtype=torch.int64),
        "row": torch.tensor([1, 1]),
        "col": torch.tensor([2, 3]),
        "box_px": torch.tensor([[0.0, 8.0, 24.0, 32.0]] * 2),
        "kind": torch.tensor([0, 1]),
        "bears": torch.tensor([1.0, 0.0]),
        "magnet_log1p_g": torch.tensor([3.0, 0.0]),
        "judged": torch.tensor([1.0, 1.0]),
        "weighed": torch.tensor([1.0, 0.0]),
        "samples": torch.tensor(1.0),
        "items": torch.tensor(1.0),
        "cells": torch.tensor(2.0),
        "judgements": torch.tensor(2.0),
        "weighings": torch.tensor(1.0),
    }
    return Batch(**(fields | changes))


def test_right_map_costs_almost_nothing_and_wrong_one_much():
    right = torch.full((1, 1, 4, 4), -12.0)
    right[0, 0, 1, 2] = 12.0
    assert centre_loss(right, batch()).item() < 1e-6
    assert centre_loss(-right, batch()).item() > 100


def test_nothing_is_asked_where_the_weight_is_zero():
    logits = torch.full((1, 1, 4, 4), -12.0)
    logits[0, 0, 1, 2], logits[0, 0, 3, 0] = 12.0, 12.0
    weight = torch.ones(1, 1, 4, 4)
    weight[0, 0, 3, 0] = 0.0
    assert centre_loss(logits, batch()).item() > 5
    assert centre_loss(logits, batch(heat_weight=weight)).item() < 1e-6


def test_magnet_loss_is_least_at_the_true_error_and_ignores_what_bears_none():
    mean = torch.tensor([3.5, 77.0])
    log_sigma = torch.log(torch.tensor([0.5, 1.0])).requires_grad_()
    loss = magnet_loss(mean, log_sigma, batch())
    assert loss.item() == pytest.approx(0.5 - 0.6931, abs=1e-3)
    (gradient,) = torch.autograd.grad(loss, log_sigma)
    assert gradient.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)


def test_an_item_of_which_nobody_knows_whether_it_bears_is_not_judged():
    logit = torch.tensor([2.0, 55.0], requires_grad=True)
    unknown = batch(judged=torch.tensor([1.0, 0.0]), judgements=torch.tensor(1.0))
    loss = bearing_loss(logit, unknown)
    assert loss.item() == pytest.approx(0.1269, abs=1e-4)  # log(1 + e⁻²)
    (gradient,) = torch.autograd.grad(loss, logit)
    assert gradient[1] == 0


def test_strays_are_the_surest_cells_where_nothing_lies():
    logits = torch.full((1, 1, 4, 4), -9.0)
    logits[0, 0, 1, 2], logits[0, 0, 3, 0], logits[0, 0, 0, 3], logits[0, 0, 2, 2] = 9.0, 3.0, 2.0, 8.0
    vacant, asked = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    vacant[0, 0, 1, 2] = 0.0  # an item
    asked[0, 0, 2, 2] = 0.0  # nothing is asked there
    sample, row, col = strays(logits, batch(vacant=vacant, heat_weight=asked))
    assert len(sample) == STRAYS
    assert list(zip(row.tolist(), col.tolist(), strict=True)) == [(3, 0), (0, 3)]
