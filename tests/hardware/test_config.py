"""Configurations: what is refused, and in which words."""

import pytest

from neosort_hardware.config import ConfigError, LineConfig, load_line_config
from neosort_hardware.valve_leads import ValveLeads

pytestmark = pytest.mark.computes


def write(tmp_path, text):
    path = tmp_path / "line.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_the_default_line(tmp_path):
    assert load_line_config(write(tmp_path, "")) == LineConfig()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[belt]\nspeeed = 1.0\n", ["belt.speeed", "unknown key"]),
        ("[belt]\nspeed_m_per_s = 9.0\n", ["belt.speed_m_per_s", "9.0", "3"]),
        ("[belt]\nspeed_m_per_s = nan\n", ["belt.speed_m_per_s"]),
        ("[magnetometer]\nchannels = 'many'\n", ["magnetometer.channels", "many"]),
        ("[magnetometer]\nhigh_range_ut = 500.0\n", ["magnetometer.high_range_ut", "500", "magnetometer.range_ut"]),
        ("[calibration]\nnozzle_station_mm = 100.0\n", ["nozzle_station_mm", "array_station_mm"]),
        ("[camera]\ndriver = 'webcam'\n", ["camera.driver", "webcam"]),
        ("[calibration]\nvalve_open_lag_ms = [1.0, 2.0]\n", ["calibration.valve_open_lag_ms", "2 valves", "48"]),
        ("[calibration]\nvalve_close_lag_ms = 70\n", ["calibration.valve_close_lag_ms", "70", "0..50"]),
        ("[calibration]\nvalve_close_lag_ms = [1, -2]\n", ["calibration.valve_close_lag_ms", "valve 1", "-2"]),
        ("[belt\n", ["not valid TOML"]),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence_that_names_it(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_line_config(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_lag_a_valve_and_one_for_all_lead_as_they_say(tmp_path):
    listed = "valve_open_lag_ms = [1.0, 2.5]\nvalve_close_lag_ms = 2.0\njet_lag_ms = 0.5\n"
    config = load_line_config(write(tmp_path, f"[diverter]\nnozzles = 2\n[calibration]\n{listed}"))
    leads = config.calibration.valve_leads(2)
    assert leads == ValveLeads.of([1.5, 3.0], [2.5, 2.5])
    assert not leads.all_alike
    assert leads.mean_ms == pytest.approx((2.25, 2.5))
    assert LineConfig().calibration.valve_leads(48).all_alike


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load_line_config(tmp_path / "absent.toml")


def test_a_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / "line.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_line_config(path)
