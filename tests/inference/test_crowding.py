"""The co-ejection bench: its statistics against answers worked by hand, and short runs of the simulated belt."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from neosort_hardware.config import ConfigError, LineConfig
from neosort_inference.bench.cli import app
from neosort_inference.bench.crowding import (
    CrowdedBelt,
    belts_of,
    caught_by_footprint,
    fitted_footprint_m2,
    share_with_interval,
)
from neosort_inference.bench.crowding_screen import plot_crowding

pytestmark = pytest.mark.computes


def test_the_closed_form_gives_the_lines_figures():
    shares = [caught_by_footprint(rate / 2.8, 0.036) for rate in (5, 10, 33)]
    assert shares == pytest.approx([0.06, 0.12, 0.35], abs=0.005)


def test_an_interval_is_wilsons():
    share, (low, high) = share_with_interval(10, 100)
    assert share == 0.1
    assert (low, high) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert share_with_interval(0, 50)[1][0] == 0.0
    assert share_with_interval(50, 50)[1][1] == pytest.approx(1.0)


@given(st.floats(0.002, 0.2), st.lists(st.floats(0.5, 15.0), min_size=1, max_size=5))
def test_the_fit_finds_the_footprint_that_shares_came_from(footprint_m2, densities):
    rows = [(density, 1000, caught_by_footprint(density, footprint_m2)) for density in densities]
    assert fitted_footprint_m2(rows) == pytest.approx(footprint_m2, rel=1e-6)


def test_shots_at_a_crowd_weigh_in_the_fit_by_their_number():
    few_and_odd = [(10.0, 10, 0.9), (10.0, 10_000, caught_by_footprint(10.0, 0.03))]
    assert fitted_footprint_m2(few_and_odd) == pytest.approx(0.03, rel=0.02)
    assert fitted_footprint_m2([(10.0, 100, 0.0)]) is None
    assert fitted_footprint_m2([(10.0, 100, 1.0)]) is None


def test_every_rate_runs_on_every_seed_and_they_share_the_shots():
    belts = belts_of(LineConfig(), (5.0, 33.0), 101, range(3, 5))
    assert [(belt.config.twin.feed.items_per_s_per_m, belt.seed, belt.shots) for belt in belts] == [
        (5.0, 3, 51),
        (5.0, 4, 51),
        (33.0, 3, 51),
        (33.0, 4, 51),
    ]
    assert belts[0].name == "5 items/s, seed 3"


def shot(rate, shots, seed=1, **feed):
    config = LineConfig.model_validate({"twin": {"feed": {"items_per_s_per_m": rate, **feed}}})
    told = []
    return CrowdedBelt(config=config, shots=shots, seed=seed).run(told.append), told


def test_alone_on_the_belt_nobody_is_caught_and_in_a_crowd_most_are():
    lonely, _ = shot(0.5, 3)
    assert lonely.caught == lonely.carried == 0
    assert lonely.product == lonely.bearing_in_product
    crowd, told = shot(40.0, 40)
    assert crowd.shots >= 40
    assert sum(told) == 40
    assert crowd.caught > 0.5 * crowd.shots
    assert 0 < crowd.carried <= crowd.caught
    assert crowd.bearing_in_product < crowd.product


def test_items_that_touch_are_caught_more_often():
    apart, _ = shot(8.0, 20, piling=0.0)
    close, _ = shot(8.0, 20, touching=0.8)
    assert close.caught / close.shots > apart.caught / apart.shots + 0.2


def test_the_command_writes_figures_and_a_plot(tmp_path):
    figures, plot = tmp_path / "crowding.json", tmp_path / "crowding.svg"
    result = CliRunner().invoke(
        app,
        [
            *("crowding", "--rate", "30", "--rate", "10", "--shots", "10", "--seeds", "1", "--workers", "2"),
            *("--json", str(figures), "--plot", str(plot)),
        ],
    )
    assert result.exit_code == 0, result.output
    record = json.loads(figures.read_text())
    assert [row["items_per_s_per_m"] for row in record["rates"]] == [10.0, 30.0]
    assert record["line"]["belt_width_mm"] == 1000.0
    assert record["line"]["belt_speed_m_per_s"] == 2.8
    assert record["line"]["position_sigma_mm"] == 5.0
    for row in record["rates"]:
        assert row["caught_ci"][0] <= row["caught"] <= row["caught_ci"][1]
        assert row["expected"] == pytest.approx(1 - math.exp(-row["items_per_s_per_m"] / 2.8 * 0.036))
    assert plot.read_text().startswith("<?xml")
    assert "neighbour" in result.output


def row(rate, caught, carried):
    ends = {f"{name}_ci": [0.8 * value, 1.2 * value] for name, value in (("caught", caught), ("carried", carried))}
    return {"items_per_s_per_m": rate, "caught": caught, "carried": carried} | ends


def test_a_plot_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    record = {
        "line": {"belt_width_mm": 1000.0, "belt_speed_m_per_s": 2.8},
        "expected_footprint_m2": 0.036,
        "rates": [row(5.0, 0.06, 0.02), row(33.0, 0.35, 0.1)],
    }
    plot_crowding(record, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match="--plot"):
        plot_crowding(record, tmp_path / "nowhere" / "curve.png")


def test_another_kind_of_picture_is_refused_before_anything_runs(tmp_path):
    result = CliRunner().invoke(app, ["crowding", "--plot", str(tmp_path / "curve.pdf")])
    assert isinstance(result.exception, ConfigError)
    assert "only .png and .svg" in str(result.exception)
