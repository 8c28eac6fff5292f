"""The catalogue: what must hold of every row, and that the README shows the same table."""

from pathlib import Path

import pytest

from neosort_inference.faults.catalogue import CATALOGUE, FaultKind
from neosort_inference.faults.modes import Mode, condition

pytestmark = pytest.mark.computes

README = Path(__file__).parents[2] / "inference" / "README.md"
MEASURED = 4  # which column is, as `pytest -s tests/faults` prints it
DOES = {
    "none": "sorts on",
    "without camera": "field only",
    "without field": "camera only",
    "stop": "stops, valves shut",
}


def row_of(kind: FaultKind) -> list[str]:
    """The cells of a fault in the README, without what was measured."""
    ends = "when acknowledged after it is over" if kind.needs_person else "by itself"
    return [
        f"`{kind.name}`", kind.words, kind.sign, f"{kind.within_s:g} s", DOES[kind.effect], kind.severity.value, ends,
    ]  # fmt: skip


def shown_rows() -> list[list[str]]:
    """The README's table, cell by cell."""
    lines = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0].strip("`") in CATALOGUE]


def test_the_readme_shows_the_catalogue_row_by_row():
    wanted = [row_of(kind) for kind in CATALOGUE.values()]
    assert [row[:MEASURED] + row[MEASURED + 1 :] for row in shown_rows()] == wanted


def test_what_was_measured_of_every_fault_keeps_to_what_is_stated():
    measured_s = [float(row[MEASURED].removesuffix(" s")) for row in shown_rows()]
    assert len(measured_s) == len(CATALOGUE)
    assert all(s <= kind.within_s for s, kind in zip(measured_s, CATALOGUE.values(), strict=True))


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=list(CATALOGUE))
def test_every_row_says_what_a_person_needs(kind):
    assert kind.words
    assert kind.sign
    assert kind.needs_person == (kind.effect == "stop"), "nobody's jets resume by themselves after a stop"
    assert 0 < kind.within_s < 600
    assert kind.gone_after_s > 0


def test_no_two_faults_are_told_in_the_same_words():
    assert len({kind.words for kind in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("planned", "effects", "mode"),
    [
        ("none", (), Mode.BOTH),
        ("none", ("none",), Mode.BOTH),
        ("none", ("without camera",), Mode.FIELD),
        ("none", ("without field", "none"), Mode.CAMERA),
        ("none", ("without field", "without camera"), Mode.STOP),
        ("none", ("without field", "stop"), Mode.STOP),
        ("camera", ("without camera",), Mode.FIELD),
        ("camera", ("without field",), Mode.STOP),
        ("field", (), Mode.CAMERA),
    ],
)
def test_faults_take_senses_away_until_none_is_left(planned, effects, mode):
    assert condition(planned, effects).mode is mode
