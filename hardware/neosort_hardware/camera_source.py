"""What a camera's driver must bring: pictures as they come. Everything else all cameras share (`camera_grabber.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from neosort_hardware.types import ImageU8


class CameraFault(Exception):  # noqa: N818 - a cause, which becomes a DeviceError
    """The camera is gone or not as it should be. The text is a cause, to stand behind the device's name."""


class FrameSpoilt(Exception):  # noqa: N818 - one frame of many; the camera is well
    """A frame came incomplete; the next may be whole. The text says what was amiss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A picture as the camera sent it.

    ``raw``: bytes (n,) in ``pixel_format``, a copy that nobody else writes to. ``device_ns``: the camera's own stamp in
    its own time, None where it has none. ``arrived_ns``: when it was here, monotonic.
    """

    raw: ImageU8
    pixel_format: str
    width_px: int
    height_px: int
    arrived_ns: int
    device_ns: int | None = None


class CameraSource(Protocol):
    """An opened camera that acquires. One thread uses it."""

    def trigger(self) -> None:
        """Expose once, now. Asked only of a camera set to software triggers. Raises `CameraFault`."""

    def grab(self, wait_s: float) -> Exposure | None:
        """The oldest picture not yet taken; waits for it no longer than that.

        Raises `CameraFault`, `FrameSpoilt`, and `EndOfStream` at the end of a playback.
        """

    def expose_for(self, exposure_us: float) -> None:
        """Expose for so long from one of the next pictures on. Raises `CameraFault` where it does not take that; it
        goes on acquiring then."""

    def check(self) -> None:
        """Ask the camera for something. Raises `CameraFault` when it does not answer."""

    def close(self) -> None:
        """Acquisition stopped, everything let go. Never raises."""
