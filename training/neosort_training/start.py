"""Beginning a run with the network of another: fine-tuning on a user's own windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from neosort_datasets.window import WindowGrid
from neosort_training.config import ModelConfig
from neosort_training.model import NeoNet

_KIND_ROWS = ("kind.weight", "kind.bias")  # what has a row for every kind
_NOT_SHAPE = frozenset({"dropout", "backbone_weights"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A network to begin with. ``path``: where it is from; ``net``: its state dictionary."""

    path: Path
    model: ModelConfig
    kinds: tuple[str, ...]
    grid: WindowGrid
    net: dict[str, Tensor]


def model_of(start: Start, asked: ModelConfig | None) -> ModelConfig:
    """The run's network: as it was, or as ``asked`` for where that has the same shape. Raises `ValueError`."""
    if asked is None:
        return start.model
    for name in ModelConfig.model_fields:
        was, is_asked = getattr(start.model, name), getattr(asked, name)
        if name not in _NOT_SHAPE and was != is_asked:
            raise ValueError(
                f"model.{name} = {is_asked!r}, but the network of {start.path} has {was!r}: leave [model] out"
            )
    return asked


def must_show_alike(start: Start, grid: WindowGrid) -> None:
    """Raise `ValueError` where items would be of another size in pixels than the network knows them."""
    if (start.grid.mm_per_px, start.grid.cell_px) != (grid.mm_per_px, grid.cell_px):
        raise ValueError(
            f"{start.path} learnt from windows of {start.grid.mm_per_px:g} mm per px with field cells of "
            f"{start.grid.cell_px} px, the sources show {grid.mm_per_px:g} mm per px and {grid.cell_px} px"
        )


def begin_with(net: NeoNet, start: Start, kinds: Sequence[str], renamed: Mapping[str, str]) -> None:
    """Fill ``net`` with the weights of ``start``, the rows of its kinds where this run has them.

    ``renamed``: kind of this run → kind of the other network that it begins as, nothing for one that begins afresh.
    Raises `ValueError` for a kind that the other network does not have, or weights that do not fit.
    """
    state = net.state_dict()
    begun = {name: weight for name, weight in start.net.items() if name not in _KIND_ROWS}
    for name in _KIND_ROWS:
        begun[name] = state[name].clone()
        for row, other in enumerate(_rows(start, kinds, renamed)):
            if other is not None:
                begun[name][row] = start.net[name][other]
    try:
        net.load_state_dict(begun)
    except RuntimeError as error:
        raise ValueError(
            f"{start.path}: its weights do not fit the network ({str(error).splitlines()[-1].strip()})"
        ) from error


def _rows(start: Start, kinds: Sequence[str], renamed: Mapping[str, str]) -> list[int | None]:
    """For each kind of this run the other network's row, None where it begins afresh."""
    strange = sorted(set(renamed) - set(kinds))
    if strange:
        raise ValueError(f"start.kinds names '{strange[0]}', which is no kind of this run ({', '.join(kinds)})")
    rows: list[int | None] = []
    for kind in kinds:
        other = renamed.get(kind, kind)
        if other and other not in start.kinds:
            raise ValueError(
                f"kind '{kind}' is none of those of {start.path} ({', '.join(start.kinds)}): "
                f"name in [start.kinds] the one that it begins as, or '' to begin it afresh"
            )
        rows.append(start.kinds.index(other) if other else None)
    return rows
