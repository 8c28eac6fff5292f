"""`OpenCvCamera`: V4L2 devices, RTSP and MJPEG over the network, video files and folders of pictures."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from neosort_hardware.camera_files import PictureFiles
from neosort_hardware.camera_real import RealCamera
from neosort_hardware.camera_source import CameraFault, Exposure
from neosort_hardware.settings_camera import OpenCvCameraConfig
from neosort_hardware.site import Site
from neosort_hardware.types import ImageU8

V4L2 = "/dev/"  # video0, or v4l/by-id/…: a name that stays the same
V4L2_MANUAL = 1.0  # V4L2_EXPOSURE_MANUAL
V4L2_UNIT_US = 100.0  # of V4L2_CID_EXPOSURE_ABSOLUTE
USUAL_HZ = 25.0
BELIEVED_NS = 2_000_000_000  # a V4L2 stamp that is older is of another clock


class OpenCvCamera(RealCamera):
    """A camera that runs freely, or files of which the belt's travel takes one picture after another."""

    @classmethod
    def connect(cls, settings: OpenCvCameraConfig, site: Site) -> Self:
        """Opens the source. Raises `DeviceError`."""
        name, source = f"OpenCV camera {settings.source}", settings.source
        if source.startswith(V4L2):
            return cls(name, partial(V4l2Stream, settings), settings, site)
        if "://" in source:
            return cls(name, partial(NetworkStream, settings), settings, site)
        return cls(name, partial(PictureFiles, Path(source), settings.repeat), settings, site, trigger="software")

    @staticmethod
    def present() -> list[str]:
        """V4L2 devices of this machine."""
        return sorted(str(path) for path in Path("/dev").glob("video*"))


class _Stream:
    """A `cv2.VideoCapture` that gives frame after frame. A wait cannot be cut short but ends within ``silent_ms``."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    def trigger(self) -> None:
        raise CameraFault("cannot be triggered")

    def grab(self, wait_s: float) -> Exposure | None:
        if not self._capture.grab():
            raise CameraFault("the stream broke off")
        arrived_ns = time.monotonic_ns()
        whole, picture = self._capture.retrieve()
        if not whole:
            raise CameraFault("sends frames that cannot be decoded")
        return self._exposure(np.asarray(picture, dtype=np.uint8), arrived_ns)

    def expose_for(self, exposure_us: float) -> None:
        raise CameraFault("has an exposure of its own, which a stream does not tell")

    def check(self) -> None:
        if not self._capture.isOpened():
            raise CameraFault("is closed")

    def close(self) -> None:
        self._capture.release()

    def _exposure(self, picture: ImageU8, arrived_ns: int) -> Exposure:
        height, width = picture.shape[:2]
        return Exposure(
            raw=picture.reshape(-1), pixel_format="BGR8", width_px=width, height_px=height, arrived_ns=arrived_ns
        )


class NetworkStream(_Stream):
    """RTSP, or MJPEG over HTTP, by FFmpeg on one thread: its frame threads would hold frames back."""

    def __init__(self, settings: OpenCvCameraConfig) -> None:
        """Raises `CameraFault` when nobody answers."""
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(settings.answer_ms)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(settings.silent_ms)),
            *(cv2.CAP_PROP_N_THREADS, 1),
        ]
        capture = cv2.VideoCapture(settings.source, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            capture.release()
            raise CameraFault(f"cannot be opened: nobody answers there within {settings.answer_ms:g} ms, or no stream")
        super().__init__(capture)
        self._by_stream = settings.stamps == "stream"
        self._catch_up(settings.answer_ms * 1e-3)

    def _catch_up(self, longest_s: float) -> None:
        """FFmpeg looks at a stream for up to a second before it hands over the first frame: those of before are old."""
        waits_s = 0.5 / (self._capture.get(cv2.CAP_PROP_FPS) or USUAL_HZ)
        end = time.monotonic() + longest_s
        asked = time.monotonic()
        while asked < end and self._capture.grab():
            answered = time.monotonic()
            if answered - asked > waits_s:
                return
            asked = answered

    def _exposure(self, picture: ImageU8, arrived_ns: int) -> Exposure:
        exposure = super()._exposure(picture, arrived_ns)
        if not self._by_stream:
            return exposure
        return replace(exposure, device_ns=round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6))


class V4l2Stream(_Stream):
    """A V4L2 device, set up as configured. The kernel stamps its frames in our own monotonic time."""

    def __init__(self, settings: OpenCvCameraConfig) -> None:
        """Raises `CameraFault` when there is no such device or it does not take a setting."""
        capture = cv2.VideoCapture(settings.source, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise CameraFault("cannot be opened: no such device, or somebody else has it")
        super().__init__(capture)
        self._fixed = settings.exposure_fixed
        try:
            self._set_up(settings)
        except CameraFault:
            capture.release()
            raise

    def _set_up(self, settings: OpenCvCameraConfig) -> None:
        if settings.fourcc is not None:
            self._set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*settings.fourcc), f"fourcc = {settings.fourcc}")
        self._set(cv2.CAP_PROP_FRAME_WIDTH, settings.width_px, f"width_px = {settings.width_px}")
        self._set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height_px, f"height_px = {settings.height_px}")
        if settings.rate_hz is not None:
            self._set(cv2.CAP_PROP_FPS, settings.rate_hz, f"rate_hz = {settings.rate_hz:g}")
        if settings.exposure_fixed:
            return
        self._set(cv2.CAP_PROP_AUTO_EXPOSURE, V4L2_MANUAL, "manual exposure")
        self._set_exposure(settings.exposure_us)

    def expose_for(self, exposure_us: float) -> None:
        if self._fixed:
            raise CameraFault("has an exposure of its own (camera.exposure_fixed)")
        self._set_exposure(exposure_us)

    def _set_exposure(self, exposure_us: float) -> None:
        """The kernel takes what is out of a control's range without a word, and moves it into the range."""
        before = self._capture.get(cv2.CAP_PROP_EXPOSURE)
        exposure = max(1.0, round(exposure_us / V4L2_UNIT_US))
        self._set(cv2.CAP_PROP_EXPOSURE, exposure, f"exposure_us = {exposure_us:g}")
        said = self._capture.get(cv2.CAP_PROP_EXPOSURE)
        if said != exposure:
            self._capture.set(cv2.CAP_PROP_EXPOSURE, before)
            raise CameraFault(f"does not take exposure_us = {exposure_us:g}: it then says {V4L2_UNIT_US * said:g}")

    def _set(self, key: int, value: float, said: str) -> None:
        if not self._capture.set(key, value):
            raise CameraFault(f"does not take {said}")

    def grab(self, wait_s: float) -> Exposure | None:
        """OpenCV itself would wait ten seconds for a frame."""
        try:
            came, _ = cv2.VideoCapture.waitAny([self._capture], max(1, round(wait_s * 1e9)))
        except cv2.error as error:
            raise CameraFault("the stream broke off") from error
        return super().grab(wait_s) if came else None

    def _exposure(self, picture: ImageU8, arrived_ns: int) -> Exposure:
        stamped_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        ours = 0 <= arrived_ns - stamped_ns <= BELIEVED_NS
        return super()._exposure(picture, stamped_ns if ours else arrived_ns)
