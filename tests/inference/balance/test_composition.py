"""Rare earths and their oxides: stoichiometry, the table, and a plant whose figures are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neosort_hardware.config import ConfigError
from neosort_inference.balance.composition import (
    ELEMENTS,
    Element,
    contained,
    load_assay,
    load_composition,
    oxide_factor,
)
from neosort_inference.opening import open_bundle

pytestmark = pytest.mark.computes


@pytest.mark.parametrize(
    ("element", "factor"), [("nd", 1.1664), ("pr", 1.2082), ("dy", 1.1477), ("tb", 1.1762), ("gd", 1.1526)]
)
def test_oxide_factors_are_those_of_the_trade(element: Element, factor: float) -> None:
    assert oxide_factor(element) == pytest.approx(factor, abs=5e-5)


def test_thirty_tonnes_of_magnets_give_ten_of_oxide() -> None:
    """31 % counts the metals, not their oxides; the yield is the share of the magnets that reaches the product."""
    magnets_g, rare_earths, recovered = 30e6, 0.31, 0.92
    composition = load_composition()
    product = contained(np.full((4000, 1), magnets_g * recovered), ["hdd35"], {}, composition, seed=1)
    metals = sum(element.grams.mean() for element in product)
    assert metals == pytest.approx(magnets_g * recovered * rare_earths, rel=0.01)
    assert sum(element.oxide_grams.mean() for element in product) * 1e-6 == pytest.approx(10.0, abs=0.1)


def test_every_kind_holds_what_ndfeb_holds() -> None:
    composition = load_composition()
    for kind, shares in composition.kinds.items():
        assert 30.0 <= sum(shares.of(element).percent for element in ELEMENTS) <= 32.0, kind
    metadata = open_bundle(None).metadata
    assert metadata.mass_error is not None
    assert {row.kind for row in metadata.mass_error.by_kind} <= composition.bearing


def test_a_ferrite_motor_that_bears_is_an_nd_motor() -> None:
    composition, grams = load_composition(), np.full((2000, 1), 100.0)
    mixed = contained(grams, ["motor_ferrite"], {"motor_ferrite": {"motor_nd": 1.0}}, composition)
    same = contained(grams, ["motor_nd"], {}, composition)
    for one, other in zip(mixed, same, strict=True):
        assert np.array_equal(one.grams, other.grams)


def test_an_assay_replaces_the_table(tmp_path: Path) -> None:
    file = tmp_path / "assay.toml"
    file.write_text(
        'laboratory = "Lab"\nsample = "S-1"\ntaken_on = 2026-03-01\n[magnet]\n'
        'nd = { percent = 28.0, sigma = 0.1, mark = "m", source = "ICP-OES" }\n',
        encoding="utf-8",
    )
    found = contained(np.full((500, 2), 50.0), ["phone", "hdd35"], {}, load_composition(), load_assay(file))
    assert found[0].grams.mean() == pytest.approx(28.0, rel=0.01)
    assert all(element.grams.sum() == 0 for element in found[1:])


def test_more_rare_earths_than_ndfeb_holds_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "assay.toml"
    share = '{ percent = 30.0, sigma = 0.1, mark = "m", source = "ICP-OES" }'
    file.write_text(
        f'laboratory = "Lab"\nsample = "S-1"\ntaken_on = 2026-03-01\n[magnet]\nnd = {share}\npr = {share}\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"60 % of the magnet"):
        load_assay(file)
