"""Which bundle a line sorts by: of those that are installed, the one that covers its belt in fewest passes.

All of them are exports of one network for windows of other shapes. A pass costs about the same with each, for each has
about as many picture elements; what differs is how many passes a metre of belt takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from neosort_datasets.line_grid import lanes_of, line_grid
from neosort_datasets.pacing import Pace
from neosort_datasets.rectification import View
from neosort_datasets.window import WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_inference.bundle import BundleError, read_metadata

INSTALLED = ("neosort.onnx", "neosort-wide.onnx")  # the first one wins where two cover a belt alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How windows of a model lie on a belt: so many ``lanes`` beside one another, the next ones ``hop_mm`` farther on
    (at most)."""

    lanes: int
    hop_mm: float

    @property
    def passes_per_m(self) -> float:
        """Passes of the network that a metre of belt takes."""
        return 1000.0 * self.lanes / self.hop_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A bundle, and in a sentence why this one."""

    path: Path
    why: str


def cover_of(model: WindowGrid, config: LineConfig) -> Cover:
    """How a model's windows lie on the belt of a line, as its camera sees it."""
    camera, geometry = config.camera, LineGeometry.of(config)
    view = View.of(geometry.pixel_to_belt, camera.width_px, camera.height_px)
    grid = line_grid(model, geometry, view)
    hop_mm = Pace.overlapping(grid.length_mm).hop_mm(view.length_mm, camera.trigger_every_mm, grid.length_mm)
    return Cover(lanes=len(lanes_of(grid, model)), hop_mm=hop_mm)


def installed_bundles() -> tuple[Path, ...]:
    """The bundles that came with this program."""
    folder = Path(str(files("neosort_inference").joinpath("models")))
    return tuple(path for name in INSTALLED if (path := folder / name).exists())


def choose_bundle(given: Path | None, config: LineConfig, installed: tuple[Path, ...] | None = None) -> Choice:
    """The bundle asked for; else of the ``installed`` ones the best for that line's belt.

    One that cannot be read is passed over, and said so. Raises `BundleError` where none can be.
    """
    if given is not None:
        return Choice(path=given, why=f"bundle {given}, as asked for")
    covers: dict[Path, tuple[WindowGrid, Cover]] = {}
    troubles: list[BundleError] = []
    for path in installed_bundles() if installed is None else installed:
        try:
            grid = read_metadata(path).grid
        except BundleError as error:
            troubles.append(error)
        else:
            covers[path] = (grid, cover_of(grid, config))
    if not covers:
        raise troubles[0] if troubles else BundleError("no model bundle is installed; name one with --bundle")
    best = min(covers, key=lambda path: covers[path][1].passes_per_m)
    return Choice(path=best, why="; ".join((_why(best, covers, config), *(f"passed over: {one}" for one in troubles))))


def _why(best: Path, covers: dict[Path, tuple[WindowGrid, Cover]], config: LineConfig) -> str:
    grid, cover = covers[best]
    said = (
        f"bundle {best.name}, windows of {grid.rows} × {grid.cols} px: a belt of {config.belt.width_mm:g} mm takes "
        f"{cover.passes_per_m:.1f} passes a metre"
    )
    others = [f"{path.name} {other.passes_per_m:.1f}" for path, (_, other) in covers.items() if path != best]
    return said + (f" ({', '.join(others)})" if others else "")
