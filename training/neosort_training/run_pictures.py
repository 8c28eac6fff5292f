"""Pictures of a run: its curves, and what the network finds in windows of the validation stores."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from neosort_datasets.drawing import font, with_field
from neosort_datasets.window import LabelledWindow
from neosort_datasets.window_pictures import window_boxes
from neosort_hardware.types import ImageU8
from neosort_inference.bundle import RawDetections
from neosort_training.matching import SCORE_MIN

_TILE_PX = 480
_GAP_PX = 8
_GROUND = "#14191f"
Curves = Mapping[str, tuple[Sequence[int], Sequence[float]]]


def read_curves(log: Path, group: str) -> Curves:
    """Figures of one group of a run's ``log.jsonl`` by name: steps and values. A torn last line is passed over."""
    curves: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if entry["group"] != group:
            continue
        for name, value in entry.items():
            if name not in ("step", "group"):
                curves[name][0].append(entry["step"])
                curves[name][1].append(value)
    return curves


def curves_picture(losses: Curves, validation: Curves) -> ImageU8:
    """Losses on a logarithmic axis beside the figures of the validation stores, over steps."""
    figure = Figure(figsize=(11, 4.2), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (steps, values) in losses.items():
        if name != "learning_rate":
            left.plot(steps, np.maximum(values, 1e-4), label=name, linewidth=2.0 if name == "total" else 1.0)
    left.set(yscale="log", title="losses", xlabel="step")
    for name, (steps, values) in validation.items():
        right.plot(steps, values, label=name.replace("_", " "), marker=".", linewidth=1.0)
    right.set(ylim=(0, 1), title="validation", xlabel="step")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=8)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return np.asarray(Image.open(stream).convert("RGB"), dtype=np.uint8)


def detections_picture(pairs: Sequence[tuple[LabelledWindow, RawDetections]], kinds: Sequence[str]) -> ImageU8:
    """Windows one under the other: on the left what is there, on the right what was found. Boxes on the right are the
    redder the surer the network is of NdFeB."""
    tiles = [
        (with_field(labelled.window, window_boxes(labelled), _TILE_PX), _found(labelled, found, kinds))
        for labelled, found in pairs
    ]
    height = sum(left.height for left, _ in tiles) + _GAP_PX * (len(tiles) - 1)
    sheet = Image.new("RGB", (2 * max(left.width for left, _ in tiles) + _GAP_PX, height), _GROUND)
    top = 0
    for left, right in tiles:
        sheet.paste(left, (0, top))
        sheet.paste(right, (left.width + _GAP_PX, top))
        top += left.height + _GAP_PX
    return np.asarray(sheet, dtype=np.uint8)


def _found(labelled: LabelledWindow, found: RawDetections, kinds: Sequence[str]) -> Image.Image:
    image = with_field(labelled.window, (), _TILE_PX)
    draw, letters = ImageDraw.Draw(image), font(max(10, _TILE_PX // 40))
    scale = _TILE_PX / max(labelled.window.picture.shape[:2]) / labelled.window.grid.mm_per_px
    for peak in np.flatnonzero(found.score >= SCORE_MIN)[::-1]:
        low_along, low_across, high_along, high_across = (float(edge) * scale for edge in found.boxes_mm[peak])
        colour = mpl.colors.to_hex(mpl.colormaps["coolwarm"](float(found.p_ndfeb[peak])))
        draw.rectangle((low_across, low_along, high_across, high_along), outline=colour, width=2)
        words = f"{kinds[int(found.kind_p[peak].argmax())]} {found.p_ndfeb[peak]:.2f}"
        at = (max(0.0, low_across), max(0.0, low_along - letters.size - 4))
        draw.rectangle(draw.textbbox(at, words, font=letters), fill=colour)
        draw.text(at, words, fill="#101418", font=letters)
    return image
