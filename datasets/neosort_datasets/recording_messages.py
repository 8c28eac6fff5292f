"""What stands in a recording's messages: values of the line to JSON and back. `datasets/README.md` documents it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Annotated, Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from neosort_hardware.config import LineConfig
from neosort_hardware.types import (
    Decision,
    EncoderSample,
    FieldBlock,
    Frame,
    ItemTruth,
    Landing,
    Shot,
)

METADATA_NAME = "neosort"
END_METADATA_NAME = "neosort end"
SCHEMA_VERSION = "1"
JPEG_QUALITY = 92
CAMERA, FIELD, ENCODER = "/camera", "/field", "/encoder"
DECISION, SHOT, ITEM, LANDING = "/decision", "/shot", "/truth/item", "/truth/landing"

Stamp = Annotated[int, Field(ge=0, lt=2**63)]
BeltMm = Annotated[float, Field(ge=-1e9, le=1e9)]
Sequence = Annotated[int, Field(ge=0)]
Recorded: TypeAlias = Frame | FieldBlock | EncoderSample | Decision | Shot | ItemTruth | Landing


class Message(BaseModel):
    """Base of every message that comes from a file: other programs may add keys, never leave ours out."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Timestamp(Message):
    """Seconds and nanoseconds of the recording's monotonic clock."""

    sec: int = Field(ge=0, lt=2**33)
    nsec: int = Field(ge=0, lt=1_000_000_000)


class CameraMessage(Message):
    """One frame: foxglove.CompressedImage, and where the belt was."""

    timestamp: Timestamp = Field(description="mid-exposure")
    frame_id: str
    data: str = Field(description="the picture, base64", json_schema_extra={"contentEncoding": "base64"})
    format: str = Field(description="jpeg, png, webp or bmp")
    belt_mm: BeltMm = Field(description="encoder position at mid-exposure")
    captured_ns: Stamp | None = Field(None, description="mid-exposure; the timestamp where absent")
    sequence: Sequence = Field(0, description="counts exposures; a gap is a lost frame")


class FieldMessage(Message):
    """One block of simultaneous readings of the whole array."""

    timestamp: Timestamp = Field(description="of the last sample")
    samples: int = Field(ge=1, le=100_000)
    channels: int = Field(ge=1, le=256)
    field_ut: str = Field(
        description="base64 of float32 little-endian, samples × channels × 3 (upstream, across, up), µT; NaN: not read",
        json_schema_extra={"contentEncoding": "base64"},
    )
    saturated: str = Field(
        description="base64 of one byte a sample and channel, samples × channels, 1 where any axis was clipped",
        json_schema_extra={"contentEncoding": "base64"},
    )
    belt_mm: list[BeltMm] = Field(description="encoder position of each sample")
    sampled_ns: list[Stamp] = Field(description="stamp of each sample")
    sequence: Sequence = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A channel of the file: its name, the name of its schema, what a person calls what stands in it, and what checks
    its messages."""

    name: str
    schema: str
    things: str
    adapter: TypeAdapter[Any]

    def json_schema(self) -> bytes:
        """JSON Schema of its messages."""
        return json.dumps(self.adapter.json_schema(), separators=(",", ":")).encode()


TOPICS = {
    topic.name: topic
    for topic in (
        Topic(name=CAMERA, schema="foxglove.CompressedImage", things="frames", adapter=TypeAdapter(CameraMessage)),
        Topic(name=FIELD, schema="neosort.FieldBlock", things="field blocks", adapter=TypeAdapter(FieldMessage)),
        Topic(
            name=ENCODER, schema="neosort.EncoderSample", things="encoder readings", adapter=TypeAdapter(EncoderSample)
        ),
        Topic(name=DECISION, schema="neosort.Decision", things="decisions", adapter=TypeAdapter(Decision)),
        Topic(name=SHOT, schema="neosort.Shot", things="shots", adapter=TypeAdapter(Shot)),
        Topic(name=ITEM, schema="neosort.ItemTruth", things="items", adapter=TypeAdapter(ItemTruth)),
        Topic(name=LANDING, schema="neosort.Landing", things="landings", adapter=TypeAdapter(Landing)),
    )
}


def encode_frame(frame: Frame, frame_id: str) -> bytes:
    """A frame as a camera message, its picture as JPEG."""
    bgr = np.ascontiguousarray(frame.image[..., ::-1])
    done, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"frame {frame.sequence} of shape {frame.image.shape} cannot be compressed")
    message = {
        "timestamp": _timestamp(frame.captured_ns),
        "frame_id": frame_id,
        "data": base64.b64encode(jpeg.tobytes()).decode("ascii"),
        "format": "jpeg",
        "belt_mm": float(frame.belt_mm),
        "captured_ns": int(frame.captured_ns),
        "sequence": int(frame.sequence),
    }
    return json.dumps(message, separators=(",", ":")).encode()


def encode_block(block: FieldBlock) -> bytes:
    """A block as a field message."""
    samples, channels, _ = block.field_ut.shape
    message = {
        "timestamp": _timestamp(int(block.sampled_ns[-1])),
        "samples": samples,
        "channels": channels,
        "field_ut": base64.b64encode(np.ascontiguousarray(block.field_ut, dtype="<f4").tobytes()).decode("ascii"),
        "saturated": base64.b64encode(block.saturated.astype(np.uint8).tobytes()).decode("ascii"),
        "belt_mm": block.belt_mm.tolist(),
        "sampled_ns": block.sampled_ns.tolist(),
        "sequence": int(block.sequence),
    }
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()


def encode_plain(value: EncoderSample | Decision | Shot | ItemTruth | Landing) -> bytes:
    """Any other value: its fields by name, NumPy's numbers as plain ones; of a decision also whether it was fired."""
    fields = asdict(value)
    if isinstance(value, Decision):
        fields["fired"] = value.fired
    return json.dumps(fields, default=np.generic.item, separators=(",", ":"), allow_nan=False).encode()


def decode_frame(message: CameraMessage, config: LineConfig) -> Frame:
    """A camera message as a frame. Raises `ValueError` when its picture is broken or not the configured size."""
    data = np.frombuffer(_bytes(message.data, "data"), dtype=np.uint8)
    image = None
    if data.size:
        try:
            image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error as error:
            raise ValueError(f"data is no picture that can be decoded ({error.err})") from error
    if image is None:
        raise ValueError(f"data is no picture that can be decoded (format '{message.format}')")
    expected = (config.camera.height_px, config.camera.width_px)
    if image.shape[:2] != expected:
        raise ValueError(
            f"the picture is {image.shape[1]} × {image.shape[0]} pixels, its line configuration says "
            f"{expected[1]} × {expected[0]}"
        )
    stamp_ns = message.timestamp.sec * 1_000_000_000 + message.timestamp.nsec
    return Frame(
        image=np.asarray(image, dtype=np.uint8),
        belt_mm=message.belt_mm,
        captured_ns=stamp_ns if message.captured_ns is None else message.captured_ns,
        sequence=message.sequence,
    )


def decode_block(message: FieldMessage, config: LineConfig) -> FieldBlock:
    """A field message as a block. Raises `ValueError` when its arrays do not fit its counts or the configuration."""
    samples, channels = message.samples, message.channels
    if channels != config.magnetometer.channels:
        raise ValueError(f"channels = {channels}, its line configuration says {config.magnetometer.channels}")
    field_ut = _array(message.field_ut, "field_ut", np.dtype("<f4"), (samples, channels, 3))
    saturated = _array(message.saturated, "saturated", np.dtype(np.uint8), (samples, channels))
    for key, values in (("belt_mm", message.belt_mm), ("sampled_ns", message.sampled_ns)):
        if len(values) != samples:
            raise ValueError(f"{key} has {len(values)} values, samples says {samples}")
    if np.isinf(field_ut).any():
        raise ValueError("field_ut holds infinite values; what was not read is NaN")
    if any(later < earlier for earlier, later in pairwise(message.sampled_ns)):
        raise ValueError("sampled_ns does not rise from sample to sample")
    return FieldBlock(
        field_ut=field_ut.astype(np.float32),
        saturated=saturated != 0,
        belt_mm=np.array(message.belt_mm, dtype=np.float64),
        sampled_ns=np.array(message.sampled_ns, dtype=np.int64),
        sequence=message.sequence,
    )


def _array(text: str, key: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    data = _bytes(text, key)
    expected = int(np.prod(shape)) * dtype.itemsize
    if len(data) != expected:
        raise ValueError(f"{key} holds {len(data)} bytes, {' × '.join(map(str, shape))} values need {expected}")
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def _bytes(text: str, key: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{key} is not base64 ({error})") from error


def _timestamp(stamp_ns: int) -> dict[str, int]:
    sec, nsec = divmod(int(stamp_ns), 1_000_000_000)
    return {"sec": sec, "nsec": nsec}
