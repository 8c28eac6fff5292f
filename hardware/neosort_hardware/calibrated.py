"""Camera and array with the line's own calibration put to use: what comes out of them is what the line goes by.

A line that has no such constants has the devices themselves.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.config import LineConfig
from neosort_hardware.devices import Camera, Magnetometer
from neosort_hardware.settings_calibration import ChannelsCalibration, LensCalibration, LightCalibration
from neosort_hardware.types import ArrayF32, ArrayF64, DeviceHealth, FieldBlock, Frame, ImageU8


class CalibratedCamera:
    """Pictures evenly lit and as a lens without distortion would show them."""

    def __init__(
        self, camera: Camera, lens: LensCalibration | None, light: LightCalibration | None, size: tuple[int, int]
    ) -> None:
        self.bare = camera
        self._gains = None if light is None else gains_of(light, size)
        self._maps = None if lens is None else _straight_maps(lens, size)

    @property
    def name(self) -> str:
        return self.bare.name

    def health(self) -> DeviceHealth:
        return self.bare.health()

    def close(self) -> None:
        self.bare.close()

    def read(self, timeout_s: float) -> Frame | None:
        frame = self.bare.read(timeout_s)
        return None if frame is None else replace(frame, image=self.corrected(frame.image))

    def corrected(self, image: ImageU8) -> ImageU8:
        """A picture (height, width, 3) with the calibration put to use."""
        if self._gains is not None:
            image = self.lit(image, self._gains)
        if self._maps is not None:
            image = np.asarray(
                cv2.remap(image, self._maps[0], self._maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
                np.uint8,
            )
        return image

    @staticmethod
    def lit(image: ImageU8, gains: ArrayF32) -> ImageU8:
        """A picture with `gains_of` put to it."""
        return np.asarray(cv2.multiply(image, gains, dtype=cv2.CV_8U), np.uint8)


def camera_matrix(lens: LensCalibration) -> ArrayF64:
    """(3, 3) for OpenCV, whose first pixel's centre is at 0."""
    (fx, fy), (cx, cy) = lens.focal_px, lens.centre_px
    return np.array([[fx, 0.0, cx - 0.5], [0.0, fy, cy - 0.5], [0.0, 0.0, 1.0]])


def straight_points(lens: LensCalibration | None, pixels: ArrayF64) -> ArrayF64:
    """Where a lens without distortion would show what this one shows at pixels (n, 2), first centre at 0.5."""
    if lens is None or not len(pixels):
        return pixels
    matrix = camera_matrix(lens)
    flat = np.ascontiguousarray(pixels - 0.5, dtype=np.float64).reshape(-1, 1, 2)
    seen = cv2.undistortPoints(flat, matrix, np.asarray(lens.distortion, np.float64), P=matrix)
    return np.asarray(seen, np.float64).reshape(-1, 2) + 0.5


def gains_of(light: LightCalibration, size: tuple[int, int]) -> ArrayF32:
    """(height, width, 3) float32: what each level is multiplied by."""
    width, height = size
    coarse = np.asarray(light.flat, np.float32)
    flat = spread(coarse, width, height)
    return np.asarray(flat[..., None] * np.asarray(light.white, np.float32), np.float32)


def spread(coarse: ArrayF32, width: int, height: int) -> ArrayF32:
    """Values at evenly spaced places, the outermost on the picture's edges → one a pixel, linear in between."""
    rows, cols = coarse.shape
    u = (np.arange(width, dtype=np.float32) + 0.5) / width * (cols - 1)
    v = (np.arange(height, dtype=np.float32) + 0.5) / height * (rows - 1)
    at_u, at_v = np.meshgrid(u, v)
    return np.asarray(cv2.remap(coarse, at_u, at_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _straight_maps(
    lens: LensCalibration, size: tuple[int, int]
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    matrix = camera_matrix(lens)
    distortion = np.asarray(lens.distortion, np.float64)
    first, second = cv2.initUndistortRectifyMap(matrix, distortion, np.eye(3), matrix, size, cv2.CV_16SC2)
    return np.asarray(first, np.int16), np.asarray(second, np.uint16)


class Correction:
    """What a calibration makes of blocks."""

    def __init__(self, channels: ChannelsCalibration) -> None:
        self._zero_ut = np.asarray(channels.zero_ut, np.float32)
        self._matrix = np.ascontiguousarray(np.asarray(channels.matrix, np.float32).transpose(0, 2, 1))
        self._order = np.asarray(channels.order, np.int64) if channels.order else None
        self._out_of_use = list(channels.out_of_use)

    def corrected(self, block: FieldBlock) -> FieldBlock:
        """A block with the calibration put to use; one of another number of channels as it is."""
        field_ut, saturated = block.field_ut, block.saturated
        if field_ut.shape[1] != len(self._zero_ut):
            return block
        if self._order is not None:
            field_ut, saturated = field_ut[:, self._order], saturated[:, self._order]
        # (channels, samples, 3) @ (channels, 3, 3)
        centred = (field_ut - self._zero_ut).transpose(1, 0, 2)
        field_ut = np.ascontiguousarray(np.matmul(centred, self._matrix).transpose(1, 0, 2))
        if self._out_of_use:
            saturated = saturated.copy()
            field_ut[:, self._out_of_use] = np.nan
            saturated[:, self._out_of_use] = False
        return replace(block, field_ut=field_ut, saturated=saturated)


class CalibratedMagnetometer:
    """Readings turned into the field over the empty belt's, in the belt's own axes."""

    def __init__(self, array: Magnetometer, channels: ChannelsCalibration) -> None:
        self.bare = array
        self._correction = Correction(channels)

    @property
    def name(self) -> str:
        return self.bare.name

    def health(self) -> DeviceHealth:
        return self.bare.health()

    def close(self) -> None:
        self.bare.close()

    def read(self, timeout_s: float) -> FieldBlock | None:
        block = self.bare.read(timeout_s)
        return None if block is None else self.corrected(block)

    def corrected(self, block: FieldBlock) -> FieldBlock:
        """A block with the calibration put to use."""
        return self._correction.corrected(block)


def calibrated_camera(camera: Camera, config: LineConfig) -> Camera:
    """The camera as the line's calibration has it."""
    lens, light = config.calibration.lens, config.calibration.light
    if lens is None and light is None:
        return camera
    return CalibratedCamera(camera, lens, light, (config.camera.width_px, config.camera.height_px))


def calibrated_array(array: Magnetometer, config: LineConfig) -> Magnetometer:
    """The array as the line's calibration has it."""
    channels = config.calibration.channels
    return array if channels is None else CalibratedMagnetometer(array, channels)


def bare_camera(camera: Camera) -> Camera:
    """The camera itself, without any calibration."""
    return camera.bare if isinstance(camera, CalibratedCamera) else camera


def bare_array(array: Magnetometer) -> Magnetometer:
    """The array itself, without any calibration."""
    return array.bare if isinstance(array, CalibratedMagnetometer) else array


def as_read_by(camera: Camera, frame: Frame) -> Frame:
    """A frame of the bare camera as that one would have given it."""
    return replace(frame, image=camera.corrected(frame.image)) if isinstance(camera, CalibratedCamera) else frame


def as_felt_by(array: Magnetometer, block: FieldBlock) -> FieldBlock:
    """A block of the bare array as that one would have given it."""
    return array.corrected(block) if isinstance(array, CalibratedMagnetometer) else block
