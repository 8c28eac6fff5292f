"""From a model and a pose to its layers: model it, lay it down, trace it, clean it."""

from __future__ import annotations

from collections.abc import Sequence

from neosort_datasets.modelling.looks import solid_of
from neosort_datasets.modelling.solid import Part, laid_down
from neosort_datasets.rendering.denoise import denoised
from neosort_datasets.rendering.extra import RenderError
from neosort_datasets.rendering.kept import RenderSettings
from neosort_datasets.rendering.layers import SpriteLayers, sprite_layers
from neosort_datasets.rendering.scene import scene_of
from neosort_datasets.rendering.trace import Tracer
from neosort_datasets.rendering.view import view_of
from neosort_datasets.rendering.worklist import Task


def lying_parts(task: Task) -> tuple[Part, ...]:
    """The item's parts as they lie on the belt. Raises `RenderError` naming the look when nobody models it."""
    try:
        solid = solid_of(task.model, task.pose)
    except KeyError as error:
        raise RenderError(str(error.args[0])) from error
    return laid_down(solid, task.model, task.pose)


def drawn(tracer: Tracer, parts: Sequence[Part], settings: RenderSettings, turn: int) -> SpriteLayers:
    """The layers of parts that lie on the belt, the machine around them in the given turn."""
    view = view_of(parts, settings.px_per_mm)
    traced = tracer.trace(scene_of(parts), view.finer(settings.fineness), turn)
    return sprite_layers(traced, tracer.empty_belt(view, turn), denoised, settings.fineness)
