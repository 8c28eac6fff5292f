"""Somebody else's line and somebody else's program: what the twin shows at any settings, written as the README says.

Nothing of the product writes the file: only the `mcap` package and the text of `datasets/README.md` were used.
"""

import base64
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
from mcap.writer import Writer

from neosort_datasets.window import WindowGrid
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_inference.bundle import RawDetections
from whole_line import KINDS, FakeMetadata

MARK = (255, 0, 255)


@dataclasses.dataclass
class Foreign:
    """A line that is none of ours. ``homography``: of its camera, across from the belt's low edge; ``across_mm``,
    ``encoder_mm``, ``clock_ns``: where its own coordinates begin."""

    width_mm: float = 600.0
    speed: float = 1.0
    camera_px: tuple[int, int] = (640, 512)
    homography: tuple = ((1.0, 0.0, -20.0), (0.0, -1.0, 512.0), (0.0, 0.0, 1.0))
    trigger_mm: float = 256.0
    array_mm: float = 512.0
    pitch_mm: float = 25.0
    height_mm: float = 45.0
    rate_hz: float = 1000.0
    across_mm: float = 0.0
    encoder_mm: float = 0.0
    clock_ns: int = 0
    block_s: float = 0.005
    picture: str = ".jpg"
    said: tuple[str, ...] = ("belt", "camera", "magnetometer", "calibration", "diverter")
    items_per_s_per_m: float = 3.0

    def of_the_twin(self) -> LineConfig:
        """The line as the twin runs it: coordinates that begin at zero."""
        return LineConfig.model_validate(self._sections(0.0) | {"twin": self._feed()})

    def metadata(self) -> dict:
        """What its owner writes into the recording."""
        sections = self._sections(self.across_mm)
        return {key: sections[key] for key in self.said}

    def _feed(self) -> dict:
        return {"feed": {"items_per_s_per_m": self.items_per_s_per_m * self.speed}}

    def _sections(self, across_mm: float) -> dict:
        shift = np.array([[1.0, 0.0, across_mm], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return {
            "belt": {"width_mm": self.width_mm, "speed_m_per_s": self.speed},
            "camera": {
                "width_px": self.camera_px[0],
                "height_px": self.camera_px[1],
                "trigger_every_mm": self.trigger_mm,
            },
            "magnetometer": {
                "channels": round(self.width_mm / self.pitch_mm),
                "pitch_mm": self.pitch_mm,
                "first_across_mm": self.pitch_mm / 2 + across_mm,
                "height_mm": self.height_mm,
                "rate_hz": self.rate_hz,
            },
            "calibration": {
                "pixel_to_belt": (shift @ np.array(self.homography)).tolist(),
                "array_station_mm": self.array_mm,
                "nozzle_station_mm": self.array_mm + 1000.0,
            },
            "diverter": {"nozzles": round(self.width_mm / 12.5), "first_across_mm": 6.25 + across_mm},
        }


def straight(pixel_mm, camera_px, width_mm):
    """A camera above the middle of the belt, picture up is downstream."""
    left = (width_mm - camera_px[0] * pixel_mm) / 2
    return ((pixel_mm, 0.0, left), (0.0, -pixel_mm, camera_px[1] * pixel_mm), (0.0, 0.0, 1.0))


LINES = {
    "narrow, fine, close": Foreign(
        width_mm=300.0, speed=0.5, camera_px=(800, 640), homography=straight(0.4, (800, 640), 300.0), trigger_mm=128.0,
        array_mm=256.0, pitch_mm=12.5, height_mm=30.0, rate_hz=2000.0, encoder_mm=-73_512.25, picture=".png",
        items_per_s_per_m=8.0,
    ),
    "rated": Foreign(
        width_mm=1000.0, speed=2.8, camera_px=(1024, 320), homography=straight(1.0, (1024, 320), 1000.0),
        trigger_mm=160.0, array_mm=320.0, encoder_mm=8_400_123.5, clock_ns=1_700_000_000_123_456_789,
    ),
    "wide, coarse, far, slow array": Foreign(
        width_mm=1400.0, speed=3.0, camera_px=(960, 400), homography=straight(1.5, (960, 400), 1400.0),
        trigger_mm=500.0, array_mm=600.0, pitch_mm=50.0, height_mm=60.0, rate_hz=200.0, across_mm=-700.0, block_s=1.0,
    ),
    "camera turned by a quarter": Foreign(
        camera_px=(512, 640), homography=((0.0, 1.0, -20.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)), across_mm=2000.0,
    ),
    "camera turned by a half": Foreign(
        homography=((-1.0, 0.0, 620.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), picture=".webp", trigger_mm=512.0,
    ),
    "mirrored, little said": Foreign(
        homography=((-1.0, 0.0, 620.0), (0.0, -1.0, 512.0), (0.0, 0.0, 1.0)), trigger_mm=90.0, speed=2.0,
        said=("camera", "magnetometer", "calibration"),
    ),
    "gaps between pictures": Foreign(trigger_mm=700.0, speed=1.5),
}  # fmt: skip


def record(path: Path, foreign: Foreign, seconds: float, *, seed: int = 5, marked: bool = True, truth: bool = True):
    """Write what the twin shows of such a line; the items on it, in the coordinates of the recording."""
    frames, blocks, items = _shown(foreign, seconds, seed)
    if marked:
        frames = [_marked(frame, items, foreign) for frame in frames]
    with path.open("wb") as stream:
        mcap = Writer(stream)
        mcap.start()
        mcap.add_metadata("neosort", {"line_config": json.dumps(foreign.metadata())})
        camera, field, item = (mcap.register_channel(name, "json", 0) for name in ("/camera", "/field", "/truth/item"))
        for frame in frames:
            stamp = frame.captured_ns + foreign.clock_ns
            _add(mcap, camera, stamp + 3_000_000, _camera_message(frame, stamp, foreign))
        for block in blocks:
            stamps = [int(ns) + foreign.clock_ns for ns in block.sampled_ns]
            _add(mcap, field, stamps[-1], _field_message(block, stamps, foreign))
        moved = [_moved(found, foreign) for found in items]
        for found in moved if truth else []:
            _add(mcap, item, foreign.clock_ns, found)
        mcap.finish()
    return moved


def _add(mcap, channel, stamp, message):
    mcap.add_message(channel, stamp, json.dumps(message).encode(), stamp)


def _shown(foreign, seconds, seed):
    with open_line(foreign.of_the_twin(), VirtualClock(), seed) as line:
        frames, blocks, items = [], [], []
        while line.clock.now_ns() < seconds * 1e9:
            blocks.append(line.magnetometer.read(1.0))
            while (frame := line.camera.read(0.0)) is not None:
                frames.append(frame)
            items += line.truth.items()
            line.truth.landings()
    return frames, _joined(blocks, foreign.block_s), items


def _joined(blocks, block_s):
    """Blocks as long as that writer makes them."""
    if block_s <= 0.01:
        return blocks
    groups = {}
    for block in blocks:
        groups.setdefault(int(block.sampled_ns[-1] * 1e-9 / block_s), []).append(block)
    arrays = ("field_ut", "saturated", "belt_mm", "sampled_ns")
    return [
        dataclasses.replace(group[0], **{name: np.concatenate([getattr(b, name) for b in group]) for name in arrays})
        for group in groups.values()
    ]


def _marked(frame, items, foreign):
    """The frame with every item's box filled in one loud colour, by the inverse of the homography alone."""
    image = frame.image.copy()
    to_pixel = np.linalg.inv(np.array(foreign.homography))
    for item in items:
        box = item.box
        corners = [
            (across, frame.belt_mm - belt, 1.0)
            for across, belt in (
                (box.across_lo_mm, box.belt_lo_mm), (box.across_hi_mm, box.belt_lo_mm),
                (box.across_hi_mm, box.belt_hi_mm), (box.across_lo_mm, box.belt_hi_mm),
            )
        ]  # fmt: skip
        pixel = np.array(corners) @ to_pixel.T
        cv2.fillConvexPoly(image, np.round(16 * (pixel[:, :2] / pixel[:, 2:] - 0.5)).astype(np.int32), MARK, shift=4)
    return dataclasses.replace(frame, image=image)


def _camera_message(frame, stamp, foreign):
    data = cv2.imencode(foreign.picture, np.ascontiguousarray(frame.image[..., ::-1]))[1].tobytes()
    return {
        "timestamp": {"sec": stamp // 10**9, "nsec": stamp % 10**9},
        "frame_id": "theirs",
        "format": foreign.picture[1:].replace("jpg", "jpeg"),
        "data": base64.b64encode(data).decode(),
        "belt_mm": frame.belt_mm + foreign.encoder_mm,
    }


def _field_message(block, stamps, foreign):
    samples, channels, _ = block.field_ut.shape
    return {
        "timestamp": {"sec": stamps[-1] // 10**9, "nsec": stamps[-1] % 10**9},
        "samples": samples,
        "channels": channels,
        "field_ut": base64.b64encode(block.field_ut.astype("<f4").tobytes()).decode(),
        "saturated": base64.b64encode(block.saturated.astype("u1").tobytes()).decode(),
        "belt_mm": [float(mm) + foreign.encoder_mm for mm in block.belt_mm],
        "sampled_ns": stamps,
    }


def _moved(item, foreign):
    box = item.box
    return dataclasses.asdict(item) | {
        "box": {
            "belt_lo_mm": box.belt_lo_mm + foreign.encoder_mm,
            "belt_hi_mm": box.belt_hi_mm + foreign.encoder_mm,
            "across_lo_mm": box.across_lo_mm + foreign.across_mm,
            "across_hi_mm": box.across_hi_mm + foreign.across_mm,
        }
    }


def marks_in(picture) -> list[tuple[float, float, float, float]]:
    """Boxes of the loud colour in a window's picture: first row, first column, last row, last column."""
    loud = (picture[..., 0] > 150) & (picture[..., 1] < 110) & (picture[..., 2] > 150)
    _, _, stats, _ = cv2.connectedComponentsWithStats(loud.astype(np.uint8), connectivity=8)
    return [(top, left, top + high, left + wide) for left, top, wide, high, area in stats[1:].tolist() if area > 30]


class SeeingBundle:
    """Sees the loud colour, and calls bearing what lies in a field: a model as simple as it can be, but no liar."""

    def __init__(self, bearing_ut: float = 30.0) -> None:
        self.metadata = FakeMetadata()
        self.bearing_ut = bearing_ut
        self.windows = 0

    def warm_up(self, runs: int) -> None:
        """Nothing to warm."""

    def run(self, window) -> RawDetections:
        self.windows += 1
        grid: WindowGrid = window.grid
        assert (grid.rows, grid.cols) == (self.metadata.grid.rows, self.metadata.grid.cols)
        boxes = marks_in(window.picture)
        strength = np.linalg.norm(window.field_ut, axis=0)
        felt = [strength[_cells(box, grid)].max(initial=0.0) > self.bearing_ut for box in boxes]
        n = len(boxes)
        kind_p = np.zeros((n, len(KINDS)), np.float32)
        kind_p[:, KINDS.index("phone")] = 1.0
        return RawDetections(
            boxes_mm=np.array(boxes, np.float32).reshape(n, 4) * grid.mm_per_px,
            score=np.ones(n, np.float32),
            kind_p=kind_p,
            p_ndfeb=np.array(felt, np.float32),
            magnet_g=np.ones(n, np.float32),
            magnet_g_sigma=np.ones(n, np.float32),
        )


def _cells(box, grid):
    top, left, bottom, right = (int(edge) // grid.cell_px for edge in box)
    return np.s_[max(0, top - 1) : bottom + 2, max(0, left - 1) : right + 2]
