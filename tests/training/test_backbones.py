"""Picture branches: strides and channels as they say, weights of a user's file, a word for one that does not fit."""

from __future__ import annotations

import pytest
import torch
from torchvision import models

from neosort_datasets.window import BLIND_GREY
from neosort_training.backbones import TorchvisionBackbone, centre_picture, make_backbone
from neosort_training.config import ModelConfig
from neosort_training.model import NeoNet


@pytest.mark.parametrize("name", ["patch", "resnet18", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0"])
def test_every_backbone_gives_features_at_an_eighth_and_a_sixteenth(name):
    config = ModelConfig(backbone=name)
    backbone = make_backbone(config).eval()
    with torch.no_grad():
        seen = backbone(torch.zeros(1, 64, 96, 3, dtype=torch.uint8))
    assert seen.eighth.shape == (1, backbone.channels[0], 8, 12)
    assert seen.sixteenth.shape == (1, backbone.channels[1], 4, 6)


def test_four_pixels_taken_as_one_give_what_the_stem_gives():
    torch.manual_seed(3)
    backbone = make_backbone(ModelConfig()).train()
    picture = torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8)
    backbone(picture)  # so that the statistics are no longer those of nothing
    backbone.eval()
    with torch.no_grad():
        stem_alone = backbone.to_8(backbone.stem(centre_picture(picture)))
        torch.testing.assert_close(backbone(picture).eighth, stem_alone)


def test_network_runs_on_a_backbone_of_torchvision():
    net = NeoNet(ModelConfig(backbone="mobilenet_v3_small"), 3).eval()
    with torch.no_grad():
        maps = net(torch.zeros(1, 64, 96, 3, dtype=torch.uint8), torch.zeros(1, 3, 4, 6), torch.ones(1, 2, 4, 6))
    assert maps.heat.shape == (1, 1, 8, 12)


def test_weights_of_a_users_file_are_used(tmp_path):
    torch.manual_seed(5)
    network = models.get_model("mobilenet_v3_small", weights=None)
    torch.save(network.state_dict(), tmp_path / "mobile.pt")
    backbone = TorchvisionBackbone("mobilenet_v3_small", str(tmp_path / "mobile.pt"))
    torch.testing.assert_close(backbone.to_8[0][0].weight, network.features[0][0].weight)


def test_weights_that_do_not_fit_are_refused_with_file_and_cause(tmp_path):
    (tmp_path / "torn.pt").write_bytes(b"PK torn")
    with pytest.raises(ValueError, match=r"backbone_weights: .*torn\.pt does not fit"):
        TorchvisionBackbone("resnet18", str(tmp_path / "torn.pt"))


def test_blind_camera_is_zero_to_the_network():
    assert not centre_picture(torch.full((1, 32, 32, 3), BLIND_GREY, dtype=torch.uint8)).any()
