"""From a checkpoint to a bundle: one ONNX file that the edge loads, checked against the network it came from.

What is measured is the graph that is shipped, run by the runtime that the line has: thresholds, curves, confusion and
mass error of an eight-bit bundle are those of its eight bits.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import onnx

from neosort_datasets.assembly import Blind
from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_inference.bundle import Bundle
from neosort_inference.bundle_metadata import SCHEMA_VERSION, DatasetUsed, PresenceOfScore, Provenance, Quantisation
from neosort_training.ablation import blinded
from neosort_training.bundle_figures import confusion, mass_error, recovery_purity_curve
from neosort_training.bundle_writer import dataset_used, write_bundle
from neosort_training.carried_weights import weights_entry
from neosort_training.checkpoint import Checkpoint
from neosort_training.evaluate import Predictor, Scores, TorchPredictor, summarise
from neosort_training.graphs import Graph, as_graph, eight_bit_graph, float_model, recomposed
from neosort_training.looking import Windows, outcomes_of, thinned
from neosort_training.matching import SCORE_MIN
from neosort_training.model import NeoNet
from neosort_training.outcomes import Outcomes
from neosort_training.parity import agreement, largest_difference
from neosort_training.presence import SCORE_FLOOR, fitted_presence
from neosort_training.quantise import SCHEME, calibrated_ranges, float_convolutions, with_picture_as_codes

UNITS = {"boxes_mm": "mm from the window's corner", "magnet_g": "g of NdFeB, if it bears any", "field_ut": "µT"}
MAX_DIFFERENCE = 2e-3
PARITY_WINDOWS = 8
AGREEMENT_WINDOWS = 120
LOSS_TARGET = 0.95
# Of eight bits against fp32. The loss is what an operator would notice; the two others catch a broken range that the
# windows at hand happen to forgive.
MAX_RECOVERY_LOSS = 0.01
MAX_P_DIFFERENCE = 0.03
MAX_FOUND_BY_ONE = 0.05

Progress = Callable[[str], None]


class ExportError(Exception):
    """The bundle would not do what the network does. The text says by how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """What is to be made. ``grid``: of the windows that the bundle reads. ``measured``: windows to find thresholds and
    all other figures on, ``calibration``: to find the ranges of eight bits on; None: fp32."""

    checkpoint: Checkpoint
    grid: WindowGrid
    measured: Windows
    calibration: Windows | None
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The bundle as written, how its graph scored with each sense missing, and fp32 beside eight bits."""

    bundle: Bundle
    scores: dict[Blind, Scores]
    fp32: Scores | None


def export_bundle(plan: ExportPlan, out: Path, on_window: Progress) -> Exported:
    """Make, measure and write a bundle; ``on_window`` is told of every window run, and what for.

    Raises `ExportError` where a graph does not do what the network does, and then leaves no file; `ValueError` for a
    grid that the network cannot read.
    """
    state = plan.checkpoint
    net = state.averaged_net()
    presence = _presence(plan, net, on_window)
    model = float_model(net, state.grid, presence)
    fp32 = as_graph(model, state.grid)
    looked_at = [store[index].window for store, index in thinned(plan.measured, PARITY_WINDOWS)]
    parity = _must_match(out, TorchPredictor(net, state.grid, presence), fp32, looked_at)
    shipped, ranges = fp32, None
    if plan.calibration is not None:
        ranges = calibrated_ranges(with_picture_as_codes(model), _told(_some_blind(plan.calibration), on_window))
        shipped = eight_bit_graph(model, state.grid, ranges)
    by_sense = {blind: _looked(plan, shipped, blind, on_window) for blind in get_args(Blind)}
    scores = {blind: summarise(found, blind) for blind, found in by_sense.items()}
    scores_fp32 = quantisation = None
    if ranges is not None:
        scores_fp32 = summarise(_looked(plan, fp32, "none", on_window, "fp32"))
        quantisation = _compared(plan, model, (fp32, shipped), (scores_fp32, scores["none"]))
        must_agree(out, quantisation)
    if plan.grid != state.grid:
        model, laid_out = float_model(net, plan.grid, presence), list(recomposed(looked_at, plan.grid))
        shipped = as_graph(model, plan.grid)
        parity = max(parity, _must_match(out, TorchPredictor(net, plan.grid, presence), shipped, laid_out))
        shipped = shipped if ranges is None else eight_bit_graph(model, plan.grid, ranges)
    graph = shipped.data + weights_entry(state)
    bundle = write_bundle(
        out, graph, _metadata(plan, scores, by_sense, parity=parity, quantisation=quantisation, presence=presence)
    )
    return Exported(bundle=bundle, scores=scores, fp32=scores_fp32)


def _presence(plan: ExportPlan, net: NeoNet, on_window: Progress) -> PresenceOfScore | None:
    runner = as_graph(float_model(net, plan.checkpoint.grid), plan.checkpoint.grid).runner()
    told = partial(on_window, "what a score is worth")
    return fitted_presence(
        outcomes_of(runner, plan.measured, plan.checkpoint.kinds, "none", told, score_min=SCORE_FLOOR)
    )


def _looked(plan: ExportPlan, graph: Graph, blind: Blind, on_window: Progress, title: str = "") -> Outcomes:
    told = partial(on_window, title or f"blind: {blind}")
    return outcomes_of(graph.runner(), plan.measured, plan.checkpoint.kinds, blind, told)


def _some_blind(windows: Windows) -> Iterator[BeltWindow]:
    """Every fourth without one of its senses: what a blind line shows lies within the ranges too."""
    cycle: tuple[Blind, ...] = ("none", "none", "none", "camera", "none", "none", "none", "field")
    for number, (store, index) in enumerate(windows):
        yield blinded(store[index].window, cycle[number % len(cycle)])


def _told(windows: Iterator[BeltWindow], on_window: Progress) -> Iterator[BeltWindow]:
    for window in windows:
        yield window
        on_window("ranges")


def _must_match(out: Path, network: Predictor, graph: Graph, windows: Sequence[BeltWindow]) -> float:
    difference = largest_difference(network.run, graph.runner().run, windows)
    if not difference <= MAX_DIFFERENCE:
        raise ExportError(f"{out}: runtime and network differ by {difference:.2g}, at most {MAX_DIFFERENCE:g} allowed")
    return difference


def _compared(
    plan: ExportPlan, model: onnx.ModelProto, graphs: tuple[Graph, Graph], scores: tuple[Scores, Scores]
) -> Quantisation:
    """Eight bits against fp32: graphs and scores in the order (fp32, eight bits)."""
    windows = [store[index].window for store, index in thinned(plan.measured, AGREEMENT_WINDOWS)]
    return Quantisation(
        scheme=SCHEME,
        calibration_windows=len(plan.calibration or ()),
        float_nodes=float_convolutions(model),
        against_fp32=agreement(graphs[0].runner().run, graphs[1].runner().run, windows),
        recovery_loss=scores[0].recovery_at(LOSS_TARGET) - scores[1].recovery_at(LOSS_TARGET),
    )


def must_agree(out: Path, found: Quantisation) -> None:
    """Raise `ExportError` where eight bits say something else than fp32."""
    against = found.against_fp32
    for name, value, limit in (
        ("recovery lost at purity 95 %", found.recovery_loss, MAX_RECOVERY_LOSS),
        ("mean difference in P(NdFeB)", against.p_ndfeb_mean, MAX_P_DIFFERENCE),
        ("items found by only one of the two", against.found_by_one, MAX_FOUND_BY_ONE),
    ):
        if value > limit:
            raise ExportError(f"{out}: eight bits against fp32, {name}: {value:.2%}, at most {limit:.0%} allowed")


def _metadata(
    plan: ExportPlan,
    scores: dict[Blind, Scores],
    by_sense: dict[Blind, Outcomes],
    *,
    parity: float,
    quantisation: Quantisation | None,
    presence: PresenceOfScore | None,
) -> dict[str, Any]:
    state, both = plan.checkpoint, by_sense["none"]
    stores = {store.path: store for store, _ in plan.measured}
    return {
        "schema_version": SCHEMA_VERSION,
        "name": state.name,
        "precision": "fp32" if quantisation is None else "int8",
        "kinds": state.kinds,
        "grid": WindowGrid(**asdict(plan.grid)),
        "units": UNITS,
        "score_min": SCORE_MIN,
        "presence": presence,
        "thresholds": tuple(point for found in scores.values() for point in found.thresholds),
        "measured_on": tuple(dataset_used(store) for store in stores.values()),
        "measured_grid": WindowGrid(**asdict(state.grid)),
        "curves": tuple(recovery_purity_curve(found, blind) for blind, found in by_sense.items()),
        "confusion": confusion(both, state.kinds),
        "mass_error": mass_error(both),
        "parity": parity,
        "quantisation": quantisation,
        "training": Provenance(
            command=state.command,
            config=state.config_text,
            datasets=tuple(DatasetUsed.model_validate(store) for store in state.stores),
            epochs=state.epoch,
            steps=state.step,
            versions={"torch": state.torch_version}
            | {name: version(name) for name in ("neosort", "onnx", "onnxruntime")},
            export_command=plan.command,
            made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        ),
    }
