"""One evaluation: a model on its stores, whole and with something taken away, and how its windows are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from neosort_datasets.assembly import Blind
from neosort_hardware.types import ArrayF64
from neosort_training.ablation import DEAD_SENSORS, LONE_SENSES, Ablation, with_blind
from neosort_training.redraws import DRAWS, Unit, draw_windows, unit_for
from neosort_training.running import LoadedModel, ModelRun, StoreWindows, run_model


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """What is asked. ``dead_sensors``: the ablations with some sensors dead, too. ``unit``, ``draws``: of the
    intervals. ``reference``: another model on the same windows, such as the fp32 bundle of an int8 one."""

    model: LoadedModel
    sources: tuple[StoreWindows, ...]
    blind: Blind = "none"
    dead_sensors: bool = False
    unit: Unit = Unit.AUTO
    draws: int = DRAWS
    reference: LoadedModel | None = None

    def __post_init__(self) -> None:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError(f"{max(names, key=names.count)}: named twice, its windows would count twice")

    @property
    def whole(self) -> Ablation:
        """The windows as the model is judged on them."""
        return with_blind(self.blind)

    @property
    def ablations(self) -> tuple[Ablation, ...]:
        """What else is taken away: each sense in turn, always; nothing more from a model that lacks one already."""
        if self.blind != "none":
            return ()
        return (*LONE_SENSES, *(DEAD_SENSORS if self.dead_sensors else ()))

    @property
    def windows(self) -> int:
        """How many windows are run in all."""
        runs = 1 + len(self.ablations) + (self.reference is not None)
        return runs * sum(len(source) for source in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it. ``ablated``: by the ablation's key. ``weights`` (draws, windows of all sources end to end)."""

    plan: TrialPlan
    run: ModelRun
    ablated: dict[str, ModelRun] = field(default_factory=dict)
    reference: ModelRun | None = None
    unit: Unit
    weights: ArrayF64

    def weights_of(self, number: int) -> ArrayF64:
        """(draws, windows of source ``number``)."""
        first = sum(len(source) for source in self.plan.sources[:number])
        return self.weights[:, first : first + len(self.plan.sources[number])]


def run_trial(plan: TrialPlan, on_window: Callable[[str], None]) -> Trial:
    """Run everything that ``plan`` asks for; ``on_window`` is told of each window, and of what is being done.

    Raises `ValueError` for a store that a model cannot read, `StoreError` for a damaged one.
    """
    run = _run(plan.model, plan.sources, plan.whole, on_window)
    ablated = {what.key: _run(plan.model, plan.sources, what, on_window) for what in plan.ablations}
    reference = None
    if plan.reference is not None:
        reference = _run(plan.reference, plan.sources, plan.whole, on_window, plan.reference.path.name)
    unit = unit_for(run.parts, plan.unit)
    weights = draw_windows(run.parts, unit, plan.draws)
    return Trial(plan=plan, run=run, ablated=ablated, reference=reference, unit=unit, weights=weights)


def _run(
    model: LoadedModel,
    sources: Sequence[StoreWindows],
    what: Ablation,
    on_window: Callable[[str], None],
    title: str = "",
) -> ModelRun:
    return run_model(model, sources, what, partial(on_window, title or what.title))
