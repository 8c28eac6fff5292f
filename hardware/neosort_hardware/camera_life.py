"""One opened camera, from there to its fault: frames awaited and stamped, silence noticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from neosort_hardware.camera_source import CameraFault, CameraSource, Exposure, FrameSpoilt
from neosort_hardware.device_clock import DeviceClock
from neosort_hardware.pixel_formats import PIXEL_FORMATS, frame_bytes, known_format
from neosort_hardware.settings_camera import RealCameraConfig, Trigger

SLICE_S = 0.05  # no wait is longer, so that an end is heard
TOO_MANY = 5  # incomplete frames in a row
TOO_MANY_UNANSWERED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A frame and the middle of its exposure in our time, which may be wrong by ``error_ns``, None if unknown."""

    exposure: Exposure
    middle_ns: int
    error_ns: int | None


class CameraLife:
    """Steps through what a source gives. ``wanted``: waits for so long and says whether a software trigger is due."""

    def __init__(
        self,
        source: CameraSource,
        settings: RealCameraConfig,
        trigger: Trigger,
        stamp_to_middle_ns: int,
        wanted: Callable[[float], bool],
    ) -> None:
        self._source = source
        self._settings = settings
        self._trigger = trigger
        self._stamp_to_middle_ns = stamp_to_middle_ns
        self._wanted = wanted
        self._way_ns = None if settings.delay_ms is None else round(settings.delay_ms * 1e6)
        self._clock = DeviceClock(self._way_ns)
        self._silent_ns = round(settings.silent_ms * 1e6)
        self._heard_ns = time.monotonic_ns()
        self._triggered_ns: int | None = None
        self._spoilt_in_a_row = 0
        self._unanswered = 0
        self._whole_ns = self._heard_ns

    def step(self) -> Taken | None:
        """The next frame, if there is one soon. Raises `CameraFault`, `FrameSpoilt`, `EndOfStream`."""
        if self._trigger == "software" and self._triggered_ns is None and not self._triggers():
            return None
        try:
            exposure = self._source.grab(SLICE_S)
        except FrameSpoilt as spoilt:
            self._bear_spoilt(str(spoilt))
            raise
        if exposure is None:
            self._bear_silence()
            return None
        self._must_fit(exposure)
        taken = self._stamped(exposure)
        self._heard_ns = self._whole_ns = time.monotonic_ns()
        self._triggered_ns, self._spoilt_in_a_row, self._unanswered = None, 0, 0
        return taken

    def _triggers(self) -> bool:
        if not self._wanted(SLICE_S):
            self._bear_silence()
            return False
        self._triggered_ns = time.monotonic_ns()
        self._source.trigger()
        self._heard_ns = self._triggered_ns
        return True

    def _bear_spoilt(self, how: str) -> None:
        """Some frames come incomplete on any network; nothing else for long is a fault."""
        self._heard_ns = time.monotonic_ns()
        self._triggered_ns = None
        self._spoilt_in_a_row += 1
        if self._spoilt_in_a_row >= TOO_MANY and self._heard_ns - self._whole_ns >= self._silent_ns:
            raise CameraFault(f"has sent no whole frame for {self._settings.silent_ms:g} ms ({how})")

    def _bear_silence(self) -> None:
        """Silence is a fault where a frame is owed; where the belt may just stand, the camera is asked how it is."""
        if time.monotonic_ns() - self._heard_ns < self._silent_ns:
            return
        if self._trigger == "free":
            raise CameraFault(f"has sent no frame for {self._settings.silent_ms:g} ms")
        self._source.check()
        self._heard_ns = time.monotonic_ns()
        if self._triggered_ns is not None:
            self._bear_unanswered()

    def _bear_unanswered(self) -> None:
        """A frame whose first packet is lost never shows; that two in a row are lost so is no chance."""
        self._triggered_ns = None
        self._unanswered += 1
        if self._unanswered >= TOO_MANY_UNANSWERED:
            raise CameraFault(f"has sent no frame within {self._settings.silent_ms:g} ms of a software trigger, twice")
        raise FrameSpoilt("no answer to a software trigger")

    def _must_fit(self, exposure: Exposure) -> None:
        wanted = (self._settings.width_px, self._settings.height_px)
        size = (exposure.width_px, exposure.height_px)
        if size != wanted:
            raise CameraFault(
                f"sends frames of {size[0]} × {size[1]} pixels, the line is configured for {wanted[0]} × {wanted[1]} "
                "(camera.width_px, camera.height_px)"
            )
        if known_format(exposure.pixel_format) is None:
            raise CameraFault(
                f"sends pixel format {exposure.pixel_format}, understood are {', '.join(sorted(PIXEL_FORMATS))}"
            )
        due = frame_bytes(exposure.pixel_format, *size)
        if exposure.raw.size != due:
            raise CameraFault(
                f"sends {exposure.raw.size} bytes a frame, {due} are due for {size[0]} × {size[1]} "
                f"{exposure.pixel_format}"
            )

    def _stamped(self, exposure: Exposure) -> Taken:
        if exposure.device_ns is None:
            middle_ns = exposure.arrived_ns - (self._way_ns or 0)
            return Taken(exposure=exposure, middle_ns=middle_ns, error_ns=self._way_ns)
        self._clock.told(exposure.device_ns, exposure.arrived_ns, self._triggered_ns)
        middle_ns = self._clock.ours_ns(exposure.device_ns) + self._stamp_to_middle_ns
        return Taken(exposure=exposure, middle_ns=middle_ns, error_ns=self._clock.error_ns)
