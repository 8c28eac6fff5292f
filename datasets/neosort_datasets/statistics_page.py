"""The statistics of a store as one self-contained HTML page: no script, no font, nothing fetched."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from neosort_datasets.contact_sheet import window_caption
from neosort_datasets.drawing import with_boxes, with_field
from neosort_datasets.interchange.findings import Finding
from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_file import PictureError, decode_upright
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.statistics import StoreStatistics
from neosort_datasets.statistics_plots import histogram, kind_bars, logarithmic_bins, whole_bins
from neosort_datasets.store import WindowStore
from neosort_datasets.window_pictures import window_boxes

EXAMPLES = 12
_EXAMPLE_PX = 420


def write_statistics_page(store: WindowStore | PictureStore, statistics: StoreStatistics, out: Path) -> None:
    """Write the page. Raises `StoreError` where it cannot be written."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = files("neosort_datasets").joinpath("templates", "statistics.html.j2").read_text(encoding="utf-8")
    page = environment.from_string(template).render(
        name=store.path.name,
        s=statistics,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        plots=_plots(statistics),
        examples=[_example(store, index) for index in _spread(len(store), EXAMPLES)],
        findings=[(Finding[name], count) for name, count in statistics.findings.items() if name in Finding.__members__],
    )
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror})") from error


def _plots(s: StoreStatistics) -> list[tuple[str, str, str]]:
    """Title, a sentence and the SVG of each figure that has anything to show."""
    plots = []
    if s.kinds:
        said = "Green: every item of the kind bears NdFeB." if s.bearing else "Boxes of each class."
        plots.append(("Kinds", said, kind_bars(s.kinds, s.bearing)))
    if s.magnet_g:
        said = f"{len(s.magnet_g):,} items that bear NdFeB, grams of magnet each."
        plots.append(("Magnet mass", said, histogram(s.magnet_g, logarithmic_bins(s.magnet_g), "g of NdFeB", "items")))
    if s.peak_ut:
        said = f"The strongest |B| of each window; {s.saturated:,} windows have a saturated sample."
        plots.append(
            ("Field range", said, histogram(s.peak_ut, logarithmic_bins(s.peak_ut), "peak |B| in µT", s.holds))
        )
    bins = whole_bins(s.boxes_per_picture)
    said = "Boxes that show; a picture without one teaches what nothing looks like."
    plots.append((f"Items in {s.holds}", said, histogram(s.boxes_per_picture, bins, "items", s.holds, log=False)))
    if s.box_sizes:
        said = "The longer side of each box."
        plots.append(("Sizes", said, histogram(s.box_sizes, logarithmic_bins(s.box_sizes), s.unit, "boxes")))
    return plots


def _spread(count: int, wanted: int) -> list[int]:
    """Up to ``wanted`` indices, evenly through the store."""
    wanted = min(count, wanted)
    return [index * count // wanted for index in range(wanted)]


def _example(store: WindowStore | PictureStore, index: int) -> tuple[str, str]:
    """A picture as data URI, and what to say under it."""
    if isinstance(store, WindowStore):
        labelled = store[index]
        image, caption = (
            with_field(labelled.window, window_boxes(labelled), _EXAMPLE_PX),
            window_caption(index, labelled),
        )
    else:
        picture = store[index]
        try:
            pixels = decode_upright(picture.data())
        except (PictureError, OSError) as error:
            raise StoreError(f"{store.path}: picture {index} ({picture.name}) cannot be shown ({error})") from error
        image, caption = with_boxes(pixels, picture.boxes, _EXAMPLE_PX), f"{index}  ·  {picture.group or picture.name}"
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}", caption
