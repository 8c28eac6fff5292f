"""What a score is worth: the curve that made hits and strays is found again, and the detector multiplies by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.training.invented_outcomes import It, outcomes_of
from tests.training.test_model import SMALL, inputs

from neosort_datasets.window import WindowGrid
from neosort_inference.bundle_metadata import PresenceOfScore
from neosort_training.model import NeoNet, WindowDetector
from neosort_training.presence import fitted_presence


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def test_the_curve_behind_hits_and_strays_is_found_again():
    rng = np.random.default_rng(5)
    score = rng.uniform(0.1, 0.9, 20_000)
    is_item = rng.random(len(score)) < sigmoid(4.0 * np.log(score / (1 - score)) + 1.0)
    found = fitted_presence(
        outcomes_of([It(p=float(p)) for p in score[is_item]], [(0, float(p)) for p in score[~is_item]], windows=1)
    )
    assert found.slope == pytest.approx(4.0, abs=0.2)
    assert found.offset == pytest.approx(1.0, abs=0.15)


def test_hits_and_strays_that_never_meet_give_a_curve_all_the_same():
    found = fitted_presence(outcomes_of([It(p=0.9)] * 30, [(0, 0.2)] * 30))
    assert 0 < found.slope < 50
    assert sigmoid(found.slope * np.log(9) + found.offset) > 0.95


@pytest.mark.parametrize(
    ("hits", "strays"),
    [([0.9] * 100, [0.2] * 5), ([0.9] * 5, [0.2] * 100), ([0.2] * 50, [0.9] * 50)],
    ids=["few strays", "few hits", "strays score higher"],
)
def test_nothing_is_said_where_nothing_can_be_told(hits, strays):
    assert fitted_presence(outcomes_of([It(p=p) for p in hits], [(0, p) for p in strays])) is None


def test_a_detector_gives_out_the_joint_probability():
    grid, net = WindowGrid(rows=128, cols=160, mm_per_px=2.0), NeoNet(SMALL, 5)
    torch.nn.init.constant_(net.heat.bias, 0.0)
    with torch.no_grad():
        alone = WindowDetector(net, grid).eval()(*inputs(128, 160))
        joint = WindowDetector(net, grid, PresenceOfScore(slope=3.0, offset=0.5)).eval()(*inputs(128, 160))
    worth = torch.sigmoid(3.0 * torch.logit(alone.score, eps=1e-4) + 0.5)
    assert worth.min() < 0.9
    torch.testing.assert_close(joint.p_ndfeb, alone.p_ndfeb * worth)
    torch.testing.assert_close(joint.score, alone.score)
