"""A recording gives back what was written, by us or by somebody else, and says plainly what is wrong with it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from neosort_datasets.recording import Recording, RecordingError, RecordingWriter
from neosort_datasets.recording_messages import encode_plain
from neosort_hardware.config import LineConfig
from neosort_hardware.types import (
    Box,
    Decision,
    EncoderSample,
    FieldBlock,
    Frame,
    ItemTruth,
    Landing,
    Shot,
    Verdict,
)

MS = 1_000_000
CONFIG = LineConfig.model_validate(
    {
        "name": "bench",
        "camera": {"width_px": 96, "height_px": 64},
        "magnetometer": {"channels": 3, "pitch_mm": 20.0},
        "calibration": {"array_station_mm": 64.0, "nozzle_station_mm": 700.5},
    }
)


def frame(ms: int, sequence: int = 1) -> Frame:
    ramp = np.linspace(0, 255, 96, dtype=np.uint8)[None, :, None]
    image = np.broadcast_to(ramp, (64, 96, 3)).copy()
    image[..., 1] //= 2  # red, green and blue differ, so that a swap shows
    image[..., 2] = 40 + sequence
    return Frame(image=image, belt_mm=ms + 0.125, captured_ns=ms * MS + 7, sequence=sequence)


def block(ms: int, sequence: int = 1, samples: int = 5) -> FieldBlock:
    rng = np.random.default_rng(sequence)
    return FieldBlock(
        field_ut=rng.normal(0, 50, (samples, 3, 3)).astype(np.float32),
        saturated=rng.random((samples, 3)) > 0.5,
        belt_mm=ms + np.arange(1 - samples, 1) * 1.1,
        sampled_ns=np.arange(ms + 1 - samples, ms + 1, dtype=np.int64) * MS,
        sequence=sequence,
    )


BOX = Box(belt_lo_mm=10.5, belt_hi_mm=60.25, across_lo_mm=100.0, across_hi_mm=150.0)
SHOT = Shot(shot_id=4, track_id=9, first_nozzle=7, last_nozzle=11, open_mm=1500.25, close_mm=1540.0)
DECISION = Decision(
    track_id=9,
    box=BOX,
    kind="hdd35",
    p_ndfeb=float(np.float32(0.97)),
    magnet_g=19.5,
    magnet_g_sigma=4.25,
    verdict=Verdict.FIRED,
    reason="",
    latency_ms=12.5,
    distance_mm=66.0,
    decided_ns=700 * MS,
    shot=SHOT,
)
ITEM = ItemTruth(
    item_id=3,
    model="hdd35-07",
    kind="hdd35",
    bears_ndfeb=True,
    magnet_g=20.0,
    mass_g=610.0,
    box=BOX,
    visible_fraction=1.0,
)
LANDING = Landing(item_id=3, place="product", landed_ns=2_000 * MS, impulse_ns=0.25, shot_ids=(4,))


def write_run(path: Path, seconds: float = 1.0) -> Path:
    """A run with a frame every 250 ms and a block every 5 ms."""
    with RecordingWriter(path, CONFIG, patience_s=60.0) as writer:
        for ms in range(5, round(seconds * 1000) + 1, 5):
            writer.write_block(block(ms, ms // 5))
            if ms % 250 == 0:
                writer.write_frame(frame(ms - 3, ms // 250))  # exposed before the block that is written first
    return path


def assert_same_block(read: FieldBlock, written: FieldBlock) -> None:
    assert read.field_ut.dtype == np.float32
    assert np.array_equal(read.field_ut, written.field_ut)
    assert np.array_equal(read.saturated, written.saturated)
    assert np.array_equal(read.belt_mm, written.belt_mm)
    assert np.array_equal(read.sampled_ns, written.sampled_ns)
    assert read.sequence == written.sequence


def test_everything_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "all.mcap"
    sample = EncoderSample(belt_mm=12.5, counts=25, sampled_ns=13 * MS)
    with RecordingWriter(path, CONFIG) as writer:
        writer.write_frame(frame(400))
        writer.write_block(block(405))
        writer.write_encoder(sample)
        writer.write_item(ITEM)
        writer.write_decision(DECISION)
        writer.write_landing(LANDING)
    recording = Recording(path)
    assert recording.config == CONFIG
    assert recording.has_field
    assert recording.has_truth
    assert recording.messages == 7
    assert recording.damage == ""
    assert list(recording.encoder()) == [sample]
    assert list(recording.items()) == [ITEM]
    assert list(recording.decisions()) == [DECISION]
    assert list(recording.shots()) == [SHOT]
    assert list(recording.landings()) == [LANDING]
    (read_block,) = recording.blocks()
    assert_same_block(read_block, block(405))
    (read_frame,) = recording.frames()
    assert (read_frame.belt_mm, read_frame.captured_ns, read_frame.sequence) == (400.125, 400 * MS + 7, 1)
    assert np.abs(read_frame.image.astype(int) - frame(400).image).max() <= 12  # JPEG


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.floats(-40_000, 40_000, width=32),
        min_size=9,
        max_size=9,
    ),
    st.integers(0, 2**62),
    st.floats(-1e8, 1e8),
)
def test_field_values_come_back_to_the_last_bit(
    tmp_path: Path, values: list[float], stamp_ns: int, belt_mm: float
) -> None:
    path = tmp_path / "bits.mcap"
    path.unlink(missing_ok=True)
    written = FieldBlock(
        field_ut=np.array(values, dtype=np.float32).reshape(1, 3, 3),
        saturated=np.array([[True, False, True]]),
        belt_mm=np.array([belt_mm]),
        sampled_ns=np.array([stamp_ns], dtype=np.int64),
        sequence=2,
    )
    with RecordingWriter(path, CONFIG) as writer:
        writer.write_block(written)
    (read,) = Recording(path).blocks()
    assert_same_block(read, written)


def test_events_are_merged_in_order_of_their_stamps(tmp_path: Path) -> None:
    events = list(Recording(write_run(tmp_path / "run.mcap", seconds=3.0)).events())
    stamps = [event.captured_ns if isinstance(event, Frame) else int(event.sampled_ns[-1]) for event in events]
    assert len(events) == 612
    assert stamps == sorted(stamps)


def test_any_mcap_reader_opens_it_and_finds_standard_pictures(tmp_path: Path) -> None:
    with write_run(tmp_path / "run.mcap").open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        schema, channel, message = next(iter(reader.iter_messages("/camera")))
        assert schema is not None
        assert (schema.name, schema.encoding, channel.message_encoding) == (
            "foxglove.CompressedImage",
            "jsonschema",
            "json",
        )
        assert {"timestamp", "frame_id", "data", "format"} <= set(json.loads(schema.data)["required"])
        body = json.loads(message.data)
        assert body["timestamp"] == {"sec": 0, "nsec": 247 * MS + 7}
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(body["data"]), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (64, 96, 3)
        assert picture[..., 2].std() > picture[..., 0].std()  # OpenCV reads blue first: the ramp is in the red


def foreign_recording(path: Path, *, config: dict[str, object], **field: object) -> Path:
    """A recording as another program writes it from the documentation: no chunks, no index, its own order of keys."""
    image = cv2.imencode(".png", np.full((64, 96, 3), 90, np.uint8))[1].tobytes()
    camera = {
        "belt_mm": 80,
        "format": "png",
        "data": base64.b64encode(image).decode(),
        "frame_id": "x",
        "timestamp": {"sec": 1, "nsec": 5},
        "gain": 3,
    }
    message = {
        "timestamp": {"sec": 1, "nsec": 0},
        "samples": 2,
        "channels": 3,
        "field_ut": base64.b64encode(np.arange(18, dtype="<f4").tobytes()).decode(),
        "saturated": base64.b64encode(bytes([0, 1, 0, 0, 0, 1])).decode(),
        "belt_mm": [98.5, 99.0],
        "sampled_ns": [999_000_000, 1_000_000_000],
        **field,
    }
    with path.open("wb") as stream:
        writer = Writer(stream, use_chunking=False, compression=CompressionType.NONE, repeat_channels=False)
        writer.start()
        channels = [writer.register_channel(topic, "json", 0) for topic in ("/camera", "/field", "/tf")]
        writer.add_metadata("neosort", {"line_config": json.dumps(config)})
        writer.add_message(channels[0], 1_000_000_005, json.dumps(camera).encode(), 0)
        writer.add_message(channels[1], 1_000_000_000, json.dumps(message).encode(), 0)
        writer.add_message(channels[2], 5, b"not json", 0)
        writer.finish()
    return path


FOREIGN_CONFIG: dict[str, object] = {
    "camera": {"width_px": 96, "height_px": 64},
    "magnetometer": {"channels": 3, "rate_hz": 2000},
}


def test_a_configuration_that_is_no_json_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "torn.mcap"
    with path.open("wb") as stream:
        writer = Writer(stream)
        writer.start()
        writer.add_metadata("neosort", {"line_config": '{"name": "li\x01ne"}'})
        writer.finish()
    with pytest.raises(RecordingError, match=r"torn\.mcap: line_config: Invalid JSON"):
        Recording(path)


def test_somebody_elses_recording_is_read(tmp_path: Path) -> None:
    recording = Recording(foreign_recording(tmp_path / "theirs.mcap", config=FOREIGN_CONFIG))
    assert recording.config.magnetometer.rate_hz == 2000
    assert not recording.has_truth
    first, second = recording.events()
    assert isinstance(first, FieldBlock)
    assert first.field_ut[1, 2].tolist() == [15.0, 16.0, 17.0]
    assert first.saturated.tolist() == [[False, True, False], [False, False, True]]
    assert isinstance(second, Frame)
    assert (second.captured_ns, second.belt_mm) == (1_000_000_005, 80.0)
    assert np.all(second.image == 90)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({**FOREIGN_CONFIG, "speed": 1}, "unknown key 'speed' = 1"),
        ({"belt": {"speed_m_per_s": 30}}, "belt.speed_m_per_s = 30: Input should be less than or equal to 3"),
        ({"magnetometer": {"channels": 0}}, "magnetometer.channels = 0"),
    ],
)
def test_a_configuration_out_of_bounds_is_named(tmp_path: Path, config: dict[str, object], words: str) -> None:
    path = foreign_recording(tmp_path / "theirs.mcap", config=config)
    with pytest.raises(RecordingError) as caught:
        Recording(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"samples": 3}, "field_ut holds 72 bytes, 3 × 3 × 3 values need 108"),
        ({"channels": 4}, "channels = 4, its line configuration says 3"),
        ({"field_ut": "?"}, "field_ut is not base64"),
        ({"saturated": ""}, "saturated holds 0 bytes"),
        ({"belt_mm": [1.0]}, "belt_mm has 1 values, samples says 2"),
        ({"belt_mm": [1.0, None]}, "belt_mm.1 = None"),
        ({"sampled_ns": [5, -1]}, "sampled_ns.1 = -1"),
        ({"field_ut": base64.b64encode(np.full(18, np.inf, "<f4").tobytes()).decode()}, "infinite values"),
        ({"sampled_ns": [1_000_000_000, 999_000_000]}, "does not rise"),
    ],
)
def test_a_message_that_breaks_the_schema_is_named(tmp_path: Path, field: dict[str, object], words: str) -> None:
    recording = Recording(foreign_recording(tmp_path / "theirs.mcap", config=FOREIGN_CONFIG, **field))
    with pytest.raises(RecordingError) as caught:
        list(recording.blocks())
    assert "theirs.mcap: /field, message 1: " in str(caught.value)
    assert words in str(caught.value)


def test_a_simulated_world_of_another_version_does_not_stand_in_the_way(tmp_path: Path) -> None:
    config = {**FOREIGN_CONFIG, "twin": {"moonlight": 3, "feed": {"mix": "lunar"}}}
    recording = Recording(foreign_recording(tmp_path / "theirs.mcap", config=config))
    assert recording.config.magnetometer.rate_hz == 2000
    assert recording.config.twin == LineConfig().twin


def test_drivers_that_are_not_installed_here_do_not_keep_a_recording_from_being_read(tmp_path: Path) -> None:
    camera = {**FOREIGN_CONFIG["camera"], "driver": "acme", "address": "10.0.0.1"}
    recording = Recording(foreign_recording(tmp_path / "theirs.mcap", config={**FOREIGN_CONFIG, "camera": camera}))
    assert recording.config.camera.width_px == camera["width_px"]
    assert recording.config.camera.driver == "sim"


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    recording = Recording(foreign_recording(tmp_path / "theirs.mcap", config={"magnetometer": {"channels": 3}}))
    with pytest.raises(RecordingError, match="96 × 64 pixels, its line configuration says 640 × 512"):
        list(recording.frames())


def test_foreign_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "no.mcap"
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording(path)
    path.write_bytes(b"")
    with pytest.raises(RecordingError, match="not an MCAP recording"):
        Recording(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(RecordingError, match="not an MCAP recording"):
        Recording(path, salvage=True)
    with path.open("wb") as stream:
        writer = Writer(stream)
        writer.start()
        writer.finish()
    with pytest.raises(RecordingError, match="without the metadata 'neosort'"):
        Recording(path)


def test_a_crashed_run_is_good_up_to_its_last_second(tmp_path: Path) -> None:
    crashed = tmp_path / "crashed.mcap"
    with RecordingWriter(tmp_path / "run.mcap", CONFIG, patience_s=60.0) as writer:
        for number in range(1, 2001):
            writer.write_block(block(5 * number, number))
        crashed.write_bytes((tmp_path / "run.mcap").read_bytes())  # what a power cut would leave behind
    # The power may go between two records or in the middle of one: the writer was at work while the file was copied.
    cut = r"(it ends without a footer|the record at byte \d+ is cut short)"
    with pytest.raises(RecordingError, match=rf"crashed\.mcap: torn after \d+ good messages: {cut}"):
        Recording(crashed)
    salvaged = Recording(crashed, salvage=True)
    # at most 512 blocks wait for the disk, and at most one second (200 blocks) for the chunk's end
    assert 2000 - 513 - 201 <= salvaged.messages <= 2000
    assert salvaged.config == CONFIG
    assert salvaged.damage is not None
    assert re.fullmatch(cut, salvaged.damage)
    assert [read.sequence for read in salvaged.blocks()] == list(range(1, salvaged.messages + 1))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1))
def test_a_file_cut_anywhere_is_refused_and_salvaged_or_refused(tmp_path: Path, part: float) -> None:
    path, torn = tmp_path / "run.mcap", tmp_path / "torn.mcap"
    if not path.exists():
        write_run(path, seconds=3.0)
    data = path.read_bytes()
    torn.write_bytes(data[: int(part * (len(data) - 1))])
    with pytest.raises(RecordingError) as caught:
        Recording(torn)
    assert str(torn) in str(caught.value)
    assert "\n" not in str(caught.value)
    try:
        salvaged = Recording(torn, salvage=True)
    except RecordingError:
        assert part < 0.1  # only a file that lost its configuration is beyond help
        return
    assert salvaged.damage
    assert len(list(salvaged.events())) == salvaged.messages <= 612


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_flipped_byte_never_passes_as_something_else(tmp_path: Path, part: float, flip: int) -> None:
    path, spoilt = tmp_path / "run.mcap", tmp_path / "spoilt.mcap"
    if not path.exists():
        write_run(path)
    data = bytearray(path.read_bytes())
    data[int(part * len(data))] ^= flip
    spoilt.write_bytes(data)
    written = {event.sequence: event for event in Recording(path).blocks()}
    try:
        recording = Recording(spoilt, salvage=True)
        blocks = list(recording.blocks())
    except RecordingError as error:
        assert "\n" not in str(error)  # noqa: PT017 - it may as well read what is still good
        return
    for read in blocks:
        assert_same_block(read, written[read.sequence])


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run.mcap")
    before = path.read_bytes()
    with pytest.raises(RecordingError, match=r"run\.mcap: exists already"):
        RecordingWriter(path, CONFIG)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RecordingError, match="cannot be written"):
        RecordingWriter(tmp_path / "file" / "run.mcap", CONFIG)


def test_numpy_numbers_in_values_are_written_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    with RecordingWriter(path, CONFIG) as writer:
        writer.write_decision(replace(DECISION, magnet_g=np.float32(19.5), track_id=np.int64(9)))
        writer.write_item(replace(ITEM, bears_ndfeb=np.True_))
    recording = Recording(path)
    assert list(recording.decisions()) == [DECISION]
    assert list(recording.items()) == [ITEM]


def test_a_decision_says_for_other_programs_too_whether_it_was_fired() -> None:
    late = replace(DECISION, verdict=Verdict.LATE, reason="too late")
    said = [json.loads(encode_plain(one)) for one in (DECISION, late)]
    assert [(one["verdict"], one["fired"]) for one in said] == [("fired", True), ("late", False)]


def test_the_documented_program_writes_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).resolve().parents[2] / "datasets" / "README.md").read_text(encoding="utf-8")
    program = readme.partition("```python\n")[2].partition("```")[0]
    jpeg = cv2.imencode(".jpg", np.full((512, 640, 3), 90, np.uint8))[1].tobytes()
    monkeypatch.chdir(tmp_path)
    exec(program, {"exposures": [(jpeg, 512.0 + 256 * k, 10**9 + k * 256 * MS) for k in range(3)]})
    recording = Recording(tmp_path / "theirs.mcap")
    assert [(read.belt_mm, read.captured_ns, read.sequence) for read in recording.frames()] == [
        (512.0, 1_000 * MS, 0),
        (768.0, 1_256 * MS, 1),
        (1024.0, 1_512 * MS, 2),
    ]
    assert not recording.has_field


def test_a_channel_that_was_not_read_stays_unknown(tmp_path: Path) -> None:
    values = np.arange(18, dtype="<f4")
    values[3:6] = np.nan
    field = base64.b64encode(values.tobytes()).decode()
    (read,) = Recording(foreign_recording(tmp_path / "a.mcap", config=FOREIGN_CONFIG, field_ut=field)).blocks()
    assert np.isnan(read.field_ut[0, 1]).all()
    assert np.isfinite(read.field_ut).sum() == 15


def test_an_independent_check_of_the_whole_file_finds_nothing(tmp_path: Path) -> None:
    """What the tools of the format look at: checksums, statistics, index, schemas, metadata."""
    with write_run(tmp_path / "run.mcap", seconds=2.0).open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        counted: dict[int, int] = {}
        for _, channel, message in reader.iter_messages():
            counted[channel.id] = counted.get(channel.id, 0) + 1
            assert channel.message_encoding == "json"
            assert isinstance(json.loads(message.data), dict)
        assert counted == summary.statistics.channel_message_counts
        assert summary.statistics.message_count == 408
        assert summary.statistics.metadata_count == 2
        assert len(summary.chunk_indexes) == summary.statistics.chunk_count >= 2
        for schema in summary.schemas.values():
            assert schema.encoding == "jsonschema"
            described = json.loads(schema.data)
            assert described["type"] == "object"
            assert described["properties"]
        metadata = {record.name: record.metadata for record in reader.iter_metadata()}
    assert LineConfig.model_validate_json(metadata["neosort"]["line_config"]) == CONFIG
    assert metadata["neosort"]["recorded_utc"].endswith("+00:00")
    assert metadata["neosort end"] == {}
