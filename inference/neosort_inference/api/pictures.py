"""Pictures for people: the window with its decisions drawn in, and the field as a heat map over the same stretch."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64, Box, Decision, ImageU8, Verdict
from neosort_inference.telemetry import WindowView
from neosort_inference.words import kind_title

JPEG_QUALITY = 82
OVERLAY_SCALE = 2

VERDICT_RGB: dict[Verdict, tuple[int, int, int]] = {
    Verdict.FIRED: (61, 220, 132),
    Verdict.LATE: (255, 176, 32),
    Verdict.REFUSED: (255, 176, 32),
    Verdict.FORBIDDEN: (255, 92, 92),
    Verdict.PASSED: (165, 178, 194),
}

# |B| at the ends of the colour scale: the sensors' noise below, their range above.
FIELD_LO_UT = 0.3
FIELD_HI_UT = 1000.0
_COLOURS = cv2.COLORMAP_INFERNO
PX_PER_CELL = 8
_HATCH_RGB = ((38, 44, 52), (50, 58, 68))


def encode_jpeg(picture: ImageU8) -> bytes:
    """RGB picture → JPEG."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def encode_png(picture: ImageU8) -> bytes:
    """RGB picture → PNG."""
    return bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def box_px(view: WindowView, box: Box) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a box in elements of the view's picture; may reach beyond its edges."""
    return (
        (box.across_lo_mm - view.across_start_mm) / view.mm_per_px,
        (box.belt_lo_mm - view.start_mm) / view.mm_per_px,
        (box.across_hi_mm - view.across_start_mm) / view.mm_per_px,
        (box.belt_hi_mm - view.start_mm) / view.mm_per_px,
    )


def label_of(decision: Decision) -> str:
    """What stands beside a box."""
    title = kind_title(decision.kind)
    verdict = decision.verdict
    if verdict is Verdict.PASSED:
        return title
    if verdict is Verdict.FIRED:
        return f"{title}  {decision.magnet_g:.3g} g"
    return f"{title}  {verdict.value}"


def with_overlay(view: WindowView) -> ImageU8:
    """The picture at twice its size with boxes and labels, RGB. Passed items in grey and under the others."""
    size = (view.picture.shape[1] * OVERLAY_SCALE, view.picture.shape[0] * OVERLAY_SCALE)
    canvas: ImageU8 = np.asarray(cv2.resize(view.picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    for decision in sorted(view.decisions, key=lambda d: d.verdict is not Verdict.PASSED):
        _draw(canvas, view, decision)
    return canvas


def _draw(canvas: ImageU8, view: WindowView, decision: Decision) -> None:
    left, top, right, bottom = (round(OVERLAY_SCALE * edge) for edge in box_px(view, decision.box))
    verdict = decision.verdict
    colour = VERDICT_RGB[verdict]
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, 2 if verdict is Verdict.PASSED else 4, cv2.LINE_AA)
    # OpenCV's stroke fonts are ASCII.
    text = label_of(decision).replace("″", "in").encode("ascii", "replace").decode()
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.62, 1)
    y = min(max(top - 6, height + 8), canvas.shape[0] - 8)
    x = min(max(left, 0), canvas.shape[1] - width - 12)
    cv2.rectangle(canvas, (x, y - height - 7), (x + width + 12, y + 6), colour, -1)
    cv2.putText(canvas, text, (x + 6, y), cv2.FONT_HERSHEY_SIMPLEX, 0.62, (12, 16, 20), 1, cv2.LINE_AA)


def field_heat_map(view: WindowView) -> ImageU8:
    """|B| over the stretch, 8 × 8 picture elements a cell, RGB, on a logarithmic colour scale.

    Cells where the field is not known are hatched grey; saturated ones are framed, for there it is stronger than shown.
    """
    known = view.field_mask[0] > 0
    rows, cols = (PX_PER_CELL * cells for cells in known.shape)
    heat = cv2.applyColorMap(_level_of(view, known, rows, cols), _COLOURS)
    picture: ImageU8 = np.asarray(cv2.cvtColor(heat, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    unknown = ~_enlarged(known, rows, cols)
    picture[unknown] = _hatching(rows, cols)[unknown]
    edges, _ = cv2.findContours(
        _enlarged((view.field_mask[1] > 0) & known, rows, cols).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(picture, edges, -1, (120, 220, 255), 1)
    return picture


def _level_of(view: WindowView, known: ArrayBool, rows: int, cols: int) -> ImageU8:
    """Level 0..255 on the colour scale, smooth between cells; unknown cells neither brighten nor darken known ones."""
    strength_ut = np.linalg.norm(view.field_ut, axis=0)
    span = np.log(FIELD_HI_UT / FIELD_LO_UT)
    level = np.clip(np.log(np.maximum(strength_ut, FIELD_LO_UT) / FIELD_LO_UT) / span, 0.0, 1.0)
    weight = known.astype(np.float32)
    smooth = cv2.resize((level * weight).astype(np.float32), (cols, rows), interpolation=cv2.INTER_LINEAR)
    share = cv2.resize(weight, (cols, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.rint(255.0 * smooth / np.maximum(share, 1e-6)), dtype=np.uint8)


def _enlarged(mask: ArrayBool, rows: int, cols: int) -> ArrayBool:
    return np.asarray(cv2.resize(mask.astype(np.uint8), (cols, rows), interpolation=cv2.INTER_NEAREST), dtype=bool)


def _hatching(rows: int, cols: int) -> ImageU8:
    stripe = (np.add.outer(np.arange(rows), np.arange(cols)) // 4) % 2
    return np.take(np.array(_HATCH_RGB, dtype=np.uint8), stripe, axis=0)


def scale_colours(steps: int = 16) -> tuple[str, ...]:
    """Colours along the heat map's scale from low to high, as '#rrggbb'."""
    levels = np.linspace(0, 255, steps).astype(np.uint8).reshape(-1, 1)
    rgb = cv2.cvtColor(cv2.applyColorMap(levels, _COLOURS), cv2.COLOR_BGR2RGB).reshape(-1, 3)
    return tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb.tolist())


def scale_position(field_ut: float) -> float:
    """Where a field strength stands on the colour scale, 0..1."""
    levels: ArrayF64 = np.log(np.array([field_ut, FIELD_HI_UT]) / FIELD_LO_UT)
    return float(np.clip(levels[0] / levels[1], 0.0, 1.0))
