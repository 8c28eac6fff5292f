"""The camera: lens, lamps' fall-off, dirt on the window, shot and read noise, response curve."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.config import PictureConfig
from neosort_hardware.twin.compositing import WHITE
from neosort_hardware.twin.wear import wrapped_noise
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

BAND_ROWS = 64  # a picture is worked through in bands that stay in the processor's cache
_TILE_MARGIN = 64
Real = npt.NDArray[np.floating]
_COARSE_PX = 8  # what varies slowly over the picture is worked out in steps of this many pixels
_BALANCED_EVERY = 16  # exposures: the colour balance wanders slowly
_BALANCED_K = 5600.0  # a: the camera's white balance was set under lamps of this temperature


def travel_kernel(fraction_px: float, blur_px: float) -> ArrayF32:
    """Weights (odd length) that show rows ``fraction_px`` further on, smeared over ``blur_px`` of travel.

    The box of the travel, centred on mid-exposure, convolved with linear interpolation between rows: the weight of
    row k is the integral of the hat max(0, 1 − |t − k|) over the box.
    """
    if fraction_px < 1e-6 and blur_px < 1e-3:
        return np.ones(1, np.float32)
    half = 0.5 * blur_px
    reach = math.ceil(fraction_px + half + 1)
    rows = np.arange(-reach, reach + 1, dtype=np.float64)
    if blur_px < 1e-3:
        weights = np.clip(1 - np.abs(fraction_px - rows), 0, None)
    else:
        weights = _hat_integral(fraction_px + half - rows) - _hat_integral(fraction_px - half - rows)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def joined_kernels(one: ArrayF32, other: ArrayF32) -> ArrayF32:
    """Both blurs in one (odd length), without taps at both ends that nobody would see."""
    kernel = np.convolve(one, other)
    while len(kernel) > 1 and max(kernel[0], kernel[-1]) < 2e-3:
        kernel = kernel[1:-1]
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _hat_integral(t: ArrayF64) -> ArrayF64:
    """Integral of the unit hat from −∞ to t."""
    inside = np.clip(t, -1, 1)
    return np.asarray(np.where(inside < 0, 0.5 * (1 + inside) ** 2, 1 - 0.5 * (1 - inside) ** 2))


def defocus_kernel(sigma_px: float) -> ArrayF32:
    """Weights (odd length) of a Gaussian blur, those above a hundredth of the middle one's."""
    reach = math.floor(math.sqrt(2 * math.log(100)) * sigma_px)
    if reach == 0:
        return np.ones(1, np.float32)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def distorted(u: Real, v: Real, size: tuple[int, int], strength: float) -> tuple[Real, Real]:
    """Where a lens without distortion would show what this one shows at (u, v), pixels.

    Radial, of third order: r' = r·(1 + strength·(r/R)²), R from the middle of the picture to its corner.
    """
    centre_u, centre_v = 0.5 * size[0], 0.5 * size[1]
    stretch = 1 + strength * ((u - centre_u) ** 2 + (v - centre_v) ** 2) / (centre_u**2 + centre_v**2)
    return centre_u + (u - centre_u) * stretch, centre_v + (v - centre_v) * stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one exposure has of its own: its gain, and where it enters the tile of noise."""

    gain: float
    top: int
    left: int


class Sensor:
    """Turns linear light into an exposure. Gain and colour balance wander slowly from frame to frame.

    Noise is added where its variance does not depend on brightness (square-root scale, Anscombe), from a precomputed
    tile that each frame enters at another place; shot noise then follows the brightness by itself.
    """

    def __init__(self, picture: PictureConfig, *, width_px: int, height_px: int, noise: ArrayF32, seed: int) -> None:
        rng = np.random.default_rng((seed, 3))
        self._width = width_px
        self._drift = np.array([picture.white_balance_drift, picture.gain_drift, picture.white_balance_drift])
        self._state = rng.normal(0.0, 1.0, 3)
        self._tile = noise * np.float32(picture.noise)
        coarse = (height_px // _COARSE_PX + 1, width_px // _COARSE_PX + 1)
        film = _window_film(coarse, picture.window_dirt, rng)
        plane = _smooth(_falloff(coarse, picture) * (1 - 0.45 * film), width_px, height_px)
        # counts → square root of light × 255, so that what follows is one square root
        self._plane, self._lamps = plane, 255.0**2 / WHITE * _lamp_rgb(picture)
        self._balanced = np.empty((height_px, width_px, 3), np.float32)
        self._exposures = 0
        self._response = _response(0.02 * float(film.mean()) + 0.004 * picture.window_dirt, rng)

    def moment(self, rng: np.random.Generator, share: float = 1.0) -> Moment:
        """Draw what the next exposure has of its own. ``share``: of the light that `PictureConfig.exposure` means."""
        self._state += rng.normal(0.0, 0.1, 3) - 0.005 * self._state  # stationary with unit variance
        red, gain, blue = self._drift * self._state
        if self._exposures % _BALANCED_EVERY == 0:
            tint = (self._lamps * [1 + red, 1.0, 1 + blue]).astype(np.float32)
            cv2.merge([self._plane * part for part in tint], dst=self._balanced)
        self._exposures += 1
        top, left = (int(place) for place in rng.integers(0, 1 << 16, 2))
        return Moment(gain=float(1 + gain) * share, top=top, left=left)

    def expose(self, light: ArrayF32, rows: slice, moment: Moment) -> ImageU8:
        """Some rows of the picture, `BAND_ROWS` of them at most, (n, width, 3) float32 counts of the strip → uint8, as
        the sensor delivers them. ``light`` is written over: it lies in the processor's cache."""
        seen = cv2.multiply(light, self._balanced[rows], dst=light, scale=moment.gain)
        top, left = (moment.top + 29 * rows.start) % _TILE_MARGIN, (moment.left + 11 * rows.start) % _TILE_MARGIN
        tile = self._tile[top : top + len(light), left : left + self._width]
        levels = cv2.add(cv2.sqrt(seen, dst=seen), tile, dtype=cv2.CV_8U)
        return np.asarray(cv2.LUT(levels, self._response), np.uint8)


def _response(veil: float, rng: np.random.Generator) -> ImageU8:
    """Square root of light (0..255) → display level, (256,): near the sRGB curve, with a shoulder, as cameras differ
    (a). ``veil``: light that dirt on the window scatters into the view, as a share of white."""
    power = float(rng.normal(1.0, 0.04))
    knee = float(rng.uniform(0.80, 0.97))
    light = (np.arange(256) / 255.0) ** 2 + veil
    light = np.where(light > knee, knee + (1 - knee) * np.tanh((light - knee) / (1 - knee)), light) ** power
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(np.clip(255 * srgb, 0, 255)), np.uint8)


def sensor_noise(width_px: int, rng: np.random.Generator) -> ArrayF32:
    """A tile of noise of unit spread, (h, w, 3), larger than a band, so that each can enter it elsewhere:
    that of a colour filter array, interpolated as cameras do, with a little that a whole row shares."""
    rows, cols = BAND_ROWS + _TILE_MARGIN, width_px + _TILE_MARGIN
    raw = rng.standard_normal((rows, cols), dtype=np.float32)
    mosaic = np.clip(32768 + 6000 * raw, 0, 65535).astype(np.uint16)
    rgb = cv2.cvtColor(mosaic, cv2.COLOR_BayerRG2RGB).astype(np.float32)
    return np.asarray(rgb / rgb.std() - 32768 / rgb.std() + rng.normal(0, 0.12, (rows, 1, 1)), np.float32)


def _lamp_rgb(picture: PictureConfig) -> ArrayF64:
    """Exposure and the tint of lamps warmer or colder than the balance was set for: about linear in 1/T (a)."""
    warmer = 1e6 / picture.colour_temperature_k - 1e6 / _BALANCED_K  # mired
    tint = np.array([1 + 0.0016 * warmer, 1.0, 1 - 0.0020 * warmer])
    return np.asarray(picture.exposure * np.clip(tint, 0.5, 1.6))


def _falloff(shape: tuple[int, int], picture: PictureConfig) -> ArrayF32:
    """Brightness over the picture: lens and lamps lose ``light_falloff`` in the corners, and the lamps' brighter side
    shows."""
    v, u = (np.linspace(-1, 1, size, dtype=np.float32) for size in shape)
    loss = 0.5 * picture.light_falloff * (u[None, :] ** 2 + v[:, None] ** 2)
    azimuth = math.radians(picture.light_azimuth_deg)
    side = 0.12 * picture.light_contrast * (v[:, None] * math.cos(azimuth) + u[None, :] * math.sin(azimuth))
    return np.asarray(1.0 - loss + side, np.float32)


def _window_film(shape: tuple[int, int], dirt: float, rng: np.random.Generator) -> ArrayF32:
    """Dirt on the camera's window, far out of focus: share of the light that it takes, before its own strength."""
    blots = np.zeros(shape, np.float32)
    for _ in range(int(rng.poisson(5 * dirt))):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        cv2.circle(blots, centre, int(rng.integers(1, 6)), float(rng.uniform(0.2, 1.0)), -1)
    soft = cv2.GaussianBlur(blots, (0, 0), float(rng.uniform(1.5, 4)))
    smear = 0.25 * np.clip(wrapped_noise(shape, 14, rng), 0, 2)
    return np.clip(dirt * (soft + smear), 0, 1).astype(np.float32)


def _smooth(coarse: ArrayF32, width_px: int, height_px: int) -> ArrayF32:
    """A plane at the picture's own size."""
    fine = cv2.resize(coarse.astype(np.float32), (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine, np.float32)
