"""Printed labels: brands that do not exist, serial numbers, disk labels and type plates, and how they age."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry import Polygon, box

from neosort_datasets.modelling.paint import INK, PAPER, WHITE_INK, Canvas, Font, Paint, rougher, varied

BRANDS = (
    "VELTRON", "HALDEN", "KAIRO", "NORDISK", "QUANTIS", "OSTREL", "MARUVA", "TENDRIK", "OMNIX", "Sorvane", "Lumeta",
    "PELORA", "Kestrix", "AVERDA", "Brunholt", "SINTAGO", "Nivaro", "TRELLIO", "Daxum", "Orbelin",
)  # fmt: skip
CAPACITIES = ("80GB", "160GB", "250GB", "320GB", "500GB", "640GB", "750GB", "1.0TB", "1.5TB", "2.0TB", "3TB", "4.0TB")
BAND_COLOURS = (
    (22, 88, 178), (30, 128, 66), (184, 30, 34), (36, 36, 40), (216, 112, 22), (98, 56, 146), (14, 132, 148),
    (202, 164, 30), (120, 122, 126),
)  # fmt: skip
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
FIELDS = ("S/N", "P/N", "MDL", "WWN", "DCM", "LBA", "F/W", "DATE")
GLUE = Paint((176, 166, 140), 0.85)


def brand(rng: np.random.Generator) -> str:
    """A maker who does not exist."""
    return BRANDS[int(rng.integers(len(BRANDS)))]


def serial(rng: np.random.Generator, length: int = 12) -> str:
    """Letters and digits as of a serial number."""
    return "".join(LETTERS[int(i)] for i in rng.integers(0, len(LETTERS), length))


def band_paint(rng: np.random.Generator) -> Paint:
    """A maker's colour, as printed."""
    return varied(Paint(BAND_COLOURS[int(rng.integers(len(BAND_COLOURS)))], 0.5), rng, 8)


def aged_paper(rng: np.random.Generator) -> Paint:
    """Label paper or foil: new, yellowed or glossy."""
    yellow = max(0.0, rng.normal(0.0, 10.0))
    red, green, blue = PAPER.srgb
    paper = Paint((red, round(green - 0.3 * yellow), round(blue - 1.6 * yellow)), 0.75)
    return varied(rougher(paper, float(rng.choice([0.75, 0.6, 0.38]))), rng, 4)


def label_sheet(
    canvas: Canvas, rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float, paper: Paint, *, torn: float
) -> Polygon:
    """Lay a label's paper down and return what is left of it; ``torn``: how likely pieces are missing."""
    sheet: Polygon = box(x0, y0, x1, y1).buffer(-0.8).buffer(0.8)
    for _ in range(3):
        if rng.random() < torn:
            sheet = _without(sheet, _tear(rng, sheet))
    canvas.polygon(sheet, paper, raised_mm=0.12)
    return sheet


def tear_off(
    canvas: Canvas, rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float, under: Paint, amount: float
) -> None:
    """Take printed pieces off a finished label: torn corners and strips show glue, pulp and ``under``."""
    sheet = box(x0, y0, x1, y1)
    for _ in range(max(1, round(3 * amount))):
        piece = _tear(rng, sheet, amount).intersection(sheet)
        if piece.is_empty or piece.geom_type != "Polygon":
            continue
        canvas.polygon(piece.buffer(0.35).intersection(sheet), varied(PAPER, rng, 4), raised_mm=-0.05)
        inner = piece.buffer(-0.2)
        if inner.geom_type == "Polygon" and not inner.is_empty:
            canvas.polygon(inner, under if rng.random() < 0.6 else varied(GLUE, rng, 8), raised_mm=-0.06)


def disk_label(
    canvas: Canvas,
    rng: np.random.Generator,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    *,
    name: str | None = None,
    band: Paint | None = None,
    under: Paint | None = None,
) -> None:
    """A disk's label: maker's band, capacity, small print, bar and square codes, marks of approval; some torn."""
    dark_sheet = rng.random() < 0.16
    paper = varied(Paint((34, 34, 38), 0.5), rng, 5) if dark_sheet else aged_paper(rng)
    ink = WHITE_INK if dark_sheet else INK
    name, band = name or brand(rng), band or band_paint(rng)
    label_sheet(canvas, rng, x0, y0, x1, y1, paper, torn=0.0)
    wide, high = x1 - x0, y1 - y0
    # the print runs along the longer edge of the label, as a reader holds it
    low = y1 - rng.uniform(0.22, 0.34) * high
    if rng.random() < 0.8:
        canvas.rect(x0 + 0.3, low, x1 - 0.3, y1 - 0.3, band, radius_mm=0.6)
        letters = WHITE_INK if sum(band.srgb) < 420 else INK
    else:
        canvas.rect(x0 + 1, low, x1 - 1, low + 0.5, band)
        letters = ink
    font: Font = "bold" if rng.random() < 0.6 else "oblique"
    middle, tall = 0.5 * (low + y1), 0.42 * (y1 - low)
    canvas.text(name, x0 + 0.32 * wide, middle, tall, letters, font=font, fit_mm=0.52 * wide)
    capacity = CAPACITIES[int(rng.integers(len(CAPACITIES)))]
    canvas.text(capacity, x0 + 0.82 * wide, middle, 0.8 * tall, letters, font="bold", fit_mm=0.26 * wide)
    _disk_print(canvas, rng, x0 + 0.04 * wide, y0 + 0.05 * high, x1 - 0.04 * wide, low - 0.05 * high, ink, paper)
    if rng.random() < 0.12:
        tear_off(canvas, rng, x0, y0, x1, y1, under or GLUE, float(rng.uniform(0.1, 0.6)))


def type_plate(
    canvas: Canvas,
    rng: np.random.Generator,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    lines: Sequence[str],
    *,
    paper: Paint | None = None,
    codes: bool = True,
) -> None:
    """A rating plate: its lines one below the other, the first bold; a code where there is room; some are torn."""
    paper = paper or aged_paper(rng)
    ink = INK if sum(paper.srgb) > 330 else WHITE_INK
    label_sheet(canvas, rng, x0, y0, x1, y1, paper, torn=0.12)
    wide, high = x1 - x0, y1 - y0
    code = codes and wide > 1.3 * high and high > 6
    right = x1 - 0.9 * high if code else x1
    step = 0.9 * high / max(1, len(lines))
    for row, line in enumerate(lines):
        middle = y1 - 0.05 * high - (row + 0.5) * step
        font: Font = "bold" if row == 0 else "sans"
        canvas.text(line, 0.5 * (x0 + right), middle, 0.55 * step, ink, font=font, fit_mm=0.88 * (right - x0))
    if code:
        side = 0.7 * high
        canvas.square_code(serial(rng), x1 - side - 0.1 * high, y0 + 0.15 * high, side, ink, paper)


def _disk_print(
    canvas: Canvas, rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float, ink: Paint, paper: Paint
) -> None:
    wide, high = x1 - x0, y1 - y0
    side = min(0.34 * wide, rng.uniform(0.5, 0.72) * high)
    canvas.square_code(serial(rng, 16), x1 - side, y1 - side, side, ink, paper)
    left_end = x1 - side - 0.04 * wide
    rows = int(np.clip(0.62 * high / 2.4, 2, 8))
    step = 0.62 * high / rows
    for row in range(rows):
        what = FIELDS[int(rng.integers(len(FIELDS)))]
        text = f"{what}: {serial(rng, int(rng.integers(8, 15)))}"
        length = canvas.text_width_mm(text, 0.55 * step)
        fit = min(length, left_end - x0)
        canvas.text(text, x0 + 0.5 * fit, y1 - (row + 0.5) * step, 0.55 * step, ink, fit_mm=fit)
    canvas.bar_code(x0, y0 + 0.12 * high, x0 + rng.uniform(0.5, 0.62) * wide, y0 + 0.32 * high, ink, paper)
    canvas.text(serial(rng), x0 + 0.25 * wide, y0 + 0.04 * high, min(1.5, 0.07 * high), ink)
    canvas.text("CE  FC  (UL)", x1 - 0.16 * wide, y0 + 0.09 * high, 0.11 * high, ink, font="bold", fit_mm=0.3 * wide)
    if high > 22:
        for row in range(3):
            at = y0 + (0.32 - 0.05 * row) * high
            canvas.text("WARRANTY VOID IF REMOVED", x1 - 0.16 * wide, at, 0.9, ink, fit_mm=0.3 * wide)


def _tear(rng: np.random.Generator, sheet: Polygon, amount: float = 0.4) -> Polygon:
    """A ragged patch at a corner or an edge of ``sheet``."""
    x0, y0, x1, y1 = sheet.bounds
    reach = (0.15 + 0.45 * amount) * min(x1 - x0, y1 - y0)
    on_edge = rng.random() < 0.4
    x = float(rng.uniform(x0, x1)) if on_edge else float(rng.choice([x0, x1]))
    y = float(rng.choice([y0, y1]))
    angle = np.sort(rng.uniform(0, 2 * np.pi, 26))
    radius = (
        reach * rng.uniform(0.4, 1.0) * (1 + 0.35 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.13 * rng.normal(size=26))
    )
    return Polygon(np.column_stack([x + radius * np.cos(angle), y + 0.8 * radius * np.sin(angle)])).buffer(0)


def _without(sheet: Polygon, piece: Polygon) -> Polygon:
    left = sheet.difference(piece)
    return max(left.geoms, key=lambda part: part.area) if hasattr(left, "geoms") else left
