"""How a procedure stands, as it crosses to the page: words and numbers as JSON, pictures as files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from neosort_inference.asking.orders import Result as Told
from neosort_inference.calibration.procedure import Guidance, Parameter, Result


class Standing:
    """Of one procedure, number ``number`` of this run. ``folder``: where its pictures and plots go, as files whose
    names the JSON holds; those of the procedure before go away."""

    def __init__(self, procedure: str, number: int, by: str, folder: Path) -> None:
        self._folder = folder
        self._number = number
        self._live: tuple[int, bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink(missing_ok=True)
        self._told: Told = {
            "procedure": procedure, "number": number, "by": by, "state": "running", "text": "", "progress": 0.0,
            "missing": [], "actions": [], "picture": None, "why": "", "result": None, "record": None,
        }  # fmt: skip

    @property
    def told(self) -> Told:
        """As it stands now."""
        return dict(self._told)

    def keep(self, record: str) -> None:
        """It is kept as a calibration of that id."""
        self._told["record"] = record

    def guide(self, guidance: Guidance) -> None:
        """What a technician is to do now."""
        self._told |= {
            "text": guidance.text,
            "progress": guidance.progress,
            "missing": list(guidance.missing),
            "actions": [
                {"name": one.name, "title": one.title, "fields": [_field(field) for field in one.fields]}
                for one in guidance.actions
            ],
        }
        jpeg = guidance.picture_jpeg
        if jpeg is not None and (self._live is None or jpeg is not self._live[1]):
            shown = 1 if self._live is None else self._live[0] + 1
            self._told["picture"] = f"{self._file('live.jpg', jpeg)}?n={shown}"  # one file; the number: a new picture
            self._live = shown, jpeg

    def end(self, state: str, why: str = "") -> None:
        """It is over, or on the way to be: 'working', 'failed', 'cancelled'."""
        self._told |= {"state": state, "why": why, "actions": []}

    def conclude(self, result: Result) -> None:
        """What it has found."""
        plots = [
            {"title": plot.title, "file": self._file(f"plot-{which}.svg", plot.svg.encode())}
            for which, plot in enumerate(result.plots)
        ]
        pictures = [
            {"title": picture.title, "file": self._file(f"picture-{which}.jpg", picture.jpeg)}
            for which, picture in enumerate(result.pictures)
        ]
        found: dict[str, JsonValue] = {
            "passed": result.passed,
            "quantities": [asdict(one) | {"passed": one.passed} for one in result.quantities],
            "changes": _plain(result.changes),
            "notes": list(result.notes),
            "plots": plots,  # type: ignore[dict-item]
            "pictures": pictures,  # type: ignore[dict-item]
        }
        self._told |= {"state": "done", "actions": [], "result": found}

    def _file(self, name: str, content: bytes) -> str:
        path = self._path(name)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
        return path.name

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._number}-{name}"


def _field(parameter: Parameter) -> dict[str, JsonValue]:
    told: dict[str, Any] = asdict(parameter)
    return told | {"choices": list(parameter.choices)}


def _plain(changes: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {place: list(value) if isinstance(value, tuple) else value for place, value in changes.items()}
