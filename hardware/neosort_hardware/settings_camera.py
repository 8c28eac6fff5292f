"""Settings of real cameras."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from neosort_hardware.slots import CameraConfig

Trigger = Literal["free", "software", "line"]


class RealCameraConfig(CameraConfig):
    """What any camera outside the twin must be told besides. Every frame must have the slot's size."""

    answer_ms: float = Field(3000.0, ge=100, le=60_000, description="a camera that is not open within it is not there")
    silent_ms: float = Field(1000.0, ge=50, le=60_000, description="a camera that owes frames for so long is lost")
    delay_ms: float = Field(
        0.0, ge=0, le=5000, description="from a frame's stamp (or its middle, without stamps) to arrival, at the least"
    )
    buffers: int = Field(16, ge=2, le=256, description="frames kept for a host that is late; older ones are lost")


class OpenCvCameraConfig(RealCameraConfig):
    """A camera or a source of pictures that OpenCV reads."""

    driver: Literal["opencv"] = "opencv"
    source: str = Field(
        min_length=1, max_length=1024, description="/dev/video0, rtsp://…, http://… (MJPEG), a video file, a folder"
    )
    stamps: Literal["arrival", "stream"] = Field("arrival", description="RTSP: which clock tells when a frame was")
    rate_hz: float | None = Field(None, ge=0.1, le=1000, description="V4L2: frames a second to ask for")
    fourcc: str | None = Field(None, min_length=4, max_length=4, description="V4L2: MJPG, YUYV, …")
    repeat: bool = Field(False, description="file or folder: from the beginning again instead of an end")

    @model_validator(mode="after")
    def _only_rtsp_has_stamps(self) -> Self:
        if self.stamps == "stream" and not self.source.startswith(("rtsp://", "rtsps://")):
            raise ValueError(f"camera.stamps = 'stream': {self.source} carries no stamps, only rtsp:// does")
        return self
