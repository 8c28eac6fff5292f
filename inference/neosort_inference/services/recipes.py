"""Recipes: versions that are never changed, what differs between them, and which the line goes by."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue, ValidationError

from neosort_hardware.section import ConfigError, describe_invalid
from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop
from neosort_inference.asking.orders import Activate, RefusedError
from neosort_inference.exchange.went_back import WentBack
from neosort_inference.files import write_whole
from neosort_inference.in_use import InUse, Use, Why
from neosort_inference.recipe import Recipe, load_recipe
from neosort_inference.services.doing import followed, gone_by_before, have_done
from neosort_inference.services.toml_text import toml_text

NAME = r"[a-z0-9][a-z0-9-]{0,31}"
WITHIN_S = 60.0
NONE = "default"
ACTIONS: dict[Why, str] = {"activated": "recipe.activate", "rolled back": "recipe.roll-back"}
GONE_BACK = "recipe.gone-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a recipe. ``id``: name and number, as in 'copper-3'. ``parent``: what it was made from."""

    id: str
    name: str
    number: int
    by: str
    at: str
    note: str
    parent: str | None
    recipe: Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that is not the same in two recipes."""

    key: str
    before: JsonValue
    after: JsonValue


class Recipes:
    """The recipes of one machine, ``NAME/000001.toml`` with a note beside it, in ``folder``."""

    def __init__(self, folder: Path, loop: Loop) -> None:
        self._folder = folder
        self._loop = loop
        self._in_use = InUse(folder)

    def all(self) -> tuple[Version, ...]:
        """Every version that can be read, by name and number."""
        found = []
        for path in sorted(self._folder.glob("*/*.toml")):
            try:
                found.append(self._read(path))
            except ConfigError:
                continue
        return tuple(found)

    def version(self, id_: str) -> Version:
        """That one. Raises `RefusedError` where there is none."""
        name, _, number = id_.rpartition("-")
        path = self._path(name, int(number)) if number.isdecimal() and len(number) < 7 else None
        if path is None or not re.fullmatch(NAME, name) or not path.exists():
            raise RefusedError("not there", f"there is no recipe '{id_}'")
        return self._read(path)

    def in_use(self) -> Use | None:
        """The last change of what the line goes by; None: there was none."""
        return self._in_use.now()

    def history(self) -> tuple[Use, ...]:
        """Every such change, oldest first."""
        return self._in_use.history()

    def create(
        self, actor: Actor, name: str, values: Mapping[str, JsonValue], *, note: str = "", parent: str | None = None
    ) -> Version:
        """A new version. ``parent``: the recipe that it says nothing of is as there; None: as by default."""
        actor.must(Role.ENGINEER)
        if not re.fullmatch(NAME, name):
            raise RefusedError("not fitting", f"'{name}' is no name for a recipe: small letters, digits and -")
        base = {} if parent is None else self.version(parent).recipe.model_dump(exclude_none=True)
        try:
            recipe = Recipe.model_validate(base | dict(values) | {"name": name})
        except ValidationError as error:
            raise RefusedError("not fitting", describe_invalid(error)) from None
        numbers = [int(path.stem) for path in (self._folder / name).glob("*.toml")]
        version = Version(
            id=f"{name}-{max(numbers, default=0) + 1}",
            name=name,
            number=max(numbers, default=0) + 1,
            by=actor.name,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            note=note,
            parent=parent,
            recipe=recipe,
        )
        self._write(version)
        actor.note("recipe.create", version.id, old=parent, new=recipe.model_dump(mode="json", exclude_none=True))
        return version

    def difference(self, before: str, after: str) -> tuple[Difference, ...]:
        """What differs, key by key."""
        old, new = (self.version(one).recipe.model_dump(mode="json") for one in (before, after))
        return tuple(Difference(key=key, before=old[key], after=new[key]) for key in old if old[key] != new[key])

    def activate(self, actor: Actor, id_: str) -> Use:
        """Have the line go by it from now on, after a new start too. Raises `RefusedError` where it does not fit."""
        actor.must(Role.ENGINEER)
        version = self.version(id_)
        return self._go_by(actor, version.id, self._path(version.name, version.number), "activated")

    def roll_back(self, actor: Actor) -> Use:
        """Have the line go by what it went by before the last change."""
        actor.must(Role.ENGINEER)
        before = gone_by_before(self._in_use)
        if before is None:
            with tempfile.TemporaryDirectory() as folder:  # the loop reads files, and answers when it has
                file = Path(folder) / "default.toml"
                file.write_text(toml_text(Recipe().model_dump(mode="json", exclude_none=True)), encoding="utf-8")
                return self._go_by(actor, None, file, "rolled back")
        return self._go_by(actor, *before, "rolled back")

    def follow(self, went_back: WentBack, line: Actor) -> bool:
        """The line has gone back by itself: the record follows. Whether it said that the line went by what it left."""
        return followed(self._in_use, NONE, went_back, line, GONE_BACK)

    def _go_by(self, actor: Actor, version: str | None, file: Path, why: Why) -> Use:
        old = self._in_use.now()
        order = Activate(what="recipe", file=str(file), version=version or NONE)
        before = NONE if old is None else old.version or NONE
        have_done(actor, self._loop, order, ACTIONS[why], "recipe", old=before, new=version or NONE, within_s=WITHIN_S)
        return self._in_use.enter(version, file if version is not None else None, actor.name, why)

    def _read(self, path: Path) -> Version:
        try:
            noted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            return Version(**noted, recipe=load_recipe(path))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path.with_suffix('.json')}: cannot be read ({error})") from error

    def _write(self, version: Version) -> None:
        path = self._path(version.name, version.number)
        noted = asdict(version) | {"recipe": None}
        del noted["recipe"]
        text = toml_text(version.recipe.model_dump(mode="json", exclude_none=True))
        try:
            write_whole(path.with_suffix(".json"), (json.dumps(noted, indent=2, ensure_ascii=False) + "\n").encode())
            write_whole(path, text.encode(), new=True)
        except FileExistsError:
            raise RefusedError("not now", f"somebody else has just made {version.id}: look at it first") from None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error

    def _path(self, name: str, number: int) -> Path:
        return self._folder / name / f"{number:06d}.toml"
