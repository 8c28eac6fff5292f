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
    delay_ms: float | None = Field(
        None, ge=0, le=5000, description="measured: from a frame's stamp (without stamps, its middle) to its arrival"
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
    exposure_fixed: bool = Field(False, description="V4L2: has no exposure control; exposure_us only tells what it is")
    repeat: bool = Field(False, description="file or folder: from the beginning again instead of an end")

    @model_validator(mode="after")
    def _only_rtsp_has_stamps(self) -> Self:
        if self.stamps == "stream" and not self.source.startswith(("rtsp://", "rtsps://")):
            raise ValueError(f"camera.stamps = 'stream': {self.source} carries no stamps, only rtsp:// does")
        return self


class GenicamCameraConfig(RealCameraConfig):
    """A camera with GenICam features, whichever way its frames come."""

    camera: str = Field("", max_length=256, description="which one, as 'neosort devices list' names it; the only one")
    trigger: Trigger = Field("line", description="free running, triggered by the host, or by wire")
    trigger_line: str = Field("Line1", min_length=1, max_length=64, description="TriggerSource of the wire")
    trigger_edge: Literal["RisingEdge", "FallingEdge"] = "RisingEdge"
    stamped: Literal["start", "end"] = Field("start", description="at which end of the exposure the camera stamps")
    rate_hz: float | None = Field(None, ge=0.1, le=10_000, description="frames a second, running freely")
    pixel_format: str | None = Field(None, min_length=1, max_length=64, description="left as it is when left out")
    offset_x_px: int | None = Field(None, ge=0, le=16_384, description="left as it is when left out")
    offset_y_px: int | None = Field(None, ge=0, le=16_384, description="left as it is when left out")
    gain: float | None = Field(None, ge=-100, le=1000, description="in the camera's own unit, mostly dB")
    exposure_fixed: bool = Field(False, description="has no exposure feature; exposure_us then only tells what it is")
    features: dict[str, bool | int | float | str] = Field(
        default_factory=dict, description="the camera's own features by name, set before all others"
    )


class AravisCameraConfig(GenicamCameraConfig):
    """GigE Vision and USB3 Vision, by Aravis."""

    driver: Literal["aravis"] = "aravis"
    packet_bytes: int | None = Field(None, ge=220, le=16_000, description="GigE; negotiated when left out")
    packet_delay_us: float = Field(
        0.0, ge=0, le=10_000, description="GigE: between packets, where several share a port"
    )
    resend: bool = Field(True, description="GigE: ask for lost packets again")


class PylonCameraConfig(GenicamCameraConfig):
    """Basler cameras, by pylon. ``camera`` is a serial number."""

    driver: Literal["pylon"] = "pylon"


class HarvesterCameraConfig(GenicamCameraConfig):
    """A camera behind any maker's GenTL producer, by Harvesters. ``camera`` is an identifier or a serial number."""

    driver: Literal["harvester"] = "harvester"
    producer: str = Field(min_length=1, max_length=1024, description="the maker's .cti file")
