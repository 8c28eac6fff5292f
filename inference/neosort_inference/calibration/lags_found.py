"""What was found of the valves' lags: their mean and each one's own, as quantities and as constants to set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_hardware.config import LineConfig
from neosort_hardware.valve_lags import LONGEST_LAG_MS, each_lag_ms, mean_lag_ms
from neosort_inference.calibration.procedure import Quantity
from neosort_inference.calibration.witness_marks import MarksFit, OwnLags


@dataclass(frozen=True, slots=True, kw_only=True)
class LagFound:
    """What was found of the valves' ``word`` ('open' or 'close'). ``mean_known``: whether their mean was."""

    config: LineConfig
    word: str
    more_ms: float
    sigma_ms: float
    own: OwnLags
    mean_known: bool

    @property
    def place(self) -> str:
        return f"valve_{self.word}_lag_ms"

    @property
    def before_ms(self) -> float | tuple[float, ...]:
        lag_ms: float | tuple[float, ...] = getattr(self.config.calibration, self.place)
        return lag_ms

    def quantities(self) -> list[Quantity]:
        """The mean where it was measured, and how far the valves are from each other."""
        before_ms = mean_lag_ms(self.before_ms)
        mean = Quantity(
            name=f"{self.word}-lag", title=f"Valves {self.word} after", value=before_ms + self.more_ms, unit="ms",
            uncertainty=self.sigma_ms, least=0.0, most=LONGEST_LAG_MS, before=before_ms,
        )  # fmt: skip
        apart = Quantity(
            name=f"{self.word}-apart", title=f"Valves {self.word} apart from their leads", value=self.own.spread_ms,
            unit="ms", uncertainty=float(np.median(self.own.sigma_ms)),
        )  # fmt: skip
        return [mean, apart] if self.mean_known else [apart]

    def changes(self) -> dict[str, object]:
        """One lag a valve, where they were found to differ."""
        each = np.array(each_lag_ms(self.before_ms, self.config.diverter.nozzles)) + self.more_ms
        if self.own.spread_ms == 0.0 and not isinstance(self.before_ms, tuple):
            lag_ms: object = _lag_ms(each[0])
        else:
            lag_ms = [_lag_ms(one) for one in each + self.own.believed_ms]
        return {f"calibration.{self.place}": lag_ms}


def lags_found(config: LineConfig, fit: MarksFit) -> tuple[LagFound, LagFound]:
    """To open and to close, by what marks say."""
    return (
        LagFound(
            config=config, word="open", more_ms=fit.open_ms, sigma_ms=fit.sigmas[1], own=fit.opening,
            mean_known=fit.two_speeds,
        ),
        LagFound(
            config=config, word="close", more_ms=fit.close_ms, sigma_ms=fit.sigmas[2], own=fit.closing,
            mean_known=fit.two_speeds,
        ),
    )  # fmt: skip


def _lag_ms(found_ms: float) -> float:
    return round(min(max(0.0, float(found_ms)), LONGEST_LAG_MS), 4)
