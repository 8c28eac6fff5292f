"""Model bundles: those that came with the program and those that were uploaded; checked, on trial, or gone by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from neosort_hardware.config import LineConfig
from neosort_hardware.section import ConfigError
from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop
from neosort_inference.asking.orders import Activate, RefusedError, Result, Shadow
from neosort_inference.bundle import MAX_BYTES, BundleError, load_bundle, read_metadata
from neosort_inference.bundle_card import described
from neosort_inference.bundle_choice import choose_bundle, installed_bundles
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.exchange.went_back import WentBack
from neosort_inference.files import write_whole
from neosort_inference.in_use import InUse, Use, Why
from neosort_inference.services.doing import followed, gone_by_before, have_done
from neosort_inference.services.jobs import Job, Jobs, Progress

ID_DIGITS = 16
WITHIN_S = 120.0  # loading and trying a bundle takes seconds on a small machine
INSTALLED = "installed"
ACTIONS: dict[Why, str] = {"activated": "bundle.activate", "rolled back": "bundle.roll-back"}
GONE_BACK = "bundle.gone-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A bundle. ``id``: the beginning of its file's SHA-256, or the name of one that came with the program. ``about``:
    what it says of itself, in a line."""

    id: str
    name: str
    about: str
    bytes: int
    by: str
    at: str | None
    note: str


class Bundles:
    """``ID.onnx`` with a note beside it, in ``folder``; none is ever changed."""

    def __init__(self, folder: Path, config: LineConfig, loop: Loop, jobs: Jobs) -> None:
        self._folder = folder
        self._config = config
        self._loop = loop
        self._jobs = jobs
        self._in_use = InUse(folder)
        self._shadow: str | None = None

    def all(self) -> tuple[Kept, ...]:
        """Every one that can be read, the program's own first."""
        return tuple(self._readable())

    def kept(self, id_: str) -> Kept:
        """That one. Raises `RefusedError` where there is none, `BundleError` where it cannot be read."""
        return self._told(id_, self.file(id_))

    def metadata(self, id_: str) -> BundleMetadata:
        """What it says of itself. Raises as `kept`."""
        return read_metadata(self.file(id_))

    def file(self, id_: str) -> Path:
        """Where it lies. Raises `RefusedError` where there is none."""
        for path in installed_bundles():
            if path.stem == id_:
                return path
        path = self._folder / f"{id_}.onnx"
        if not re.fullmatch(f"[0-9a-f]{{{ID_DIGITS}}}", id_) or not path.exists():
            raise RefusedError("not there", f"there is no bundle '{id_}'")
        return path

    def in_use(self) -> Use | None:
        """The last change of what the line goes by; None: it goes by the one that suits its belt."""
        return self._in_use.now()

    def history(self) -> tuple[Use, ...]:
        """Every such change, oldest first."""
        return self._in_use.history()

    @property
    def shadow(self) -> str | None:
        """The bundle that looks on and decides nothing, as far as it was asked for here."""
        return self._shadow

    def upload(self, actor: Actor, content: bytes, note: str = "") -> Job:
        """Check a bundle as `neosort model check` does, and keep it where it may be run; a job, whose result is the
        bundle. Raises `RefusedError` for what cannot be one."""
        actor.must(Role.ENGINEER)
        if not 0 < len(content) <= MAX_BYTES:
            raise RefusedError("not fitting", f"{len(content)} bytes, a bundle has 1 to {MAX_BYTES}")
        what = f"check a bundle of {len(content) / 1e6:.1f} MB"
        return self._jobs.start(what, actor.name, lambda progress: self._take(actor, content, note, progress))

    def activate(self, actor: Actor, id_: str) -> tuple[Use, Result]:
        """Have the line go by it from now on, after a new start too; what the loop says of it. It is tried on what the
        line has just seen before. Raises `RefusedError` where it does not fit."""
        actor.must(Role.ENGINEER)
        return self._go_by(actor, id_, self.file(id_), "activated")

    def roll_back(self, actor: Actor) -> tuple[Use, Result]:
        """Have the line go by what it went by before the last change."""
        actor.must(Role.ENGINEER)
        before = gone_by_before(self._in_use)
        if before is None:
            return self._go_by(actor, None, choose_bundle(None, self._config).path, "rolled back")
        return self._go_by(actor, *before, "rolled back")

    def follow(self, went_back: WentBack, line: Actor) -> bool:
        """The line has gone back by itself: the record follows. Whether it said that the line went by what it left."""
        return followed(self._in_use, INSTALLED, went_back, line, GONE_BACK)

    def look_on(self, actor: Actor, id_: str | None) -> Result:
        """Have a bundle look at the same windows without deciding anything; None: no longer."""
        actor.must(Role.ENGINEER)
        file = None if id_ is None else str(self.file(id_))
        order = Shadow(file=file, version=id_)
        told = have_done(
            actor, self._loop, order, "bundle.shadow", "shadow", old=self._shadow, new=id_, within_s=WITHIN_S
        )
        self._shadow = id_
        return told

    def _take(self, actor: Actor, content: bytes, note: str, progress: Progress) -> JsonValue:
        id_ = hashlib.sha256(content).hexdigest()[:ID_DIGITS]
        path = self._folder / f"{id_}.onnx"
        if not path.exists():
            part = self._folder / f"{id_}.checked"
            try:
                write_whole(part, content)
                progress.at(0.3)
                try:
                    load_bundle(part).warm_up()
                except BundleError as error:
                    raise RefusedError("not fitting", str(error).replace(str(part), "it", 1)) from error
                progress.at(0.9)
                noted = {"by": actor.name, "at": datetime.now(UTC).isoformat(timespec="seconds"), "note": note}
                write_whole(path.with_suffix(".json"), json.dumps(noted, ensure_ascii=False).encode())
                part.replace(path)
            except OSError as error:
                raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
            finally:
                part.unlink(missing_ok=True)
            actor.note("bundle.upload", id_, new={"bytes": len(content), "note": note})
        return asdict(self.kept(id_))

    def _go_by(self, actor: Actor, version: str | None, file: Path, why: Why) -> tuple[Use, Result]:
        old = self._in_use.now()
        order = Activate(what="bundle", file=str(file), version=version or INSTALLED)
        before = INSTALLED if old is None else old.version or INSTALLED
        told = have_done(
            actor, self._loop, order, ACTIONS[why], "bundle", old=before, new=version or INSTALLED, within_s=WITHIN_S
        )
        return self._in_use.enter(version, file if version is not None else None, actor.name, why), told

    def _readable(self) -> Iterator[Kept]:
        paths = [(path.stem, path) for path in (*installed_bundles(), *sorted(self._folder.glob("*.onnx")))]
        for id_, path in paths:
            try:
                yield self._told(id_, path)
            except BundleError:
                continue

    def _told(self, id_: str, path: Path) -> Kept:
        metadata = read_metadata(path)
        by, at, note = "neosort", None, "came with the program"
        if path.parent == self._folder:
            try:
                noted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise BundleError(f"{path.with_suffix('.json')}: cannot be read ({error})") from error
            by, at, note = noted["by"], noted["at"], noted["note"]
        return Kept(
            id=id_, name=metadata.name, about=described(metadata), bytes=path.stat().st_size, by=by, at=at, note=note
        )
