"""The picture branch: how a picture becomes features at 1/8 and 1/16.

The default, ``patch``, goes from the picture to 1/4 in one convolution of 4 × 4 px that do not overlap: that costs a
third of two strided convolutions, which would move the picture through memory at half its size. Any other name is one
of torchvision's networks, cut after 1/16, for users who have weights that learnt from photographs.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models
from torchvision.models.resnet import BasicBlock
from torchvision.ops import Conv2dNormActivation

from neosort_datasets.window import BLIND_GREY
from neosort_training.config import ModelConfig

PATCH = 4
_IMAGENET_MEAN = (123.675, 116.28, 103.53)  # torchvision's, of 255
_IMAGENET_STD = (58.395, 57.12, 57.375)


class PictureFeatures(NamedTuple):
    """``eighth`` (B,·,rows/8,cols/8) and ``sixteenth`` (B,·,rows/16,cols/16)."""

    eighth: Tensor
    sixteenth: Tensor


class PatchBackbone(nn.Module):
    """Patches of 4 × 4 px, then residual blocks at 1/8 and 1/16. ``channels``: of its features there."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        conv = Conv2dNormActivation
        self.channels = (config.stride_8, config.stride_16)
        self.stem = conv(3, config.stem, PATCH, PATCH, padding=0)
        eighth = [BasicBlock(config.stride_8, config.stride_8) for _ in range(config.blocks_8)]
        self.to_8 = nn.Sequential(conv(config.stem, config.stride_8, 3, 2), *eighth)
        sixteenth = [BasicBlock(config.stride_16, config.stride_16) for _ in range(config.blocks_16)]
        self.to_16 = nn.Sequential(conv(config.stride_8, config.stride_16, 3, 2), *sixteenth)

    def forward(self, picture: Tensor) -> PictureFeatures:
        """Features of (B,rows,cols,3) uint8."""
        eighth = self.to_8(self._patches(picture))
        return PictureFeatures(eighth, self.to_16(eighth))

    def _patches(self, picture: Tensor) -> Tensor:
        """What `stem` makes of the picture, by a third of the work.

        Four pixels of a row lie side by side in memory, colours and all: taken as one of 12 channels they make the
        4 × 4 convolution one of 4 × 1, which moves four times as many bytes at a time.
        """
        batch, rows, cols, colours = picture.shape
        side_by_side = centre_picture(picture.reshape(batch, rows, cols // PATCH, PATCH * colours))
        convolve, *rest = self.stem
        weight = convolve.weight.permute(0, 3, 1, 2).reshape(-1, PATCH * colours, PATCH, 1)
        patches: Tensor = F.conv2d(side_by_side, weight, convolve.bias, stride=(PATCH, 1))
        for layer in rest:
            patches = layer(patches)
        return patches


class TorchvisionBackbone(nn.Module):
    """A network of torchvision's, as far as 1/16. ``channels``: of its features at 1/8 and 1/16."""

    def __init__(self, name: str, weights: str = "") -> None:
        """``weights``: file of the whole network's state dictionary. Raises `ValueError` where it does not fit."""
        super().__init__()
        network = models.get_model(name, weights=None)
        if weights:
            load_weights(network, Path(weights))
        self.to_8, self.to_16, self.channels = _halves(_stages(network))
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> PictureFeatures:
        """Features of (B,rows,cols,3) uint8."""
        pixels = picture.permute(0, 3, 1, 2).to(torch.float32)
        eighth = self.to_8((pixels - self.mean) / self.std)
        return PictureFeatures(eighth, self.to_16(eighth))


def make_backbone(config: ModelConfig) -> PatchBackbone | TorchvisionBackbone:
    """The picture branch that ``config`` names."""
    if config.backbone == "patch":
        return PatchBackbone(config)
    return TorchvisionBackbone(config.backbone, config.backbone_weights)


def centre_picture(picture: Tensor) -> Tensor:
    """(B,rows,cols,channels) uint8 → (B,channels,rows,cols) float32, a blind camera's grey at zero.

    Not brought to unit range: the first batch normalisation does that, and small integers are exact in eight bits.
    """
    return picture.permute(0, 3, 1, 2).to(torch.float32) - BLIND_GREY


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill ``network`` from a file of its state dictionary. Raises `ValueError` naming file and cause."""
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torn files and foreign dictionaries surface as half a dozen types
        raise ValueError(f"model.backbone_weights: {path} does not fit ({str(error).splitlines()[0][:160]})") from error


def _stages(network: nn.Module) -> list[nn.Module]:
    """The layers of a torchvision classifier in order, without its head."""
    if isinstance(network, models.ResNet):
        stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        return [stem, network.layer1, network.layer2, network.layer3]
    features = getattr(network, "features", None)
    if not isinstance(features, nn.Sequential):
        raise ValueError(f"model.backbone: {type(network).__name__} has no features in a row")
    return list(features)


@torch.no_grad()
def _halves(stages: list[nn.Module]) -> tuple[nn.Sequential, nn.Sequential, tuple[int, int]]:
    """Layers up to the last at 1/8, those up to the last at 1/16, and the channels of both."""
    side, look = 64, torch.zeros(1, 3, 64, 64)
    ends: dict[int, tuple[int, int]] = {}
    for number, stage in enumerate(stages):
        look = stage.eval()(look)
        ends[side // look.shape[2]] = (number + 1, look.shape[1])
        stage.train()
    (eighth, channels_8), (sixteenth, channels_16) = ends[8], ends[16]
    return nn.Sequential(*stages[:eighth]), nn.Sequential(*stages[eighth:sixteenth]), (channels_8, channels_16)
