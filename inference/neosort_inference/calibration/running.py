"""A procedure run from a terminal: at a line, or on pictures that somebody has taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from neosort_hardware.clock import Clock, RealClock, VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.driver_choice import DEFAULT_DRIVER
from neosort_hardware.line import open_line, settings_in, slots_of
from neosort_hardware.reference_pieces import WitnessMark
from neosort_hardware.types import Frame, Shot, ShotOutcome
from neosort_inference.calibration.procedure import CalibrationError, Guidance, Procedure, Result, Value, WouldDecide
from neosort_inference.calibration.session import CalibrationSession

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")


def at_the_line(
    config: LineConfig, procedure: Procedure, given: Mapping[str, Value], seed: int, console: Console
) -> Result:
    """Run it to its end, guidance on screen. A line that is simulated throughout runs in virtual time."""
    simulated = all(settings_in(config, slot).driver == DEFAULT_DRIVER for slot in slots_of(config))
    clock: Clock = VirtualClock() if simulated else RealClock()
    with open_line(config, clock, seed) as line:
        session = CalibrationSession(line, procedure, given)
        try:
            _drive(session, console)
        finally:
            session.cancel()
        return session.result()


def _drive(session: CalibrationSession, console: Console) -> None:
    said = ""
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        while session.state == "running":
            guidance = session.step()
            bar.update(task, completed=guidance.progress, description=", ".join(guidance.missing[:3]))
            if guidance.text != said:
                said = guidance.text
                console.print(said, highlight=False, markup=False)
            if guidance.actions:
                bar.stop()
                _ask(session, guidance)
                bar.start()


def _ask(session: CalibrationSession, guidance: Guidance) -> None:
    """What only a person can say. Meanwhile the line waits."""
    action = guidance.actions[0]
    if len(guidance.actions) > 1:
        names = [one.name for one in guidance.actions]
        chosen = typer.prompt(f"Which of {', '.join(names)}", default=names[0])
        action = next((one for one in guidance.actions if one.name == chosen), action)
    if not action.fields:
        typer.prompt(f"{action.title} [Enter]", default="", show_default=False)
    values: dict[str, Value] = {
        field.name: typer.prompt(f"{field.title} ({field.unit})", default=str(field.default)) for field in action.fields
    }
    try:
        session.act(action.name, values)
    except CalibrationError as error:
        typer.echo(f"{error}")


class NoLine:
    """Stands for the line where pictures are looked at and nothing else."""

    def __init__(self, config: LineConfig) -> None:
        self.config = config
        self.belt_mm = 0.0

    def fire(self, shot: Shot) -> ShotOutcome:
        return ShotOutcome.REFUSED

    def run_at(self, speed_m_per_s: float) -> bool:
        return False

    def expose(self, exposure_us: float) -> str:
        return "the pictures were taken long ago"

    def look(self) -> str:
        return "the pictures were taken long ago"

    def turn_array(self, turning: bool) -> bool:
        return False

    def witness(self) -> Sequence[WitnessMark]:
        return ()

    def decided(self) -> Sequence[WouldDecide] | None:
        return None


def from_pictures(
    config: LineConfig, procedure: Procedure, given: Mapping[str, Value], folder: Path, console: Console
) -> Result:
    """Every picture of a folder shown to the procedure, in the order of their names."""
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES)
    if not files:
        raise CalibrationError(f"--images {folder}: no pictures ({', '.join(PICTURES)}) in it")
    procedure.begin(NoLine(config), {"views": len(files), **given})
    for number, path in enumerate(files):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise CalibrationError(f"{path}: cannot be read as a picture")
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        before = procedure.guidance().progress
        procedure.see_frame(Frame(image=rgb, belt_mm=0.0, captured_ns=number, sequence=number))
        if procedure.guidance().progress == before:
            console.print(f"{path.name}: passed over, the board was not found or has not moved", highlight=False)
    return procedure.result()
