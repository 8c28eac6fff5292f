"""The ledger's bench, small: every record is written, and its figures are those of what was measured."""

from __future__ import annotations

import pytest
from rich.console import Console
from tests.whole_line import FakeBundle

from neosort_inference.bench import ledger as bench

pytestmark = pytest.mark.computes


@pytest.fixture
def bundle():
    """One that knows nothing, and at once."""
    return FakeBundle([])


def test_every_record_is_written_and_counted() -> None:
    written = bench.write_through("SQLite", None, 40, None)
    assert (written.records, written.pictures) == (60, 20), "a record for each decision and each shot"
    told = bench.figures([written])["SQLite"]
    assert told["records_per_s"] == pytest.approx(60 / written.seconds)
    assert (told["records"], told["pictures"]) == (60, 20)


def test_decisions_with_and_without_a_ledger(bundle) -> None:
    rounds = []
    beside = bench.decide_beside(bundle, None, decisions=5, rounds=1, per_s=1000.0, progress=lambda: rounds.append(1))
    assert len(rounds) == 2
    assert beside["decisions_each"] == 5
    assert 0 < beside["with"]["p50"] <= beside["with"]["p99"]
    record = {
        "written": {"SQLite": {"records_per_s": 1000.0, "spread": [900.0, 1100.0], "records": 60, "pictures": 20}},
        "decision_ms": {"SQLite": beside},
        "handing_over_us": {"p50": 9.0, "p99": 50.0},
    }
    console = Console(record=True, width=200)
    bench.print_ledger(record, console)
    said = console.export_text()
    assert "1,000 records/s" in said
    assert "handing over: p50 9 µs" in said
