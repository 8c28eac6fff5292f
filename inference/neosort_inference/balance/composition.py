"""Which rare earths are in the NdFeB: by kind of item from a table, or by a laboratory's assay of the lot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from neosort_hardware.config import Section, load_toml
from neosort_hardware.types import ArrayF64

Element = Literal["nd", "pr", "dy", "tb", "gd"]
ELEMENTS: tuple[Element, ...] = ("nd", "pr", "dy", "tb", "gd")
SHIPPED_COMPOSITION = "composition.toml"

# IUPAC, abridged standard atomic weights (m), and the oxides that the trade counts in: (formula, atoms, oxygens).
ATOMIC_MASS: dict[Element, float] = {"nd": 144.24, "pr": 140.91, "dy": 162.50, "tb": 158.93, "gd": 157.25}
OXYGEN = 15.999
OXIDES: dict[Element, tuple[str, int, int]] = {
    "nd": ("Nd2O3", 2, 3),
    "pr": ("Pr6O11", 6, 11),
    "dy": ("Dy2O3", 2, 3),
    "tb": ("Tb4O7", 4, 7),
    "gd": ("Gd2O3", 2, 3),
}


def oxide_factor(element: Element) -> float:
    """Grams of oxide that a gram of the element makes, by stoichiometry."""
    _, atoms, oxygens = OXIDES[element]
    metal = atoms * ATOMIC_MASS[element]
    return (metal + oxygens * OXYGEN) / metal


class Share(Section):
    """Percent of the magnet's mass and one standard deviation. ``mark``: m measured or published, c computed from such,
    a assumed; ``source``: by whom, or from what."""

    percent: Annotated[float, Field(ge=0, le=100)]
    sigma: Annotated[float, Field(ge=0, le=50)]
    mark: Literal["m", "c", "a"]
    source: str = Field(min_length=1)


NONE = Share(percent=0.0, sigma=0.0, mark="a", source="not expected")


class Shares(Section):
    """The rare earths of a magnet. What is left out is not in it."""

    nd: Share = NONE
    pr: Share = NONE
    dy: Share = NONE
    tb: Share = NONE
    gd: Share = NONE

    @model_validator(mode="after")
    def _no_more_than_all(self) -> Self:
        if (total := sum(self.of(element).percent for element in ELEMENTS)) > 50:
            raise ValueError(f"rare earths together are {total:g} % of the magnet: NdFeB holds 30 to 32 %")
        return self

    def of(self, element: Element) -> Share:
        """One element's."""
        share: Share = getattr(self, element)
        return share


class Composition(Section):
    """A table by kind; ``reference``: the kind that stands in for those without a row."""

    name: str = Field(min_length=1)
    reference: str
    kinds: dict[str, Shares] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_reference(self) -> Self:
        if self.reference not in self.kinds:
            raise ValueError(f"reference = '{self.reference}' has no row under kinds")
        return self

    @property
    def bearing(self) -> frozenset[str]:
        """Kinds that hold NdFeB."""
        return frozenset(self.kinds)


class Assay(Section):
    """A laboratory's analysis of the lot's magnets; replaces the table for every kind."""

    laboratory: str = Field(min_length=1)
    sample: str = Field(min_length=1, description="the laboratory's number of the sample")
    taken_on: date
    magnet: Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """An element (draws,) and its oxide, grams."""

    element: Element
    grams: ArrayF64

    @property
    def oxide(self) -> str:
        """Formula of the oxide."""
        return OXIDES[self.element][0]

    @property
    def oxide_grams(self) -> ArrayF64:
        """(draws,) of oxide that could be made of it."""
        return self.grams * oxide_factor(self.element)


def contained(
    ndfeb_g: ArrayF64,
    kinds: Sequence[str],
    true_kind: Mapping[str, Mapping[str, float]],
    composition: Composition,
    assay: Assay | None = None,
    *,
    seed: int = 0,
) -> list[Contained]:
    """The rare earths in masses of NdFeB (draws, kinds), by kind said; ``true_kind``: see `Evidence`.

    A kind's composition is as uncertain for all of its items together: one draw of it serves the whole lot.
    """
    random = np.random.default_rng(seed)
    by_true = _by_true_kind(ndfeb_g, kinds, true_kind, composition)
    found = []
    for element in ELEMENTS:
        grams = np.zeros(len(ndfeb_g))
        if assay is not None:
            grams = ndfeb_g.sum(axis=1) * _drawn(assay.magnet.of(element), len(ndfeb_g), random)
        else:
            for kind, mass_g in by_true.items():
                grams += mass_g * _drawn(composition.kinds[kind].of(element), len(ndfeb_g), random)
        found.append(Contained(element=element, grams=grams))
    return found


def _drawn(share: Share, draws: int, random: np.random.Generator) -> ArrayF64:
    """A part of one, drawn; never below none. Its mean stays the figure's while the deviation is small beside it."""
    if share.percent == 0.0:  # what is not there on average cannot be there by chance alone without a bias upwards
        return np.zeros(draws)
    return np.maximum(random.normal(share.percent, share.sigma, draws), 0.0) / 100.0


def _by_true_kind(
    ndfeb_g: ArrayF64, kinds: Sequence[str], true_kind: Mapping[str, Mapping[str, float]], composition: Composition
) -> dict[str, ArrayF64]:
    by_kind: dict[str, ArrayF64] = {}
    for column, said in enumerate(kinds):
        shares = true_kind.get(said) or {said if said in composition.kinds else composition.reference: 1.0}
        for kind, share in shares.items():
            row = kind if kind in composition.kinds else composition.reference
            by_kind[row] = by_kind.get(row, np.zeros(len(ndfeb_g))) + share * ndfeb_g[:, column]
    return by_kind


def load_composition(path: Path | None = None) -> Composition:
    """A table from its file, or the one that is shipped. Raises `ConfigError`."""
    shipped = Path(str(files("neosort_inference").joinpath("balance", SHIPPED_COMPOSITION)))
    return load_toml(shipped if path is None else path, Composition)


def load_assay(path: Path) -> Assay:
    """A laboratory's assay from its file. Raises `ConfigError`."""
    return load_toml(path, Assay)
