"""What to eject: thresholds, kinds never to be fired at, limits. A technician's file, strict about what it is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from neosort_hardware.config import ConfigError, Section, load_toml
from neosort_hardware.types import Verdict
from neosort_inference.bundle import Bundle
from neosort_inference.detector import Detection


class Recipe(Section):
    """The rules of one product. ``min_p_ndfeb`` left out means: the bundle's own threshold for ``purity_target``."""

    name: str = Field("default", min_length=1, max_length=64)
    purity_target: float = Field(0.9, ge=0.5, le=0.999, description="picks the bundle's threshold")
    min_p_ndfeb: float | None = Field(None, ge=0.0, le=1.0, description="eject from this P(NdFeB) on")
    min_score: float | None = Field(
        None, ge=0.01, le=1.0, description="an item is there from this score on; left out: the bundle's own"
    )
    min_magnet_g: float = Field(0.0, ge=0.0, le=1000.0, description="leave items with less magnet than this")
    never_fire: tuple[str, ...] = Field(
        ("lithium_cell",), description="kinds never to be fired at, nor their neighbours' jets onto them"
    )
    never_fire_p: float = Field(
        0.3, ge=0.01, le=1.0, description="an item counts as such a kind from this probability on"
    )
    air_limit_g: float = Field(700.0, ge=1, le=100_000, description="heavier kinds go to the flaps, where there are")
    kind_mass_g: dict[str, Annotated[float, Field(gt=0, le=1_000_000)]] = Field(
        {"hub_motor": 2000.0}, description="what a piece of a kind is expected to weigh; kinds left out: light enough"
    )
    max_shots_per_s: float = Field(33.0, ge=0.1, le=1000.0, description="sustained, what the air supply holds")

    def score_from(self, bundle: Bundle) -> float:
        """From which score on an item is there: the bundle's thresholds were found without what lies below its own."""
        return bundle.metadata.score_min if self.min_score is None else self.min_score


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShot:
    """Why an item is not fired at: the verdict, and the reason in a few words."""

    verdict: Verdict
    reason: str


class Judge:
    """Applies a recipe, with the kinds and the threshold of a bundle."""

    def __init__(self, recipe: Recipe, kinds: tuple[str, ...], min_p_ndfeb: float) -> None:
        unknown = [kind for kind in recipe.never_fire if kind not in kinds]
        if unknown:
            raise ConfigError(
                f"recipe '{recipe.name}': never_fire names '{unknown[0]}', which the bundle does not know "
                f"(kinds: {', '.join(kinds)})"
            )
        self.recipe = recipe
        self.min_p_ndfeb = min_p_ndfeb
        self._kinds = kinds
        self._forbidden = [kinds.index(kind) for kind in recipe.never_fire]

    def must_know_heavy_kinds(self) -> None:
        """Raises `ConfigError` where nothing of what the bundle knows would ever go to the line's flaps."""
        if not any(self.recipe.kind_mass_g.get(kind, 0.0) > self.recipe.air_limit_g for kind in self._kinds):
            raise ConfigError(
                f"recipe '{self.recipe.name}': the line has a heavy_diverter, but kind_mass_g gives no kind of the "
                f"bundle more than air_limit_g ({self.recipe.air_limit_g:g}) (kinds: {', '.join(self._kinds)})"
            )

    def heavy(self, detection: Detection) -> bool:
        """Whether it is of a kind too heavy for air."""
        return self.recipe.kind_mass_g.get(detection.kind, 0.0) > self.recipe.air_limit_g

    def forbidden(self, detection: Detection) -> bool:
        """Whether it may be of a kind that must never be fired at."""
        return any(float(detection.kind_p[index]) >= self.recipe.never_fire_p for index in self._forbidden)

    def why_not(self, detection: Detection) -> NoShot | None:
        """None when the item is to be ejected, else why it is not."""
        if self.forbidden(detection):
            certain = detection.kind in self.recipe.never_fire
            reason = f"never fire at {detection.kind}" if certain else "may be a kind never to be fired at"
            return NoShot(verdict=Verdict.FORBIDDEN, reason=reason)
        if detection.p_ndfeb < self.min_p_ndfeb:
            return NoShot(verdict=Verdict.PASSED, reason="not bearing")
        if detection.magnet_g < self.recipe.min_magnet_g:
            return NoShot(verdict=Verdict.PASSED, reason="too little magnet")
        return None


def load_recipe(path: Path) -> Recipe:
    """A recipe from a TOML file. Raises `ConfigError` with one sentence."""
    return load_toml(path, Recipe)
