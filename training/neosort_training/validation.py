"""A look at the validation stores while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from neosort_datasets.store import WindowStore
from neosort_hardware.types import ImageU8
from neosort_training.evaluate import Scores, TorchPredictor, score_windows
from neosort_training.model import NeoNet
from neosort_training.run_pictures import detections_picture
from neosort_training.sources import open_to_learn

_WINDOWS = 300
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """``picture``: (rows, cols, 3), what was found in a few of the windows."""

    scores: Scores
    picture: ImageU8


class Validation:
    """Stores that a run is looked at with, and never learns from."""

    def __init__(self, paths: Sequence[str], kinds: Sequence[str]) -> None:
        """Raises `StoreError`, and `ValueError` where one is kept for the final judgement or has another grid."""
        self.stores = [open_to_learn(Path(path)) for path in paths]
        self._kinds = tuple(kinds)
        for store in self.stores[1:]:
            if store.grid != self.stores[0].grid:
                raise ValueError(
                    f"{store.path} holds windows of {store.grid}, {self.stores[0].path} of {self.stores[0].grid}"
                )

    def look(self, net: NeoNet) -> Look:
        """At what a network says of evenly spread windows."""
        predictor = TorchPredictor(deepcopy(net).eval(), self.stores[0].grid)
        spread = self._spread()
        scores = score_windows(predictor, (store[index] for store, index in spread), self._kinds)
        shown = [store[index] for store, index in spread[:: max(1, len(spread) // _SHOWN)][:_SHOWN]]
        pairs = [(labelled, predictor.run(labelled.window)) for labelled in shown]
        return Look(scores=scores, picture=detections_picture(pairs, self._kinds))

    def _spread(self) -> list[tuple[WindowStore, int]]:
        every = [(store, index) for store in self.stores for index in range(len(store))]
        return every[:: max(1, len(every) // _WINDOWS)]
