"""A trial of the line: known items sorted, and what the line said and did counted. TOML, by `neosort bench trial`.

The bundle's evaluation stands for recognition on windows; a trial adds what only the whole line can show: how often an
ejected item lands in the product, how often another does, and how much item models differ from one another.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field

from neosort_hardware.config import Section, load_toml
from neosort_inference.bundle_metadata import Count

Positive = Annotated[float, Field(ge=0)]
SHIPPED_TRIAL = "trial-twin.toml"
_HEAD = ("on", "bundle", "command", "shift_sd", "make_sd", "mass_between_log", "sigma_scale")


class TrialOfKind(Section):
    """Of items *said to be* of a kind: ``items``, how many ``bears`` NdFeB; ``ejected`` and how many of these landed in
    the product (``hits``); ``passed`` and how many of these did so all the same (``carried``). Detections of nothing
    count as items that bear nothing. ``models``: of how many item models they are, as many as equally common ones;
    ``looks``: how many independent items would tell the share that bears as well, 0: as many as models.

    Of bearing items *of* the kind: ``bearing``, of them ``found`` (decided on at all), and of the others those that
    landed in the product all the same (``missed_carried``): what is not seen mostly lies against something that is, and
    goes its way. ``mass_bias_log``: of log(1 + grams said) − log(1 + grams), its mean over ``mass_models`` models;
    ``mass_between_log``: the standard deviation between models.
    """

    kind: str
    items: Count = 0
    bears: Count = 0
    models: Positive = 0.0
    looks: Positive = 0.0
    ejected: Count = 0
    hits: Count = 0
    passed: Count = 0
    carried: Count = 0
    bearing: Count = 0
    found: Count = 0
    missed_carried: Count = 0
    mass_models: Count = 0
    mass_bias_log: float = 0.0
    mass_between_log: Positive = 0.0


class Trial(Section):
    """A trial, by kind. ``on``: which line, feed and item models; ``bundle``: name and first 12 digits of its SHA-256.

    ``shift_sd``: standard deviation, over kinds, of the truth's log-odds from P(NdFeB); ``make_sd``: over item models
    of a kind. ``mass_between_log``: of log mass between models, over all bearing kinds; it stands in where a kind was
    not tried. ``sigma_scale``: what the network's own deviations of log mass are to be multiplied by to be those
    between items of one model, which is less than between items of any; 0: not known, the bundle's stands in.
    """

    on: str
    bundle: str
    command: str
    shift_sd: Positive
    make_sd: Positive = 0.0
    mass_between_log: Positive
    sigma_scale: Positive = 0.0
    kinds: tuple[TrialOfKind, ...]

    def of(self, kind: str) -> TrialOfKind:
        """A kind's counts; none, and the pooled spread of masses, where it was not tried."""
        for row in self.kinds:
            if row.kind == kind:
                return row
        return TrialOfKind(kind=kind, mass_between_log=self.mass_between_log)


def load_trial(path: Path | None = None) -> Trial:
    """A trial from its file, or the twin's that is shipped. Raises `ConfigError`."""
    shipped = Path(str(files("neosort_inference").joinpath("balance", SHIPPED_TRIAL)))
    return load_toml(shipped if path is None else path, Trial)


def trial_toml(trial: Trial) -> str:
    """A trial as it stands in its file."""
    lines = [f"{name} = {json.dumps(getattr(trial, name), ensure_ascii=False)}" for name in _HEAD]
    for row in trial.kinds:
        lines += ["", "[[kinds]]", *(f"{name} = {json.dumps(value)}" for name, value in row.model_dump().items())]
    return "\n".join(lines) + "\n"
