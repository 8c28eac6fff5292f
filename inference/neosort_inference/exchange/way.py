"""The way of a window as a bundle, a recipe and a calibration make it: what is exchanged as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from neosort_datasets.assembly import Blind, WindowAssembler
from neosort_datasets.line_grid import line_grid
from neosort_datasets.pacing import Pace
from neosort_datasets.rectification import View
from neosort_datasets.window import WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_hardware.line import Line
from neosort_inference.bundle import Bundle
from neosort_inference.detector import Detector
from neosort_inference.ejection import ShotPlanner, heavy_planner
from neosort_inference.faults.modes import left_with
from neosort_inference.operating_point import operating_point
from neosort_inference.recipe import Judge, Recipe
from neosort_inference.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a line sorts by. ``config``: the line's, with the calibration that it goes by."""

    bundle: Bundle
    recipe: Recipe
    config: LineConfig

    def about(self) -> dict[str, str]:
        """By name."""
        return {"line": self.config.name, "bundle": self.bundle.metadata.name, "recipe": self.recipe.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From frames and blocks to shots, by some means. ``judges``: one for each set of senses that may be left.
    ``hop_mm``: belt from one window to the next, at most. ``heavy_planner``: None where there are no flaps."""

    means: Means
    geometry: LineGeometry
    assembler: WindowAssembler
    detector: Detector
    judges: Mapping[Blind, Judge]
    planner: ShotPlanner
    heavy_planner: ShotPlanner | None
    hop_mm: float


class WayMaker:
    """Makes ways for one line. ``planned``: the sense that the run does without from the start; ``network``: times the
    passes of the way that is gone. May be used in another thread than the loop's."""

    def __init__(self, line: Line, planned: Blind, network: Stage) -> None:
        self._has_flaps = line.heavy_diverter is not None
        self._planned: Blind = planned
        self._network = network
        self.shot_ids = count(1)

    def first(self, means: Means) -> Way:
        """The way that a run begins with. Raises `ConfigError` where recipe, bundle and line do not go together."""
        grid, pace, geometry, hop_mm = _laid(means)
        return self._way(means, WindowAssembler(grid, geometry, self._planned, pace), geometry, hop_mm)

    def after(self, former: Way, means: Means) -> Way:
        """The way by other means that may take the place of ``former``; windows go on being made by the same assembler
        where nothing about them changes. Raises `ConfigError`."""
        grid, pace, geometry, hop_mm = _laid(means)
        same = grid == former.assembler.grid and means.config == former.means.config
        assembler = former.assembler if same else former.assembler.successor(grid, geometry, pace)
        way = self._way(means, assembler, geometry, hop_mm)
        way.planner.goes_on_from(former.planner)
        if way.heavy_planner is not None and former.heavy_planner is not None:
            way.heavy_planner.goes_on_from(former.heavy_planner)
        return way

    def judges(self, means: Means) -> dict[Blind, Judge]:
        """Who decides, for each set of senses that may be left. Raises `ConfigError`."""
        kinds = means.bundle.metadata.kinds
        judges = {
            blind: Judge(means.recipe, kinds, operating_point(means.recipe, means.bundle, blind).p_ndfeb)
            for blind in left_with(self._planned)
        }
        if self._has_flaps:
            judges[self._planned].must_know_heavy_kinds()
        return judges

    def _way(self, means: Means, assembler: WindowAssembler, geometry: LineGeometry, hop_mm: float) -> Way:
        sigma_mm = means.config.calibration.position_sigma_mm
        return Way(
            means=means,
            geometry=geometry,
            assembler=assembler,
            detector=Detector(means.bundle, means.recipe.score_from(means.bundle), self._network),
            judges=self.judges(means),
            planner=ShotPlanner(geometry.jets, sigma_mm, means.recipe.max_shots_per_s, self.shot_ids),
            heavy_planner=heavy_planner(means.config, self.shot_ids) if self._has_flaps else None,
            hop_mm=hop_mm,
        )


def _laid(means: Means) -> tuple[WindowGrid, Pace, LineGeometry, float]:
    """How windows lie on the belt: their grid, where they are cut, the line's geometry, and the belt between them."""
    camera, geometry = means.config.camera, LineGeometry.of(means.config)
    view = View.of(geometry.pixel_to_belt, camera.width_px, camera.height_px)
    grid = line_grid(means.bundle.metadata.grid, geometry, view)
    pace = Pace.overlapping(grid.length_mm)
    return grid, pace, geometry, pace.hop_mm(view.length_mm, camera.trigger_every_mm, grid.length_mm)
