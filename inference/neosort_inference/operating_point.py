"""Which threshold on P(NdFeB) a line sorts by, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from neosort_datasets.assembly import Blind
from neosort_hardware.config import ConfigError
from neosort_inference.bundle_metadata import BundleMetadata, GuaranteedThreshold, Threshold
from neosort_inference.recipe import Recipe

Basis = Literal["recipe", "guaranteed", "validated", "even odds"]
EVEN_ODDS = 0.5
_SAME = 1e-9


class Described(Protocol):
    """A bundle, loaded or only read."""

    @property
    def metadata(self) -> BundleMetadata:
        """What it says of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """Eject from ``p_ndfeb`` on. ``basis``: set by the recipe, proven on calibration scenes with ``confidence``, found
    on validation windows, or for want of anything better. ``purity_target``: what it was proven or found for."""

    p_ndfeb: float
    basis: Basis
    purity_target: float | None = None
    confidence: float | None = None

    def __str__(self) -> str:
        """In words, for a log or a report."""
        told = f"fires from P(NdFeB) {self.p_ndfeb:.4g} on"
        if self.basis == "recipe":
            return f"{told}, as the recipe sets it"
        if self.purity_target is None:
            return f"{told}, even odds: the bundle has no threshold for the senses there are"
        target = f"purity {100 * self.purity_target:g} % of recognition"
        if self.confidence is None:
            return f"{told}, found for {target} on validation windows: no guarantee"
        return f"{told}, guaranteed for {target} on the calibration feed with {100 * self.confidence:g} % confidence"


def operating_point(recipe: Recipe, bundle: Described, blind: Blind = "none") -> OperatingPoint:
    """The recipe's own threshold, else the bundle's for its purity target and the senses there are.

    The target is the lowest of the bundle's that is no lower than the recipe's. Its guaranteed threshold is taken if it
    has one, else the one that was found on validation windows. A line with one sense sorts at the highest purity that
    this sense reaches where the target is beyond it, and at even odds where it reaches none of the bundle's targets.
    Raises `ConfigError` when both senses together reach no purity so high.
    """
    if recipe.min_p_ndfeb is not None:
        return OperatingPoint(p_ndfeb=recipe.min_p_ndfeb, basis="recipe")
    found = {point.purity_target: point for point in _found(bundle, blind)}
    proven = {point.purity_target: point for point in _proven(bundle, blind)}
    reached = sorted(found.keys() | proven.keys())
    enough = [target for target in reached if target >= recipe.purity_target - _SAME]
    if enough:
        return _point_at(enough[0], found, proven)
    if blind != "none":
        return (
            _point_at(reached[-1], found, proven) if reached else OperatingPoint(p_ndfeb=EVEN_ODDS, basis="even odds")
        )
    known = ", ".join(f"{target:g}" for target in reached) or "none"
    raise ConfigError(
        f"recipe '{recipe.name}': purity_target = {recipe.purity_target:g} is more than bundle "
        f"'{bundle.metadata.name}' reaches with both senses ({known}); lower it or set min_p_ndfeb"
    )


def _point_at(target: float, found: dict[float, Threshold], proven: dict[float, GuaranteedThreshold]) -> OperatingPoint:
    point = proven.get(target)
    if point is not None and point.p_ndfeb is not None:
        return OperatingPoint(
            p_ndfeb=point.p_ndfeb, basis="guaranteed", purity_target=target, confidence=point.confidence
        )
    return OperatingPoint(p_ndfeb=found[target].p_ndfeb, basis="validated", purity_target=target)


def _found(bundle: Described, blind: Blind) -> list[Threshold]:
    return [point for point in bundle.metadata.thresholds if point.blind == blind and point.recovery > 0]


def _proven(bundle: Described, blind: Blind) -> list[GuaranteedThreshold]:
    guarantee = bundle.metadata.guarantee
    points = guarantee.points if guarantee is not None else ()
    return [point for point in points if point.blind == blind and point.p_ndfeb is not None]
