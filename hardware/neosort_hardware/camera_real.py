"""What every real camera shares: frames placed on the belt, picked by its travel, in RGB."""

from __future__ import annotations

import time

from neosort_hardware.belt_past import BeltPast
from neosort_hardware.camera_grabber import CameraGrabber, OpenSource
from neosort_hardware.camera_life import Taken
from neosort_hardware.devices import DeviceError
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.pixel_formats import to_rgb
from neosort_hardware.settings_camera import RealCameraConfig, Trigger
from neosort_hardware.site import Site
from neosort_hardware.travel_gate import TravelGate
from neosort_hardware.types import DeviceHealth, Frame

LOOK_S = 0.005  # between looks at the belt while waiting


class RealCamera(NamedDevice):
    """A camera behind a `CameraSource`.

    The encoder is read by whoever reads here, never by the camera's own thread: a frame's place is where the belt was
    in the middle of its exposure. ``trigger``: ``free`` picks the first frame of every stretch of
    ``trigger_every_mm``, ``software`` asks for one when the belt has come so far, ``line`` takes all that come.
    ``unplaced``: frames left out because nobody looked at the belt around their time. ``stamp_error_ms``: by how much
    the newest frame's stamp may be wrong, None where that is not known.
    """

    def __init__(
        self,
        name: str,
        open_source: OpenSource,
        settings: RealCameraConfig,
        site: Site,
        *,
        trigger: Trigger = "free",
        stamp_to_middle_ns: int = 0,
    ) -> None:
        """Raises `DeviceError` when the camera cannot be opened."""
        super().__init__(name)
        assert site.encoder is not None, "the encoder is opened first"
        self._encoder = site.encoder
        self._software, self._by_wire = trigger == "software", trigger == "line"
        self._asked_ns: int | None = None  # since when a picture is wanted that no travel is due for
        self._gate = TravelGate(settings.trigger_every_mm, picks=trigger == "free")
        self._past = BeltPast()
        self._triggered: int | None = None
        self._last_ns = 0
        self.unplaced = 0
        self.stamp_error_ms: float | None = None
        self._grabber = CameraGrabber(name, open_source, settings, trigger, stamp_to_middle_ns)

    @property
    def spoilt(self) -> int:
        """Frames that came incomplete."""
        return self._grabber.spoilt

    @property
    def lost(self) -> int:
        """Frames that nobody took in time."""
        return self._grabber.lost

    def read(self, timeout_s: float) -> Frame | None:
        self._must_be_open()
        deadline_ns = time.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            self._look_at_belt()
            frame = self._next_frame()
            left_ns = deadline_ns - time.monotonic_ns()
            if frame is not None or left_ns <= 0:
                return frame
            self._grabber.wait(min(LOOK_S, left_ns * 1e-9))

    def look(self) -> None:
        """A picture now, though the belt stands. Raises `DeviceError` for a camera that only a wire triggers."""
        self._must_be_open()
        if self._by_wire:
            raise DeviceError(self.name, "is triggered by wire alone, and sees no belt that stands")
        self._asked_ns = time.monotonic_ns()
        if self._software:
            self._grabber.trigger()

    def expose_for(self, exposure_us: float) -> None:
        """Expose for so long from one of the next frames on. Raises `DeviceError` where the camera does not take it."""
        self._must_be_open()
        self._grabber.expose_for(exposure_us)

    def health(self) -> DeviceHealth:
        complaint = self._grabber.complaint() if self._open else ""
        return DeviceHealth(name=self.name, ok=False, detail=complaint) if complaint else super().health()

    def close(self) -> None:
        if self._open:
            super().close()
            self._grabber.stop()

    def _look_at_belt(self) -> None:
        sample = self._encoder.read()
        self._past.add(sample)
        if not self._software:
            return
        stretch = self._gate.stretch(sample.belt_mm)
        if self._triggered is not None and stretch != self._triggered:
            self._grabber.trigger()
        self._triggered = stretch

    def _next_frame(self) -> Frame | None:
        """The oldest frame that is kept; those before it are done with."""
        while (taken := self._grabber.take()) is not None:
            belt_mm = self._past.mm_at(taken.middle_ns)
            if belt_mm is None:
                self.unplaced += 1
                continue
            number = self._gate.number(belt_mm)
            if self._asked_ns is not None and taken.middle_ns >= self._asked_ns:
                self._asked_ns = None
                number = self._gate.asked_for() if number is None else number
            if number is not None:
                return self._framed(taken, belt_mm, number)
        return None

    def _framed(self, taken: Taken, belt_mm: float, number: int) -> Frame:
        exposure = taken.exposure
        self.stamp_error_ms = None if taken.error_ns is None else taken.error_ns * 1e-6
        self._last_ns = max(self._last_ns + 1, taken.middle_ns)
        image = to_rgb(exposure.raw, exposure.pixel_format, exposure.width_px, exposure.height_px)
        return Frame(image=image, belt_mm=belt_mm, captured_ns=self._last_ns, sequence=number)
