"""The picture of a window as another camera, under other lamps, would have taken it.

In the order in which light goes: the lens blurs, lamps and sensor colour and grade, the sensor adds noise, the camera's
own processing sharpens, bands and compresses; dirt covers a corner. Where items lie does not change.

torchvision's transforms v2 do what they do quickly: posterise and erase. Milliseconds for 320 × 320 px on one core
decided the rest: v2's hue 19 and Gaussian noise 17 against 0.1 for hue and saturation as one colour matrix and 2 for
noise by OpenCV, v2's blur 9 and sharpness 10 against 0.5 and 0.6. Its JPEG is about to be taken out of it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as v2

from neosort_hardware.types import ArrayF64, ImageU8
from neosort_training.config import PictureAugment

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as JPEG has it
_FEWEST_BITS = 5  # a channel keeps after posterising
_LARGEST_ERASED = 0.25  # of a side


def augment_picture(picture: ImageU8, config: PictureAugment, rng: np.random.Generator) -> ImageU8:
    """One variation of ``picture`` (rows, cols, 3). Everything follows from ``rng``."""
    if rng.random() < config.blur:
        picture = blur(picture, float(rng.uniform(0.3, config.blur_px)))
    picture = relight(picture, config, rng)
    if rng.random() < config.noise:
        picture = add_noise(picture, float(rng.uniform(0.0, config.noise_levels)), rng)
    if rng.random() < config.sharpen:
        picture = sharpen(picture, float(rng.uniform(0.0, 1.0)))
    if rng.random() < config.posterise:
        picture = _by_torchvision(picture, lambda image: v2.posterize(image, int(rng.integers(_FEWEST_BITS, 8))))
    if rng.random() < config.jpeg:
        picture = compress(picture, int(rng.integers(config.jpeg_quality, 96)))
    if rng.random() < config.erase:
        picture = erase(picture, rng)
    return picture


def colour_matrix(hue_rad: float, saturation: float, warmth: float) -> ArrayF64:
    """(3, 3) that turns hues about the grey axis, pulls colours towards their luma and weighs red against blue.

    Greys stay grey but for the warmth. The rotation is Rodrigues' about (1, 1, 1)/√3.
    """
    cosine, sine = np.cos(hue_rad), np.sin(hue_rad) / np.sqrt(3.0)
    across = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    turned = cosine * np.eye(3) + (1.0 - cosine) / 3.0 + sine * across
    vivid = (1.0 - saturation) * np.tile(_LUMA, (3, 1)) + saturation * turned
    return np.asarray(np.diag([1.0 + warmth, 1.0, 1.0 - warmth]) @ vivid)


def relight(picture: ImageU8, config: PictureAugment, rng: np.random.Generator) -> ImageU8:
    """Other hue, saturation and colour temperature as one matrix; gamma, brightness and contrast as one table."""

    def about(reach: float) -> float:
        return float(rng.uniform(-reach, reach))

    matrix = colour_matrix(np.deg2rad(about(config.hue_deg)), 1.0 + about(config.saturation), about(config.temperature))
    coloured = cv2.transform(np.ascontiguousarray(picture), matrix.astype(np.float32))
    level = 255.0 * (np.arange(256.0) / 255.0) ** np.exp(about(config.gamma))
    level = (level * (1.0 + about(config.brightness)) - 128.0) * (1.0 + about(config.contrast)) + 128.0
    return np.asarray(cv2.LUT(coloured, np.clip(np.rint(level), 0, 255).astype(np.uint8)), dtype=np.uint8)


def blur(picture: ImageU8, sigma_px: float) -> ImageU8:
    """A lens out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), dtype=np.uint8)


def sharpen(picture: ImageU8, amount: float) -> ImageU8:
    """Unsharp masking with 1 px, as cameras do it."""
    return np.asarray(cv2.addWeighted(picture, 1.0 + amount, blur(picture, 1.0), -amount, 0.0), dtype=np.uint8)


def add_noise(picture: ImageU8, sigma_levels: float, rng: np.random.Generator) -> ImageU8:
    """Normal noise of that many grey levels, each channel on its own."""
    cv2.setRNGSeed(int(rng.integers(2**31)))  # of this thread; numpy's normals take twice as long
    noise = np.empty(picture.size, dtype=np.int16)
    cv2.randn(noise, np.zeros(1), np.full(1, sigma_levels))
    return np.asarray(cv2.add(picture, noise.reshape(picture.shape), dtype=cv2.CV_8U), dtype=np.uint8)


def compress(picture: ImageU8, quality: int) -> ImageU8:
    """What JPEG of that quality leaves of it."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def erase(picture: ImageU8, rng: np.random.Generator) -> ImageU8:
    """A rectangle of one colour over some of it (random erasing, Zhong et al. 2017): dirt on the window, a finger."""
    rows, cols = picture.shape[:2]
    high, wide = (max(1, int(rng.uniform(0.03, _LARGEST_ERASED) * side)) for side in (rows, cols))
    row, col = int(rng.integers(rows - high + 1)), int(rng.integers(cols - wide + 1))
    colour = torch.from_numpy(rng.integers(0, 256, (3, 1, 1), dtype=np.uint8))
    return _by_torchvision(picture, lambda image: v2.erase(image, row, col, high, wide, colour))


def _by_torchvision(picture: ImageU8, transform: Callable[[Tensor], Tensor]) -> ImageU8:
    """``transform`` of tensors (3, rows, cols) on an array (rows, cols, 3)."""
    image = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    return np.asarray(transform(image).permute(1, 2, 0).numpy(), dtype=np.uint8)
