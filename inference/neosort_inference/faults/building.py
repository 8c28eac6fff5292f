"""Which symptoms are looked for on a line: one place that knows them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from neosort_datasets.assembly import Blind
from neosort_hardware.config import LineConfig
from neosort_hardware.types import EncoderSample, FieldBlock, Frame
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.calibration_drift import CalibrationOld, Drifted, FieldDrifted, TextureDrifted
from neosort_inference.faults.channels import Channels
from neosort_inference.faults.host import ClockJumped, DiskLow, Recording, Telling
from neosort_inference.faults.jets import LOST_SHARE, WEAK_SHARE, Air, valve_symptoms
from neosort_inference.faults.load import Load
from neosort_inference.faults.output import OutputSilent
from neosort_inference.faults.picture import Pictures
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.faults.sensing import ArraySilent, CameraSilent
from neosort_inference.faults.travelling import EncoderStopped, Erratic
from neosort_inference.faults.watch import FaultWatch, Reported, Symptom


def watch_of(
    config: LineConfig,
    reached: ReachedLine,
    book: AlarmBook,
    planned: Blind,
    *,
    window_mm: float,
    load: Load,
    recording: Recording | None,
    ledger: Recording | None = None,
    fleet: Telling | None = None,
) -> FaultWatch:
    """The watch over a line whose windows are so long. A sense that the run does without from the start is not looked
    after; a recording, a ledger and a plant to be told are where there are any."""
    air = Air(lambda: reached.plant_state)
    erratic, output = Erratic(), OutputSilent(window_mm)
    symptoms: list[Symptom] = [
        Reported("interlock.opened", reached.interlock_trouble),
        Reported("encoder.gone", lambda: reached.encoder.trouble),
        Reported("diverter.gone", lambda: reached.diverter.trouble),
        Reported("diverter.unwell", reached.diverter_trouble),
        *valve_symptoms(lambda: reached.diverter_health, config.diverter.nozzles),
        Reported("air.low", lambda: air.tells(WEAK_SHARE)),
        Reported("air.lost", lambda: air.tells(LOST_SHARE)),
        Reported("plant.chute_full", lambda: "the plant says so" if reached.plant_state.chute_full else ""),
        Reported("plant.belt_jammed", lambda: "the plant says so" if reached.plant_state.belt_jammed else ""),
        Reported("plant.gone", lambda: reached.plant.trouble),
        Reported("heavy_diverter.gone", lambda: reached.heavy_diverter.trouble),
        Reported("heavy_diverter.unwell", reached.heavy_diverter_trouble),
        Reported("overload.recording", lambda: load.tells("recording")),
        Reported("overload.preview", lambda: load.tells("preview")),
        *erratic.symptoms,
        output,
        ClockJumped(),
    ]
    on_frame: list[Callable[[Frame], None]] = []
    on_block: list[Callable[[FieldBlock], None]] = []
    on_travel: list[Callable[[EncoderSample], None]] = [erratic.see_travel, output.see_travel]
    on_resume: list[Callable[[], None]] = [output.resume]
    array = config.magnetometer
    channels = Channels(array.channels, array.rate_hz)
    drifts: list[FieldDrifted | TextureDrifted] = []
    old = CalibrationOld(config.calibration.made_on, date.today())
    on_calibration: list[Callable[[LineConfig], None]] = [old.recalibrated]
    if recording is not None:
        symptoms += [Reported("recording.broken", lambda: recording.trouble), DiskLow(recording, "recording")]
    if ledger is not None:
        symptoms += [Reported("ledger.broken", lambda: ledger.trouble), DiskLow(ledger, "ledger")]
    if fleet is not None:
        symptoms.append(Reported("fleet.away", lambda: fleet.trouble))
    if planned != "camera":
        no_frames, pictures = CameraSilent(config.camera.trigger_every_mm), Pictures()
        symptoms += [Reported("camera.gone", lambda: reached.camera.trouble), no_frames, *pictures.symptoms]
        on_frame += [no_frames.see_frame, pictures.see_frame]
        drifts.append(texture := TextureDrifted(config))
        on_calibration.append(texture.recalibrated)
        on_frame.append(texture.see_frame)
        on_travel.append(no_frames.see_travel)
        on_resume.append(no_frames.resume)
    if planned != "field":
        no_blocks, standing = ArraySilent(array.block_ms), EncoderStopped()
        symptoms += [Reported("magnetometer.gone", lambda: reached.magnetometer.trouble), no_blocks, standing]
        symptoms += channels.symptoms
        on_block += [no_blocks.see_block, standing.see_block, channels.see_block]
        if config.calibration.channels is not None:
            drifts.append(empty := FieldDrifted())
            on_block.append(empty.see_block)
        on_travel.append(standing.see_travel)
        on_resume += [no_blocks.resume, channels.resume]
    symptoms += [old, Drifted(*drifts)]
    return FaultWatch(
        book,
        planned,
        symptoms,
        on_frame=on_frame,
        on_block=on_block,
        on_travel=on_travel,
        on_window=(output.see_window,),
        on_resume=on_resume,
        on_calibration=on_calibration,
        trusted=channels.trusted,
    )
