"""Calibrations as records: never changed, applied and rolled back, refused where they do not fit, torn files found."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from neosort_hardware.config import LineConfig
from neosort_inference.calibration.constants import constants_of, differences
from neosort_inference.calibration.procedure import CalibrationError, Quantity, Result
from neosort_inference.calibration.store import CalibrationStore

pytestmark = pytest.mark.computes

AT = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
LINE = LineConfig()


def found(mm_per_count=0.51, *, least=0.1):
    quantity = Quantity(name="scale", title="Scale", value=mm_per_count, unit="mm", uncertainty=0.001, least=least)
    return Result(
        procedure="encoder-scale",
        quantities=(quantity,),
        changes={"encoder.mm_per_count": mm_per_count},
        evidence={"counts": [0, 100], "travelled_mm": [0.0, 51.0]},
    )


@pytest.fixture
def store(tmp_path):
    return CalibrationStore(tmp_path / "calibrations")


def make(store, value=0.51):
    return store.make(LINE, [found(value)], by="anna", at=AT, note="after the new belt")


def test_a_record_says_what_who_when_and_from_which_data(store):
    record = make(store)

    again = store.record(record.id[:8])
    assert again == record
    assert (again.by, again.at, again.note) == ("anna", "2026-07-01T09:30:00+00:00", "after the new belt")
    assert again.constants["encoder.mm_per_count"] == 0.51
    assert again.constants["calibration.made_on"] == "2026-07-01"
    kept = store.evidence(again.measured[0]["evidence_sha256"])
    assert kept["counts"] == [0, 100]


def test_the_same_contents_have_the_same_id_and_others_another(store):
    assert make(store).id == make(store).id != make(store, 0.52).id
    assert len(store.records()) == 2


def test_what_has_not_passed_is_not_kept(store):
    with pytest.raises(CalibrationError, match="encoder-scale has not passed"):
        store.make(LINE, [found(0.51, least=1.0)], by="anna", at=AT)
    assert store.records() == ()


def test_applied_rolled_back_and_the_line_goes_by_it(store):
    first, second = make(store, 0.51), make(store, 0.52)
    assert store.put_into(LINE).encoder.mm_per_count == LINE.encoder.mm_per_count

    store.apply(first.id, LINE, by="anna", at=AT)
    store.apply(second.id[:10], LINE, by="bob", at=AT)
    assert store.put_into(LINE).encoder.mm_per_count == 0.52
    assert store.roll_back(LINE, by="bob", at=AT) == first
    assert store.put_into(LINE).encoder.mm_per_count == 0.51
    assert store.roll_back(LINE, by="bob", at=AT) is None
    assert store.put_into(LINE) == LINE
    with pytest.raises(CalibrationError, match="nothing to roll back"):
        store.roll_back(LINE, by="bob", at=AT)
    assert [(entry.number, entry.by, entry.why) for entry in store.history()] == [
        (1, "anna", "applied"), (2, "bob", "applied"), (3, "bob", "rolled back"), (4, "bob", "rolled back"),
    ]  # fmt: skip


def test_a_lag_a_valve_is_kept_and_a_record_of_one_lag_for_all_still_holds(store):
    one = make(store)  # as every record was before valves had lags of their own
    assert one.constants["calibration.valve_open_lag_ms"] == 1.5
    each_ms = [1.0 + 0.01 * valve for valve in range(48)]
    apart = replace(found(), procedure="nozzles", changes={"calibration.valve_open_lag_ms": each_ms})
    record = store.make(LINE, [apart], by="anna", at=AT)

    led = store.record(record.id).put_into(LINE)
    assert led.calibration.valve_open_lag_ms == tuple(each_ms)
    assert led.calibration.valve_close_lag_ms == 1.5
    again = store.record(one.id).put_into(led)
    assert again.calibration.valve_open_lag_ms == 1.5
    assert again.calibration.valve_leads(48).all_alike


def test_an_exposure_is_applied_with_its_record_and_undone_by_rolling_back(store):
    exposed = replace(found(), procedure="light", changes={"camera.exposure_us": 282.8})
    store.apply(store.make(LINE, [exposed], by="anna", at=AT).id, LINE, by="anna", at=AT)
    assert store.put_into(LINE).camera.exposure_us == 282.8
    store.roll_back(LINE, by="anna", at=AT)
    assert store.put_into(LINE).camera.exposure_us == LINE.camera.exposure_us


def test_a_line_that_was_rebuilt_refuses_it_and_says_why(store):
    record = make(store)
    store.apply(record.id, LINE, by="anna", at=AT)
    rebuilt = LineConfig.model_validate({"magnetometer": {"channels": 20}})

    with pytest.raises(CalibrationError, match=r"calibration \w{12}: made for magnetometer.channels = 24, .* has 20"):
        store.put_into(rebuilt)
    with pytest.raises(CalibrationError, match=r"made for name = line, line 'north' has north"):
        store.apply(record.id, LineConfig(name="north"), by="anna", at=AT)


def test_a_line_that_cannot_be_refuses_it(store):
    record = make(store)
    bad = Result(procedure="x", quantities=(), changes={"calibration.nozzle_station_mm": 1.0})
    with pytest.raises(CalibrationError, match="nozzle_station_mm is 1"):
        store.make(LINE, [bad], by="anna", at=AT)
    with pytest.raises(CalibrationError, match=r"'belt\.width_mm' is no calibration constant"):
        store.make(LINE, [Result(procedure="x", quantities=(), changes={"belt.width_mm": 700})], by="anna", at=AT)
    assert store.records() == (record,)


@pytest.mark.parametrize("spoil", ["torn", "changed", "renamed"])
def test_files_that_are_not_what_they_were_are_found(store, spoil):
    record = make(store)
    store.apply(record.id, LINE, by="anna", at=AT)
    path = store.folder / "records" / f"{record.id}.json"
    if spoil == "torn":
        path.write_text(path.read_text()[:200])
    elif spoil == "changed":
        path.write_text(path.read_text().replace("0.51", "0.61"))
    else:
        path.rename(path.with_name("0" * 64 + ".json"))

    assert [torn.path.parent.name for torn in store.torn()] == ["records"]
    assert store.records() == ()
    with pytest.raises(CalibrationError):
        store.put_into(LINE)


def test_taken_to_another_machine_as_a_file(store, tmp_path):
    record = make(store)
    file = tmp_path / "line.json"
    store.export(record.id, file)
    with pytest.raises(CalibrationError, match="exists already"):
        store.export(record.id, file)

    other = CalibrationStore(tmp_path / "other")
    assert other.import_file(file) == record
    assert other.in_force() is None
    file.write_text(json.dumps(json.loads(file.read_text()) | {"id": "0" * 64}))
    with pytest.raises(CalibrationError, match="changed since it was written"):
        other.import_file(file)
    file.write_text('{"id": "", "body": [1]}')
    with pytest.raises(CalibrationError, match="no whole calibration record"):
        other.import_file(file)


def test_differences_name_the_constants(store):
    told = differences(constants_of(LINE), make(store).constants)
    assert [one.constant for one in told] == ["calibration.made_on", "encoder.mm_per_count"]
    assert (told[1].before, told[1].after) == (0.5, 0.51)


def test_an_id_that_is_not_clear_is_refused(store):
    make(store)
    with pytest.raises(CalibrationError, match="at least 4 digits"):
        store.record("ab")
    with pytest.raises(CalibrationError, match="no calibration"):
        store.record("zzzz")
